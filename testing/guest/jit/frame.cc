// SPDX-License-Identifier: MIT
#include "testing/guest/jit/frame.h"

#include "testing/guest/kernel/machine.h"

namespace guest::jit {
namespace {

/// Where the caller's frame pointer is; its return address is behind it.
uintptr_t RecordOf(uintptr_t pointer) {
#if defined(__riscv)
  return pointer - 16;  // [psABI for RISC-V: Frame Pointer Convention]
#else
  return pointer;
#endif
}

}  // namespace

bool NextFrame(Frame* frame) {
  const uintptr_t record = RecordOf(frame->pointer);
  machine::Mapping mapping;
  if (record % 8 != 0 || !machine::Query(record, &mapping) ||
      !machine::Query(record + 8, &mapping)) {
    return false;
  }
  auto* words = reinterpret_cast<const uintptr_t*>(record);
  const uintptr_t next = words[0];
  *frame = {next, words[1]};
  return next > record;
}

}  // namespace guest::jit
