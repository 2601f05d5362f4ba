// SPDX-License-Identifier: MIT
//
// Tests, in the guest, that the personality behaves as Alien does.
#include "ports/alien/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/alien/stack_check.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_rodata_begin[];
}

namespace guest {
namespace {

constexpr size_t kLargeLeaf = size_t{2} << 20;

constinit uint8_t data_byte = 7;
constexpr uint8_t kReadOnlyByte = 9;

uintptr_t AddressOf(const void* object) {
  return reinterpret_cast<uintptr_t>(object);
}

GUEST_TEST(AlienTest, TextIsAReadOnlyLargeLeaf) {
  machine::Mapping mapping = {};
  GUEST_ASSERT(machine::Query(AddressOf(guest_text_begin), &mapping));
  GUEST_EXPECT_EQ(mapping.leaf, kLargeLeaf);
  GUEST_EXPECT_EQ(mapping.protection, machine::kExecute);
  GUEST_EXPECT_EQ(mapping.phys, AddressOf(guest_text_begin));
}

GUEST_TEST(AlienTest, AStoreToTextFaults) {
  uint8_t before = 0;
  GUEST_ASSERT(machine::TryLoad8(AddressOf(guest_text_begin), &before));
  GUEST_EXPECT(!machine::TryStore8(AddressOf(guest_text_begin), before));
}

GUEST_TEST(AlienTest, AStoreToReadOnlyDataFaults) {
  GUEST_EXPECT(!machine::TryStore8(AddressOf(&kReadOnlyByte), 1));
  GUEST_EXPECT_EQ(kReadOnlyByte, 9);
}

GUEST_TEST(AlienTest, DataIsWritableAndNotExecutable) {
  GUEST_EXPECT(machine::TryStore8(AddressOf(&data_byte), 8));
  GUEST_EXPECT(!machine::TryCall(AddressOf(&data_byte)));
}

GUEST_TEST(AlienTest, NullAndWhatIsAboveRamAreNotMapped) {
  uint8_t byte = 0;
  GUEST_EXPECT(!machine::TryLoad8(0, &byte));
  GUEST_EXPECT(!machine::TryLoad8(machine::FreeRam().end + 4096, &byte));
}

/// Executes a breakpoint of 2 bytes that nobody claims.
[[gnu::noinline]] void ShortBreakpoint() {
  asm volatile("c.ebreak" : : : "memory");
}

GUEST_TEST(AlienTest, AnUnclaimedBreakpointIsSkipped) { ShortBreakpoint(); }

GUEST_TEST(AlienTest, AnUnclaimedLongBreakpointIsSkippedWhole) {
  asm volatile(".option push\n.option norvc\nebreak\n.option pop"
               :
               :
               : "memory");
}

GUEST_TEST(AlienTest, TheTimerTicksWithInterruptsOn) {
  const uint64_t before = TickCount(0);
  const uint64_t until = machine::Nanoseconds() + 1'000'000'000;
  while (TickCount(0) < before + 3 && machine::Nanoseconds() < until) {
    machine::Relax();
  }
  GUEST_EXPECT(TickCount(0) >= before + 3);
}

void Count(void* argument) {
  auto* counter = static_cast<uint32_t*>(argument);
  for (int i = 0; i < 10; ++i) {
    ++*counter;
    Yield();
  }
}

GUEST_TEST(AlienTest, ThreadsTakeTurns) {
  uint32_t counters[3] = {};
  Thread* threads[3] = {};
  for (int i = 0; i < 3; ++i) {
    threads[i] = Spawn("counter", 0, Count, &counters[i]);
    GUEST_ASSERT(threads[i] != nullptr);
  }
  for (int i = 0; i < 3; ++i) {
    Join(threads[i]);
    GUEST_EXPECT_EQ(counters[i], 10);
  }
}

GUEST_TEST(AlienTest, StacksHaveEightKiB) {
  Thread* thread = CurrentThread();
  const size_t used = alien::StackUsed(thread);
  GUEST_EXPECT(used > 512 && used < 8192);
  const auto sp = AddressOf(__builtin_frame_address(0));
  GUEST_EXPECT(sp > AddressOf(thread->stack) &&
               sp < AddressOf(thread->stack) + 8192);
}

}  // namespace
}  // namespace guest
