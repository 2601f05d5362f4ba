// SPDX-License-Identifier: MIT
//
// Each CPU's arch/<isa>/machine/return_trampoline.S says to unwinders where the
// caller of a followed function is: an exception goes through stubs to its
// catch. Nothing returns here, so there is no kernel and no probe.
#include <cstdint>
#include <cstdlib>
#include <unwind.h>
#include <vector>

#include "core/machine/return_stubs.h"
#include "gtest/gtest.h"

// follow(function, stub, place): calls function(), which returns to `stub`; the
// real return address goes to `place`. A followed call, without a probe.
#if defined(__x86_64__)
asm(R"(
        .text
        .globl ebpf_test_follow
        .type ebpf_test_follow, %function
ebpf_test_follow:
        pop %rax
        mov %rax, (%rdx)
        push %rsi
        jmp *%rdi
)");
#elif defined(__aarch64__)
asm(R"(
        .text
        .globl ebpf_test_follow
        .type ebpf_test_follow, %function
ebpf_test_follow:
        str x30, [x2]
        mov x30, x1
        br x0
)");
#elif defined(__riscv)
asm(R"(
        .text
        .globl ebpf_test_follow
        .type ebpf_test_follow, %function
ebpf_test_follow:
        sd ra, 0(a2)
        mv ra, a1
        jr a0
)");
#endif

extern "C" {
extern const uint8_t ebpf_return_stubs[];
void ebpf_test_follow(void (*function)(), uint64_t stub, void* place);
// The trampoline's way into core, which nobody takes here.
void ebpf_return_hit(void* /*regs*/, uint32_t /*number*/) { abort(); }
}

namespace ebpf::machine {
namespace {

uint32_t g_number;

[[noreturn]] void Throw() { throw 42; }

class StubUnwindTest : public testing::Test {
 protected:
  StubUnwindTest() : instances_(kReturnStubCount * kReturnInstanceSize) {
    ebpf_return_instances.Store(instances_.data(), kRelaxed);
    test_ = this;
  }
  ~StubUnwindTest() override { ebpf_return_instances.Store(nullptr, kRelaxed); }

  /// A frame with something to clean up, and another such call in it.
  static void CallOn() {
    std::vector<int> something(3);
    const uint32_t number = g_number--;
    test_->Follow(number, number == 0 ? Throw : CallOn);
  }

  /// Calls `function`, which returns to stub `number`.
  void Follow(uint32_t number, void (*function)()) {
    ebpf_test_follow(
        function,
        reinterpret_cast<uint64_t>(ebpf_return_stubs) +
            uint64_t{number} * kReturnStubSize,
        instances_.data() + uint64_t{number} * kReturnInstanceSize);
  }

  uint64_t RealAddress(uint32_t number) const {
    return *reinterpret_cast<const uint64_t*>(
        instances_.data() + uint64_t{number} * kReturnInstanceSize);
  }

  static StubUnwindTest* test_;
  std::vector<uint8_t> instances_;
};
StubUnwindTest* StubUnwindTest::test_;

std::vector<uint64_t> g_addresses;

void Record() {
  _Unwind_Backtrace(
      [](_Unwind_Context* context, void* /*argument*/) {
        g_addresses.push_back(_Unwind_GetIP(context));
        return g_addresses.size() < 64 ? _URC_NO_REASON : _URC_END_OF_STACK;
      },
      nullptr);
  throw 43;
}

TEST_F(StubUnwindTest, AnExceptionGoesThroughEachStub) {
  for (const uint32_t number : {0u, 1u, 2u, 77u, 1000u, kReturnStubCount - 1}) {
    int caught = 0;
    try {
      Follow(number, Throw);
    } catch (int thrown) {
      caught = thrown;
    }
    EXPECT_EQ(caught, 42) << number;
  }
}

TEST_F(StubUnwindTest, AnExceptionGoesThroughFollowedCallsInFollowedCalls) {
  int caught = 0;
  g_number = 20;
  try {
    Follow(g_number + 1, CallOn);
  } catch (int thrown) {
    caught = thrown;
  }
  EXPECT_EQ(caught, 42);
}

TEST_F(StubUnwindTest, ABacktraceHasTheCallerBehindTheStub) {
  g_addresses.clear();
  int caught = 0;
  try {
    Follow(5, Record);
  } catch (int thrown) {
    caught = thrown;
  }
  EXPECT_EQ(caught, 43);
  const uint64_t stub =
      reinterpret_cast<uint64_t>(ebpf_return_stubs) + 5 * kReturnStubSize;
  const uint64_t real = RealAddress(5);
  size_t i = 0;
  while (i < g_addresses.size() && g_addresses[i] != stub) {
    ++i;
  }
  ASSERT_LT(i + 1, g_addresses.size());
  EXPECT_EQ(g_addresses[i + 1], real);
  EXPECT_GT(g_addresses.size(), i + 3);  // and its callers
}

}  // namespace
}  // namespace ebpf::machine
