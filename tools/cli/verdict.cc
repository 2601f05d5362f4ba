// SPDX-License-Identifier: MIT
//
// tools/cli/verdict.h's implementation.
#include "tools/cli/verdict.h"

#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

constexpr size_t kShownLogLines = 40;

/// The number behind the last `word` in `text`, or 0.
uint64_t NumberAfter(std::string_view text, std::string_view word) {
  const size_t at = text.rfind(word);
  if (at == std::string_view::npos) {
    return 0;
  }
  return std::strtoull(std::string(text.substr(at + word.size(), 20)).c_str(),
                       nullptr, 10);
}

std::string_view LastLines(std::string_view text, size_t count) {
  size_t begin = text.size();
  while (begin != 0 && count != 0) {
    const size_t before =
        begin < 2 ? std::string_view::npos : text.rfind('\n', begin - 2);
    begin = before == std::string_view::npos ? 0 : before + 1;
    --count;
  }
  return text.substr(begin);
}

std::string Answer(int error) {
  return error == 0 ? "accept"
                    : fmt::format("reject ({})",
                                  StatusText(static_cast<Status>(error)));
}

std::string Indented(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines += fmt::format("    {}\n", text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace

LoggedStats ReadStats(std::string_view log) {
  const size_t at = log.rfind("processed ");
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view line = log.substr(at);
  return {NumberAfter(line, "processed "), NumberAfter(line, "total_states "),
          NumberAfter(line, "peak_states ")};
}

std::string ToJson(const Verdict& verdict) {
  nlohmann::ordered_json json;
  json["file"] = verdict.file;
  json["program"] = verdict.program;
  json["section"] = verdict.section;
  json["type"] = verdict.type;
  json["verdict"] = verdict.error == 0 ? "accept" : "reject";
  json["errno"] = verdict.error;
  json["log"] = verdict.log;
  json["instructions_processed"] = verdict.stats.insns_processed;
  json["total_states"] = verdict.stats.total_states;
  json["peak_states"] = verdict.stats.peak_states;
  json["peak_memory_bytes"] = verdict.peak_memory_bytes;
  json["time_ns"] = verdict.time_ns;
  json["linked"] = verdict.linked;
  if (verdict.linux_error.has_value()) {
    json["linux_verdict"] = *verdict.linux_error == 0 ? "accept" : "reject";
    json["linux_errno"] = *verdict.linux_error;
    json["linux_log"] = verdict.linux_log;
  }
  // Names in a file may be any bytes.
  return json.dump(-1, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

std::string ToText(const Verdict& verdict, bool whole_log) {
  std::string text = fmt::format(
      "{}: {} (SEC \"{}\"): {}\n"
      "    {} instructions processed, {} states ({} at once), {} KiB, {} us\n",
      verdict.file, verdict.program, verdict.section, Answer(verdict.error),
      verdict.stats.insns_processed, verdict.stats.total_states,
      verdict.stats.peak_states, (verdict.peak_memory_bytes + 1023) / 1024,
      verdict.time_ns / 1000);
  text += Indented(whole_log ? verdict.log
                             : LastLines(verdict.log, kShownLogLines));
  if (verdict.linux_error.has_value()) {
    const bool differs = (*verdict.linux_error == 0) != (verdict.error == 0);
    text += fmt::format("    Linux: {}{}\n", Answer(*verdict.linux_error),
                        differs ? " - DIFFERENT" : "");
    if (differs) {
      text += Indented(LastLines(verdict.linux_log, kShownLogLines));
    }
  }
  return text;
}

}  // namespace ebpf::cli
