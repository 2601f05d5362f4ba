// SPDX-License-Identifier: MIT
//
// What a branch on a static key costs, and switching one, in executed
// instructions: QEMU runs with -icount shift=0, where one takes a nanosecond.
#include "core/base/types.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/static_keys/started.h"
#include "testing/guest/static_keys/subjects.h"

namespace guest::static_keys {
namespace {

using Subject = int(const Object*);

/// The clock's steps, up to 100 ns, are then far less than a hundredth.
constexpr uint64_t kCalls = 100'000;
/// Switching a key of kCopies branches, at most.
constexpr uint64_t kMostTicks = 100'000;

[[gnu::noinline]] void CallOften(Subject* function, const Object* object) {
  for (uint64_t i = 0; i < kCalls; ++i) {
    function(object);
    asm volatile("" : : : "memory");
  }
}

constexpr bool kOnAndOff[] = {true, false};

/// Hundredths of instructions.
uint64_t CostOf(Subject* function, const Object& object) {
  const uintptr_t interrupts = machine::IrqSave();
  const uint64_t begin = machine::Nanoseconds();
  CallOften(function, &object);
  const uint64_t end = machine::Nanoseconds();
  machine::IrqRestore(interrupts);
  return ((end - begin) * 100 + kCalls / 2) / kCalls;
}

void Report(const char* name, const char* detail, uint64_t hundredths) {
  const uint64_t rest = hundredths % 100;
  Line() << "figure static_key/" << name << "/" << detail << " "
         << hundredths / 100 << (rest < 10 ? ".0" : ".") << rest;
}

struct Pair {
  const char* name;
  Subject* plain;
  Subject* branch;
};
constexpr Pair kPairs[] = {
    {"leaf", static_keys_plain_leaf, static_keys_branch_leaf},
    {"calls", static_keys_plain_calls, static_keys_branch_calls},
    {"passes", static_keys_plain_passes, static_keys_branch_passes},
};

GUEST_TEST(StaticKeys, OffABranchIsOneInstructionMore) {
  GUEST_ASSERT(Started());
  const Object object = {1, 2};
  for (const Pair& pair : kPairs) {
    const uint64_t plain = CostOf(pair.plain, object);
    const uint64_t branch = CostOf(pair.branch, object);
    Report("plain", pair.name, plain);
    Report("off", pair.name, branch);
    if (pair.branch == static_keys_branch_calls) {
      GUEST_EXPECT_EQ(branch, plain + 100);
    } else if (pair.branch == static_keys_branch_leaf) {
      // It may do without the frame that it has without a branch.
      GUEST_EXPECT(branch <= plain + 100);
    } else {
      GUEST_EXPECT(branch <= plain + 200);
    }
  }
  GUEST_EXPECT_EQ(told, 0);
}

GUEST_TEST(StaticKeys, OnItTells) {
  GUEST_ASSERT(Started());
  const Object object = {1, 2};
  GUEST_ASSERT(IsOk(subject_key.Enable()));
  for (const Pair& pair : kPairs) {
    told = 0;
    Report("on", pair.name, CostOf(pair.branch, object));
    GUEST_EXPECT(told >= kCalls);
  }
  subject_key.Disable();
  told = 0;
  static_keys_branch_calls(&object);
  GUEST_EXPECT_EQ(told, 0);
}

GUEST_TEST(StaticKeys, SwitchingOneOfManyIsQuick) {
  GUEST_ASSERT(Started());
  GUEST_EXPECT(ebpf::CountStaticSites() >= kManyKeys * kCopies);
  GUEST_EXPECT_EQ(CountTaken(), 0);
  uint64_t most[2] = {};
  uint64_t sum[2] = {};
  for (ebpf::StaticKey& key : many_keys) {
    GUEST_EXPECT_EQ(ebpf::CountStaticSites(key), kCopies);
    for (const bool on : kOnAndOff) {
      const uint64_t begin = machine::Nanoseconds();
      if (on) {
        GUEST_EXPECT(IsOk(key.Enable()));
      } else {
        key.Disable();
      }
      const uint64_t ticks = machine::Nanoseconds() - begin;
      GUEST_EXPECT_EQ(CountTaken(), on ? kCopies : 0);
      sum[on] += ticks;
      most[on] = most[on] < ticks ? ticks : most[on];
    }
  }
  Report("enable", "mean", sum[1] * 100 / kManyKeys);
  Report("enable", "most", most[1] * 100);
  Report("disable", "mean", sum[0] * 100 / kManyKeys);
  Report("disable", "most", most[0] * 100);
  GUEST_EXPECT(most[1] <= kMostTicks);
  GUEST_EXPECT(most[0] <= kMostTicks);
}

}  // namespace
}  // namespace guest::static_keys
