// SPDX-License-Identifier: MIT
//
// Whether a CPU can execute text that another CPU has replaced. CPU 0 rewrites
// one instruction through the port and then publishes its number; CPU 1 calls
// the code all the time and must never get an older number.
#include "core/base/atomic.h"
#include "core/capi/ebpf.h"
#include "core/platform/text.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"

extern "C" uint32_t guest_fresh_code(void);

// mov w0, #number; ret
asm(R"(
        .pushsection .text
        .balign 4096
        .globl  guest_fresh_code
        .type   guest_fresh_code, %function
guest_fresh_code:
        mov     w0, #0
        ret
        .size   guest_fresh_code, . - guest_fresh_code
        .balign 4096
        .popsection
)");

namespace guest {
namespace {

constexpr uint32_t kPatches = 10'000;

struct Shared {
  ebpf::Atomic<uint32_t> published{0};
  ebpf::Atomic<bool> stop{false};
  ebpf::Atomic<uint64_t> checks{0};
  ebpf::Atomic<uint64_t> stale{0};
};
constinit Shared shared;

/// movz w0, #number. [arm/arm: MOVZ]
constexpr uint32_t MovW0(uint32_t number) { return 0x52800000 | number << 5; }

void Call(void* /*argument*/) {
  while (!shared.stop.Load(ebpf::kRelaxed)) {
    // Pairs with the release in the test: the text is older than the number.
    const uint32_t published = shared.published.Load(ebpf::kAcquire);
    if (guest_fresh_code() < published) {
      shared.stale.FetchAdd(1, ebpf::kRelaxed);
    }
    shared.checks.FetchAdd(1, ebpf::kRelaxed);
  }
}

/// Lets the other CPU look a few times, at least once from its beginning.
void WaitForChecks() {
  const uint64_t until = shared.checks.Load(ebpf::kRelaxed) + 3;
  while (shared.checks.Load(ebpf::kRelaxed) < until) {
    machine::Relax();
  }
}

int Patch(void* argument) {
  const uint32_t insn = MovW0(*static_cast<uint32_t*>(argument));
  return ebpf_port_text_write(reinterpret_cast<uintptr_t>(&guest_fresh_code),
                              &insn, sizeof insn);
}

GUEST_TEST(Freshness, NoCpuExecutesOldTextAfterARendezvous) {
  GUEST_ASSERT(OnlineCpus() >= 2);
  Thread* caller = Spawn("caller", 1, Call, nullptr);
  GUEST_ASSERT(caller != nullptr);
  for (uint32_t number = 1; number <= kPatches; ++number) {
    int result = -1;
    GUEST_ASSERT(ebpf_port_stop_machine(Patch, &number, &result) == 0);
    GUEST_ASSERT(result == 0);
    GUEST_ASSERT(guest_fresh_code() == number);
    shared.published.Store(number, ebpf::kRelease);
    WaitForChecks();
  }
  shared.stop.Store(true, ebpf::kRelaxed);
  Join(caller);
  Line() << "freshness: " << kPatches << " patches, "
         << shared.checks.Load(ebpf::kRelaxed) << " checks, "
         << shared.stale.Load(ebpf::kRelaxed) << " stale";
  GUEST_EXPECT(shared.checks.Load(ebpf::kRelaxed) >= 3 * kPatches);
  GUEST_EXPECT_EQ(shared.stale.Load(ebpf::kRelaxed), 0);
}

}  // namespace
}  // namespace guest

// In place of core's: nothing here traps.
extern "C" {
bool ebpf_on_breakpoint(ebpf_pt_regs* /*regs*/) { return false; }
bool ebpf_on_fault(ebpf_pt_regs* /*regs*/) { return false; }
bool ebpf_fix_fault(ebpf_pt_regs* /*regs*/) { return false; }
}
