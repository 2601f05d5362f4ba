// SPDX-License-Identifier: MIT
//
// tools/cli/probes.h's implementation: the survey as a table or as JSON.
#include "tools/cli/probes.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/base/glob.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"
#include "tools/cli/kernel_image.h"
#include "tools/cli/llvm_disassembler.h"
#include "tools/cli/probe_survey.h"

namespace ebpf::cli {
namespace {

/// The classes that are always shown, in this order; others follow.
constexpr const char* kUsual[] = {"detoured", "emulated", "relocated",
                                  "stepped"};

std::string Hex(uint64_t value) { return fmt::format("{:#x}", value); }

std::string Printable(std::string text) {
  for (char& c : text) {
    c = c > ' ' && c <= '~' ? c : '?';
  }
  return text;
}

/// One function, with its instructions as text where they are shown.
struct Row {
  SurveyedFunction survey;
  std::map<uint32_t, std::string> texts;  // by offset

  const std::string& name() const { return survey.function->names.front(); }
  /// For a terminal: a file may call functions anything.
  std::string shown_name() const { return Printable(name()); }
  size_t Count(const std::string& how) const {
    return static_cast<size_t>(std::count_if(
        survey.insns.begin(), survey.insns.end(),
        [&](const SurveyedInsn& insn) { return insn.how == how; }));
  }
  size_t Ours() const {
    return static_cast<size_t>(
        std::count_if(survey.insns.begin(), survey.insns.end(),
                      [](const SurveyedInsn& insn) { return insn.is_ours; }));
  }
  /// But for those that are ours.
  size_t Refused() const { return Count("") - Ours(); }
  const SurveyedInsn* Entry() const {
    return survey.insns.empty() || survey.insns.front().offset != 0
               ? nullptr
               : &survey.insns.front();
  }
};

/// What an instruction at `offset` is called, as far as somebody knows.
std::string TextAt(const Row& row, uint32_t offset) {
  const auto at = row.texts.find(offset);
  return at == row.texts.end() ? "" : at->second;
}

void Disassemble(const KernelImage& image, Row& row) {
  const KernelFunction& function = *row.survey.function;
  for (const MachineInsn& insn : DisassembleMachineCode(
           *image.machine, function.code, function.address)) {
    row.texts[insn.offset] = insn.text;
  }
}

/// Refusals of an instruction for what it is tell which it is.
void NameRefused(Row& row) {
  for (SurveyedInsn& insn : row.survey.insns) {
    if (insn.why == kNotThisInsn) {
      const std::string text = TextAt(row, insn.offset);
      insn.why += ": " + text.substr(0, text.find_first_of(" \t"));
    }
  }
}

/// "*" and "?" in `pattern`; without one, any of the names.
bool Matches(const KernelFunction& function,
             const std::optional<std::string>& pattern) {
  return !pattern.has_value() ||
         std::any_of(function.names.begin(), function.names.end(),
                     [&](const std::string& name) {
                       return MatchesWildcards(
                           {name.data(), name.size()},
                           {pattern->data(), pattern->size()});
                     });
}

uint32_t StubBits(const std::string& stub) {
  if (stub == "none") {
    return 0;
  }
  return stub == "sp" ? machine::kTrapStubSetsSp
                      : machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;
}

std::vector<Row> SurveyAll(const KernelImage& image,
                           const ProbesOptions& options) {
  const ProbedPort port = {StubBits(options.stub), !options.steps};
  std::vector<Row> rows;
  for (const KernelFunction& function : image.functions) {
    if (!Matches(function, options.function)) {
      continue;
    }
    Row row{Survey(image, function, port), {}};
    const bool names_any = std::any_of(
        row.survey.insns.begin(), row.survey.insns.end(),
        [](const SurveyedInsn& insn) { return insn.why == kNotThisInsn; });
    if (options.function.has_value() || names_any) {
      Disassemble(image, row);
    }
    NameRefused(row);
    rows.push_back(std::move(row));
  }
  if (rows.empty()) {
    throw Failure(fmt::format("{}: no function is called '{}'", options.file,
                              *options.function));
  }
  return rows;
}

/// How many instructions of each class, and of each reason, there are.
struct Totals {
  std::map<std::string, size_t> how;
  std::map<std::string, size_t> why;
  size_t insns = 0;
  size_t ours = 0;
  size_t refused = 0;  // but for those
  size_t functions = 0;
  size_t own_functions = 0;  // functions whose first instruction is ours
  size_t entries = 0;        // ... can be probed
  size_t jumps = 0;          // of those, where a jump could stand
  size_t data_bytes = 0;
  size_t unknown_bytes = 0;
};

Totals Sum(const std::vector<Row>& rows) {
  Totals totals;
  for (const char* how : kUsual) {
    totals.how[how] = 0;
  }
  for (const Row& row : rows) {
    const SurveyedFunction& survey = row.survey;
    ++totals.functions;
    if (const SurveyedInsn* entry = row.Entry()) {
      totals.entries += entry->how.empty() ? 0 : 1;
      totals.own_functions += entry->is_ours ? 1 : 0;
    }
    totals.jumps += survey.entry_takes_jump ? 1 : 0;
    totals.data_bytes += survey.data_bytes;
    totals.unknown_bytes += survey.unknown_bytes;
    for (const SurveyedInsn& insn : survey.insns) {
      ++totals.insns;
      if (insn.is_ours) {
        ++totals.ours;
      } else if (insn.how.empty()) {
        ++totals.refused;
        ++totals.why[insn.why];
      } else {
        ++totals.how[insn.how];
      }
    }
  }
  return totals;
}

/// The classes of `totals`, the usual ones first.
std::vector<std::string> Classes(const Totals& totals) {
  std::vector<std::string> classes(std::begin(kUsual), std::end(kUsual));
  for (const auto& [how, count] : totals.how) {
    if (std::find(classes.begin(), classes.end(), how) == classes.end()) {
      classes.push_back(how);
    }
  }
  return classes;
}

// --- For people --------------------------------------------------------------

std::string FunctionsText(const std::vector<Row>& rows, const Totals& totals) {
  const std::vector<std::string> classes = Classes(totals);
  std::string text =
      fmt::format("{:<48} {:>6} {:>6}", "function", "bytes", "insns");
  for (const std::string& how : classes) {
    text += fmt::format(" {:>9}", how);
  }
  text += fmt::format(" {:>6} {:>8}  entry\n", "ours", "refused");
  for (const Row& row : rows) {
    const SurveyedFunction& survey = row.survey;
    text += fmt::format("{:<48} {:>6} {:>6}", row.shown_name(),
                        survey.function->code.size(), survey.insns.size());
    for (const std::string& how : classes) {
      text += fmt::format(" {:>9}", row.Count(how));
    }
    std::string entry = "no instruction";
    if (const SurveyedInsn* first = row.Entry()) {
      entry = first->how.empty() ? first->why : first->how;
    }
    text += fmt::format(" {:>6} {:>8}  {}\n", row.Ours(), row.Refused(), entry);
  }
  return text;
}

std::string InsnsText(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    const SurveyedFunction& survey = row.survey;
    for (const std::string& name : survey.function->names) {
      text += Printable(name) + "\n";
    }
    text += fmt::format("  {}, {} bytes in {}\n", Hex(survey.function->address),
                        survey.function->code.size(),
                        Printable(survey.function->section));
    for (const SurveyedInsn& insn : survey.insns) {
      text += fmt::format("  +{:<7} {:<44} {}\n", Hex(insn.offset),
                          TextAt(row, insn.offset),
                          insn.how.empty() ? "refused: " + insn.why : insn.how);
    }
    text += "\n";
  }
  return text;
}

std::string Share(size_t part, size_t whole) {
  return whole == 0
             ? ""
             : fmt::format("{:.2f} %", 100.0 * static_cast<double>(part) /
                                           static_cast<double>(whole));
}

std::string TotalsText(const KernelImage& image, const Totals& totals) {
  const auto line = [&](std::string_view what, size_t count) {
    return fmt::format("  {:<52} {:>8} {:>9}\n", what, count,
                       Share(count, totals.insns));
  };
  std::string text =
      fmt::format("{}: {} functions, {} instructions\n", image.machine->name,
                  totals.functions, totals.insns);
  for (const std::string& how : Classes(totals)) {
    text += line(how, totals.how.at(how));
  }
  text += line("ours: on a breakpoint's own way", totals.ours);
  text += line("refused", totals.refused);
  for (const auto& [why, count] : totals.why) {
    text += line("  " + why, count);
  }
  const size_t others = totals.functions - totals.own_functions;
  text += fmt::format("  {:<52} {:>8}\n", "functions that are ours",
                      totals.own_functions);
  text += fmt::format("  {:<52} {:>8} {:>9}\n",
                      "functions whose entry can be probed, of the others",
                      totals.entries, Share(totals.entries, others));
  if (image.entry_window != nullptr) {
    text += fmt::format("  {:<52} {:>8} {:>9}\n",
                        "  where a jump could replace the breakpoint",
                        totals.jumps, Share(totals.jumps, others));
  }
  if (totals.data_bytes != 0) {
    text += fmt::format("  {:<52} {:>8}\n", "bytes of data inside of functions",
                        totals.data_bytes);
  }
  if (totals.unknown_bytes != 0) {
    text += fmt::format("  {:<52} {:>8}\n", "bytes that are no instructions",
                        totals.unknown_bytes);
  }
  return text;
}

// --- For scripts -------------------------------------------------------------

nlohmann::json FunctionJson(const Row& row, bool with_insns) {
  const SurveyedFunction& survey = row.survey;
  nlohmann::json json = {{"name", row.name()},
                         {"aliases", survey.function->names},
                         {"address", survey.function->address},
                         {"size", survey.function->code.size()},
                         {"section", survey.function->section},
                         {"insns", survey.insns.size()},
                         {"ours", row.Ours()},
                         {"refused", row.Refused()}};
  json["aliases"].erase(0);
  for (const SurveyedInsn& insn : survey.insns) {
    if (!insn.how.empty()) {
      json[insn.how] = json.value(insn.how, 0) + 1;
    }
  }
  if (with_insns) {
    json["list"] = nlohmann::json::array();
    for (const SurveyedInsn& insn : survey.insns) {
      nlohmann::json entry = {{"offset", insn.offset},
                              {"size", insn.size},
                              {"text", TextAt(row, insn.offset)}};
      entry[insn.how.empty() ? "why" : "how"] =
          insn.how.empty() ? insn.why : insn.how;
      json["list"].push_back(std::move(entry));
    }
  }
  return json;
}

std::string AsJson(const KernelImage& image, const std::vector<Row>& rows,
                   const Totals& totals, bool with_insns) {
  nlohmann::json functions = nlohmann::json::array();
  for (const Row& row : rows) {
    functions.push_back(FunctionJson(row, with_insns));
  }
  const nlohmann::json sums = {{"functions", totals.functions},
                               {"insns", totals.insns},
                               {"how", totals.how},
                               {"ours", totals.ours},
                               {"refused", totals.refused},
                               {"why", totals.why},
                               {"own_functions", totals.own_functions},
                               {"entries", totals.entries},
                               {"entry_jumps", totals.jumps},
                               {"data_bytes", totals.data_bytes},
                               {"unknown_bytes", totals.unknown_bytes}};
  // A name may be any bytes.
  return nlohmann::json{{"machine", image.machine->name},
                        {"functions", std::move(functions)},
                        {"totals", sums}}
             .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace

std::string Probes(const ProbesOptions& options) {
  const KernelImage image =
      ReadKernelImage(ReadFile(options.file), options.file);
  const std::vector<Row> rows = SurveyAll(image, options);
  const Totals totals = Sum(rows);
  const bool with_insns = options.function.has_value();
  if (options.json) {
    return AsJson(image, rows, totals, with_insns);
  }
  return (with_insns ? InsnsText(rows) : FunctionsText(rows, totals) + "\n") +
         TotalsText(image, totals);
}

}  // namespace ebpf::cli
