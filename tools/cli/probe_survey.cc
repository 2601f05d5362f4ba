// SPDX-License-Identifier: MIT
//
// tools/cli/probe_survey.h's implementation: reasons come of asking again with
// one thing changed.
#include "tools/cli/probe_survey.h"

#include <algorithm>
#include <fmt/format.h>

#include "core/machine/probe_plan.h"

namespace ebpf::cli {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

class Surveyor {
 public:
  Surveyor(const KernelImage& image, const KernelFunction& function,
           const ProbedPort& port)
      : image_(image), function_(function), port_(port) {}

  SurveyedFunction Survey() {
    SurveyedFunction result{&function_, {}};
    const size_t size = function_.code.size();
    for (size_t at = 0; at < size;) {
      if (const AddressRange* data =
              FindRange(image_.data, function_.address + at)) {
        const uint64_t end =
            std::min<uint64_t>(data->end - function_.address, size);
        result.data_bytes += static_cast<uint32_t>(end - at);
        at = end;
        starts_.clear();  // what is behind it is not preceded by it
        continue;
      }
      const Result<uint8_t> length =
          image_.insn_size(Code().Subspan(at, size - at));
      if (!length.ok() || *length == 0) {
        result.unknown_bytes = static_cast<uint32_t>(size - at);
        break;
      }
      starts_.push_back(at);
      result.insns.push_back(Describe(at, *length));
      at += *length;
    }
    result.entry_takes_jump =
        image_.entry_window != nullptr && !result.insns.empty() &&
        !result.insns.front().how.empty() &&
        image_.entry_window(Code(), function_.address).ok();
    return result;
  }

 private:
  ConstBytes Code() const {
    return ConstBytes(function_.code.data(), function_.code.size());
  }

  /// What lies behind the instruction does not matter beyond this, nor what
  /// lies before it, for the plan of one instruction: so long functions are
  /// surveyed in linear time.
  static constexpr size_t kLookBehind = 48;  // instructions
  static constexpr size_t kLookAhead = 64;   // bytes
  static constexpr size_t kSmall = 2048;     // bytes: looked at as a whole

  /// The plan of the instruction at `at`, knowing the code from `from` on.
  Result<ProbePlan> Plan(size_t from, size_t at, uint32_t trap_stub) const {
    const size_t size = function_.code.size();
    const size_t end = size <= kSmall ? size : std::min(size, at + kLookAhead);
    return image_.machine->plan_probe(Code().Subspan(from, end - from),
                                      function_.address + from, at - from,
                                      trap_stub);
  }

  size_t WindowStart() const {
    return function_.code.size() <= kSmall || starts_.size() <= kLookBehind
               ? starts_.front()
               : starts_[starts_.size() - 1 - kLookBehind];
  }

  SurveyedInsn Describe(size_t at, uint8_t size) const {
    SurveyedInsn insn{static_cast<uint32_t>(at), size, {}, {}};
    const uint64_t address = function_.address + at;
    for (uint64_t byte = address; byte < address + size; ++byte) {
      if (const AddressRange* range = FindRange(image_.unprobeable, byte)) {
        insn.why = fmt::format("on a breakpoint's own way ({})", range->name);
        insn.is_ours = true;
        return insn;
      }
    }
    const size_t from = WindowStart();
    const Result<ProbePlan> plan = Plan(from, at, port_.trap_stub);
    if (plan.ok()) {
      insn.how = MethodName(*plan);
    } else {
      insn.why = Reason(plan.status(), at);
    }
    return insn;
  }

  const char* MethodName(ProbePlan plan) const {
    // A slot as near as core/probes asks for.
    const uint64_t slot = (plan.address & ~uint64_t{63}) + 4096;
    const machine::MachineOps& cpu = *image_.machine;
    machine::DetourWindow window = {plan.insn_size, 0, {}};
    memcpy(window.insns, plan.insn, plan.insn_size);
    const bool detoured = port_.relocates && cpu.may_detour != nullptr &&
                          cpu.find_window == nullptr && cpu.may_detour(plan) &&
                          cpu.make_detour(plan, window, slot, slot);
    if (!detoured && port_.relocates && cpu.relocate_probe != nullptr) {
      (void)cpu.relocate_probe(plan, slot);
    }
    switch (plan.method) {
      case ProbeMethod::kEmulate:
        return "emulated";
      case ProbeMethod::kRelocate:
        return "relocated";
      case ProbeMethod::kDetour:
        return "detoured";
      default:
        return "stepped";
    }
  }

  std::string Reason(Status status, size_t at) const {
    if (status == Status::kBadSequence) {
      return "not a known instruction";
    }
    if (Plan(at, at, port_.trap_stub).ok()) {
      return "between a load-exclusive and its store";
    }
    constexpr uint32_t kAll =
        machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;
    if (Plan(at, at, kAll).ok()) {
      return "the trap's stub cannot do it";
    }
    return kNotThisInsn;
  }

  const KernelImage& image_;
  const KernelFunction& function_;
  const ProbedPort port_;
  std::vector<size_t> starts_;  // of instructions, since the last data
};

}  // namespace

SurveyedFunction Survey(const KernelImage& image,
                        const KernelFunction& function,
                        const ProbedPort& port) {
  return Surveyor(image, function, port).Survey();
}

}  // namespace ebpf::cli
