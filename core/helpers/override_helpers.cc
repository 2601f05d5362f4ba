// SPDX-License-Identifier: MIT
//
// The helper that makes a probed function return a value of the program's.
#include "core/helpers/functions.h"
#include "core/helpers/override.h"
#include "core/helpers/result.h"

namespace ebpf {
namespace {

constinit ReturnAtOnceFunction return_at_once = nullptr;

}  // namespace

void SetReturnAtOnce(ReturnAtOnceFunction function) {
  return_at_once = function;
}

namespace helpers {

/// long bpf_override_return(regs, value): the probed function does not run, and
/// returns `value`; the last call in a run counts. Who attaches the program
/// sees to it that `regs` are at a function's entry. -EINVAL: nobody said how.
uint64_t OverrideReturn(uint64_t regs, uint64_t value, uint64_t, uint64_t,
                        uint64_t) {
  if (return_at_once == nullptr) {
    return AsResult(Status::kInvalid);
  }
  return_at_once(*reinterpret_cast<machine::PtRegs*>(regs), value);
  return 0;
}

}  // namespace helpers
}  // namespace ebpf
