// SPDX-License-Identifier: MIT
//
// core/platform/stack.h's walk, by the frames that kernel and application keep
// if they are built with frame pointers.
#include "core/platform/stack.h"

#include "arch/aarch64/stack_frames.h"
#include "core/platform/nofault.h"

extern "C" size_t ebpf_port_stack_walk(const void* regs, bool user,
                                       uint64_t* addresses, size_t capacity) {
  using namespace ebpf::aarch64;
  if (user || capacity == 0) {
    return 0;
  }
  size_t count = 0;
  auto frame = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  if (regs != nullptr) {
    const auto& at = *static_cast<const PtRegs*>(regs);
    addresses[count++] = ProgramCounter(at);
    frame = FramePointer(at);
  }
  return ebpf::machine::WalkFrames(
      kFrameLayout, frame,
      [](uint64_t address, uint64_t& word) {
        return ebpf_port_read_nofault(&word, static_cast<uintptr_t>(address),
                                      sizeof(word));
      },
      addresses, count, capacity);
}
