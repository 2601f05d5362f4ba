// SPDX-License-Identifier: MIT
//
// What the port writes becomes what CPUs execute: each step, in order, behind
// the write.
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/platform/exec.h"
#include "core/platform/text.h"
#include "testing/guest/breaks/breaks.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"
#include "testing/hermit/port/cpu.h"
#include "testing/hermit/port/fresh.h"

namespace hermit {
namespace {

constexpr size_t kCodeSize = 16;

/// What is written, and which steps were taken for it, each in its turn.
struct Writing {
  uintptr_t address = 0;
  uint8_t code[kCodeSize] = {};
  size_t size = 0;
  ebpf::Atomic<uint32_t> taken{0};  // bits, of Step
};
constinit Writing writing;
constinit ebpf::Atomic<bool> is_writing{false};

constexpr uint32_t Bit(Step step) { return 1u << static_cast<unsigned>(step); }

/// Those of this CPU.
uint32_t AllSteps() {
  return ebpf::StringView(kCpu) == "aarch64"
             ? Bit(Step::kClean) | Bit(Step::kInvalidate) | Bit(Step::kSync)
             : Bit(Step::kSync);
}

bool IsForgotten(Step step) {
  constexpr ebpf::StringView kWords[] = {"forget_clean", "forget_invalidate",
                                         "forget_sync"};
  return guest::IsBroken(kWords[static_cast<unsigned>(step)]);
}

int WriteIt(void* /*unused*/) {
  return ebpf_port_text_write(writing.address, writing.code, writing.size);
}

/// Writes `value` where it lies, by `write`, and says which steps came.
template <typename Write>
uint32_t StepsOf(uint16_t value, Write write) {
  writing.size = ReturnOf(value, writing.code);
  writing.taken.Store(0, ebpf::kRelaxed);
  is_writing.Store(true, ebpf::kRelaxed);
  const int result = write();
  is_writing.Store(false, ebpf::kRelaxed);
  GUEST_EXPECT_EQ(result, 0);
  return writing.taken.Load(ebpf::kRelaxed);
}

GUEST_TEST(Text, IsMadeFreshStepByStep) {
  GUEST_ASSERT(PortIsUp());
  void* memory = ebpf_port_exec_alloc(
      kCodeSize, reinterpret_cast<uintptr_t>(&sys_getpid), 128 << 20);
  GUEST_ASSERT(memory != nullptr);
  writing.address = reinterpret_cast<uintptr_t>(memory);
  GUEST_EXPECT_EQ(StepsOf(1,
                          [] {
                            int result = -1;
                            const int error = ebpf_port_stop_machine(
                                WriteIt, nullptr, &result);
                            return error != 0 ? error : result;
                          }),
                  AllSteps());
  GUEST_EXPECT_EQ(StepsOf(2,
                          [=] {
                            return ebpf_port_exec_write(memory, writing.code,
                                                        writing.size);
                          }),
                  AllSteps());
  ebpf_port_exec_free(memory, kCodeSize);
}

}  // namespace

bool Note(Step step, uintptr_t address, size_t size) {
  if (!is_writing.Load(ebpf::kRelaxed)) {
    return true;
  }
  if (IsForgotten(step)) {
    return false;
  }
  const bool is_written = ebpf::EqualBytes(
      {reinterpret_cast<const uint8_t*>(writing.address), writing.size},
      {writing.code, writing.size});
  const bool is_whole =
      step == Step::kSync || (address <= writing.address &&
                              writing.address + writing.size <= address + size);
  const uint32_t before = AllSteps() & (Bit(step) - 1);
  const uint32_t taken = writing.taken.Load(ebpf::kRelaxed);
  if (is_written && is_whole && (taken & before) == before) {
    writing.taken.Store(taken | Bit(step), ebpf::kRelaxed);
  }
  return true;
}

}  // namespace hermit

extern "C" {

void __real_ebpf_sync_insn_stream(void);

void __wrap_ebpf_sync_insn_stream(void) {
  if (hermit::Note(hermit::Step::kSync, 0, 0)) {
    __real_ebpf_sync_insn_stream();
  }
}

}  // extern "C"
