// SPDX-License-Identifier: MIT
//
// Where a probe would stand, and whether it may: ProbeRegistry's questions to
// the kernel and the CPU before anything is changed.
#include "core/base/assert.h"
#include "core/base/memory.h"
#include "core/platform/may_probe.h"
#include "core/platform/symbol_name.h"
#include "core/platform/text.h"
#include "core/probes/function_entry.h"
#include "core/probes/probe_registry.h"
#include "core/probes/refusal_log.h"
#include "core/sync/text_quiescence.h"

namespace ebpf {
namespace {

// Instructions behind the probed one that a plan may look at.
constexpr size_t kLookAhead = 4 * machine::kMaxInsnSize;

static_assert(machine::kTrapStubSetsSp == EBPF_TRAP_STUB_SETS_SP);
static_assert(machine::kTrapStubLeavesGap == EBPF_TRAP_STUB_LEAVES_GAP);

/// Logs why there can be no probe, and returns `status`.
Status Refuse(Status status, StringView function, uint64_t offset,
              StringView why) {
  LogRefusal(function, offset, why);
  return status;
}

Status Refuse(Status status, const ebpf_symbol& function, uint64_t offset,
              StringView why) {
  char name[96];
  return Refuse(status, ReadSymbolName(function, name), offset, why);
}

}  // namespace

Status ProbeRegistry::CheckSupport() {
  if (ops_ == nullptr || cpus_.empty()) {
    return Status::kNotSupported;
  }
  if (!supported_) {
    // kBusy is a yes, too, but nobody can be waited for in slots then.
    supported_ = WaitForMaskedText() != Status::kNotSupported;
    relocates_ = supported_ && IsOk(CanWaitForText());
    has_parts_elsewhere_ =
        relocates_ && ops_->find_window != nullptr && HasPartsElsewhere();
  }
  if (supported_ && refused_why_ == nullptr) {
    return Status::kOk;
  }
  if (!said_why_) {
    said_why_ = true;
    LogNoProbes(refused_why_ != nullptr
                    ? refused_why_
                    : "this kernel's port cannot change text while other CPUs "
                      "stand still");
  }
  return Status::kNotSupported;
}

void ProbeRegistry::RefuseAll(const char* why) {
  MutexGuard guard(mutex_);
  refused_why_ = why;
  said_why_ = false;
}

Result<ProbeRegistry::Place> ProbeRegistry::Locate(StringView symbol,
                                                   uint64_t address,
                                                   uint64_t offset) {
  Place place;
  place.offset = offset;
  if (!symbol.empty()) {
    const Result<ebpf_symbol> found = FindFunction(symbol);
    if (!found.ok()) {
      return Refuse(found.status(), symbol, offset,
                    found.status() == Status::kNotFound
                        ? "no such function"
                        : "several functions have that name");
    }
    place.function = *found;
    if (offset >= place.function.size) {
      // Also where another function's probe stands.
      return Refuse(Status::kInvalid, symbol, offset, "beyond the function");
    }
    return place;
  }
  const Result<uint64_t> sum = CheckedAdd(address, offset);
  if (!sum.ok() || !ebpf_port_symbol_by_address(*sum, &place.function)) {
    return Refuse(Status::kNotFound, "", address + offset, "not in a function");
  }
  place.offset = *sum - place.function.address;
  if (place.offset >= place.function.size) {
    return Refuse(Status::kInvalid, place.function, place.offset,
                  "beyond the function");
  }
  return place;
}

Result<machine::ProbePlan> ProbeRegistry::Plan(const Place& place) {
  const ebpf_symbol& function = place.function;
  EBPF_ASSERT(place.offset < function.size);
  const size_t size =
      Min<size_t>(function.size - place.offset, kLookAhead) + place.offset;
  uint8_t small[2 * kLookAhead];  // does for all but far offsets
  Bytes code = Bytes(small).First(Min(size, sizeof(small)));
  if (size > sizeof(small)) {
    code = EBPF_TRY(allocator_->NewArray<uint8_t>(size));
  }
  CopyBytes(code.data(), reinterpret_cast<const void*>(function.address), size);
  HideBreakpoints(function.address, code);
  const Result<machine::ProbePlan> plan = ops_->plan_probe(
      code, function.address, place.offset, ebpf_port_trap_stub());
  if (size > sizeof(small)) {
    allocator_->DeleteArray(code);
  }
  if (!plan.ok()) {
    return plan.status();
  }
  return *plan;
}

Result<machine::ProbePlan> ProbeRegistry::PlanOrSayWhyNot(const Place& place) {
  const Result<machine::ProbePlan> plan = Plan(place);
  switch (plan.status()) {
    case Status::kOk:
      break;
    case Status::kNoMemory:
      return Status::kNoMemory;
    case Status::kBadSequence:
      return Refuse(plan.status(), place.function, place.offset,
                    "not the start of an instruction");
    default:
      return Refuse(plan.status(), place.function, place.offset,
                    "this instruction cannot be probed");
  }
  if (IsReserved(plan->address, plan->insn_size)) {
    return Refuse(Status::kInvalid, place.function, place.offset,
                  "the kernel patches this instruction itself");
  }
  if (!IsAllowed(plan->address, plan->insn_size)) {
    return Refuse(Status::kInvalid, place.function, place.offset,
                  "it is on a breakpoint's own way");
  }
  return *plan;
}

Status ProbeRegistry::Check(uint64_t address, bool say_why) {
  MutexGuard guard(mutex_);
  EBPF_TRY(CheckSupport());
  Place place;
  if (!ebpf_port_symbol_by_address(address, &place.function) ||
      address - place.function.address >= place.function.size) {
    return Status::kNotFound;
  }
  if (table_.Find(address) != nullptr) {
    return Status::kOk;
  }
  place.offset = address - place.function.address;
  if (say_why) {
    return PlanOrSayWhyNot(place).status();
  }
  const Result<machine::ProbePlan> plan = Plan(place);
  if (!plan.ok()) {
    return plan.status();
  }
  return IsAllowed(address, plan->insn_size) ? Status::kOk : Status::kInvalid;
}

void ProbeRegistry::HideBreakpoints(uint64_t begin, Bytes code) {
  // By address: there may be far more sites than bytes here.
  for (uint64_t at = 0; at < code.size(); ++at) {
    const ProbeSite* site = table_.Find(begin + at);
    if (site != nullptr && site->armed) {
      const machine::ProbePlan& plan = site->plan;
      const size_t size = site->jumps ? plan.jump_size : plan.breakpoint_size;
      CopyBytes(code.data() + at, plan.insn, Min(size, code.size() - at));
    }
  }
}

Status ProbeRegistry::CheckFollow(const Place& place,
                                  const KprobeConsumer& consumer) {
  const uint64_t address = place.function.address + place.offset;
  if (!consumer.follows_returns() || MayFollowAt(address)) {
    return Status::kOk;
  }
  return Refuse(Status::kInvalid, place.function, place.offset,
                FunctionEnteredAt(address) == 0
                    ? "returns are followed from the function's entry"
                    : "not each of its calls returns once");
}

bool ProbeRegistry::IsReserved(uint64_t address, uint64_t size) {
  return reserved_ != nullptr && reserved_->overlaps(address, size);
}

bool ProbeRegistry::IsAllowed(uint64_t address, uint64_t size) {
  return MayProbe(address, size) && !IsReserved(address, size);
}

}  // namespace ebpf
