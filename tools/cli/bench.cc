// SPDX-License-Identifier: MIT
//
// tools/cli/bench.h's implementation.
#include "tools/cli/bench.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/interpreter/interpreter.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "testing/host_port/host_machine.h"
#include "tools/cli/compile.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"
#include "tools/cli/verified_program.h"

namespace ebpf::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// What one batch of runs should take.
constexpr uint64_t kBatchNs = 200'000;
constexpr uint64_t kMaxBatch = 100'000;

/// A context of zeros, larger than any that programs get here.
alignas(16) uint8_t zero_context[4096];

/// A program on one engine.
class Measured {
 public:
  Measured(const Program& program, Engine& engine)
      : program_(program), engine_(engine) {
    Result<void*> image = engine_.Prepare(program_);
    Require(image.status(), engine_.name());
    image_ = *image;
    Calibrate();
  }
  Measured(Measured&& other) noexcept
      : program_(other.program_),
        engine_(other.engine_),
        image_(std::exchange(other.image_, nullptr)),
        batch_(other.batch_),
        best_(other.best_) {}
  ~Measured() {
    if (image_ != nullptr) {
      engine_.Release(image_);
    }
  }

  void Pass() {
    best_ = std::min(
        best_, static_cast<double>(Run(batch_)) / static_cast<double>(batch_));
  }

  const char* engine() const { return engine_.name(); }
  double ns() const { return best_; }

 private:
  uint64_t Run(uint64_t count) {
    RunContext* run = BeginRun();
    run->program = &program_;
    run->context = zero_context;
    Clock::duration took;
    {
      const ReadSection reading;
      const auto begin = Clock::now();
      for (uint64_t i = 0; i < count; ++i) {
        (void)engine_.Run(program_, image_, zero_context, *run);
      }
      took = Clock::now() - begin;
    }
    EndRun(run);
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  }

  void Calibrate() {
    for (batch_ = 1; batch_ < kMaxBatch; batch_ *= 4) {
      const uint64_t ns = std::max<uint64_t>(Run(batch_), 1);
      if (ns >= kBatchNs / 4) {
        batch_ = std::clamp<uint64_t>(batch_ * kBatchNs / ns, 1, kMaxBatch);
        return;
      }
    }
  }

  const Program& program_;
  Engine& engine_;
  void* image_ = nullptr;
  uint64_t batch_ = 1;
  double best_ = std::numeric_limits<double>::infinity();
};

struct Line {
  std::string program;
  size_t insns;
  std::optional<size_t> code_size;
  std::vector<std::pair<std::string, double>> ns;  // by engine
};

std::vector<Engine*> Engines() {
  std::vector<Engine*> engines = {&InterpreterEngine()};
  try {
    engines.push_back(&FindEngine("jit"));
  } catch (const Failure&) {
    // The interpreter is all that there is; the table shows it.
  }
  return engines;
}

Line MeasureProgram(const VerifiedProgram& verified, uint32_t passes) {
  const Program& program = *verified.program;
  Line line = {verified.name, program.insns().size(), std::nullopt, {}};
  std::vector<Measured> measured;
  for (Engine* engine : Engines()) {
    measured.emplace_back(program, *engine);
  }
  for (uint32_t pass = 0; pass < passes; ++pass) {
    for (Measured& each : measured) {
      each.Pass();
    }
  }
  for (const Measured& each : measured) {
    line.ns.emplace_back(each.engine(), each.ns());
  }
  if (measured.size() > 1) {
    line.code_size =
        CompileFor(ThisMachine(), ThisCpuFeatures(), program, 0).code.size();
  }
  return line;
}

std::string AsJson(const std::vector<Line>& lines) {
  nlohmann::json programs = nlohmann::json::array();
  for (const Line& line : lines) {
    nlohmann::json ns = nlohmann::json::object();
    for (const auto& [engine, value] : line.ns) {
      ns[engine] = value;
    }
    programs.push_back({{"name", line.program},
                        {"insns", line.insns},
                        {"ns_per_run", std::move(ns)}});
    if (line.code_size.has_value()) {
      programs.back()["code_size"] = *line.code_size;
    }
  }
  return nlohmann::json{{"programs", std::move(programs)}}.dump(2) + "\n";
}

std::string AsText(const std::vector<Line>& lines) {
  std::string text =
      fmt::format("{:<32} {:>6} {:>6}", "program", "insns", "bytes");
  for (const auto& [engine, ns] : lines.front().ns) {
    text += fmt::format(" {:>12}", engine);
  }
  text += "   (ns per run)\n";
  for (const Line& line : lines) {
    text += fmt::format(
        "{:<32} {:>6} {:>6}", line.program, line.insns,
        line.code_size.has_value() ? std::to_string(*line.code_size) : "-");
    for (const auto& [engine, ns] : line.ns) {
      text += fmt::format(" {:>12.1f}", ns);
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string Bench(const BenchOptions& options) {
  const std::string text = ReadFile(options.file);
  const Runtime runtime;
  const VerifiedObject object =
      LoadVerified({text.begin(), text.end()}, options.program);
  if (object.programs.empty()) {
    throw Failure("the object has no program");
  }
  std::vector<Line> lines;
  for (const VerifiedProgram& program : object.programs) {
    lines.push_back(MeasureProgram(program, options.passes));
  }
  return options.json ? AsJson(lines) : AsText(lines);
}

}  // namespace ebpf::cli
