// SPDX-License-Identifier: MIT
//
// The helper that makes a probed function return a value of the program's.
#include "core/helpers/functions.h"
#include "core/helpers/override.h"
#include "core/helpers/result.h"
#include "core/program/run_context.h"

namespace ebpf {
namespace {

constinit OverrideFunction override_at_entry = nullptr;
constinit OverrideFunction override_at_return = nullptr;

}  // namespace

void SetOverrides(OverrideFunction at_entry, OverrideFunction at_return) {
  override_at_entry = at_entry;
  override_at_return = at_return;
}

namespace helpers {

/// long bpf_override_return(regs, value): the probed function does not run, and
/// returns `value`; where it has returned already, its caller gets `value`. The
/// last call in a run counts. Who attaches the program sees to it that `regs`
/// are at a function's entry or behind its return. -EINVAL: nobody said how.
uint64_t OverrideReturn(uint64_t regs, uint64_t value, uint64_t, uint64_t,
                        uint64_t) {
  const RunContext* run = CurrentRun();
  const bool is_return = run != nullptr && run->origin->is_return;
  const OverrideFunction set =
      is_return ? override_at_return : override_at_entry;
  if (set == nullptr) {
    return AsResult(Status::kInvalid);
  }
  set(*reinterpret_cast<machine::PtRegs*>(regs), value);
  return 0;
}

}  // namespace helpers
}  // namespace ebpf
