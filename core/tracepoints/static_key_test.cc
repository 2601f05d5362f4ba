// SPDX-License-Identifier: MIT
//
// Static keys, in this program's own text.
#include "core/tracepoints/static_key.h"

#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "core/machine/static_jump.h"
#include "core/platform/cpu.h"
#include "core/probes/text_patch.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/static_key_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_machine.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_text.h"

namespace ebpf {

StaticKey shared_key;

namespace {

StaticKey one_key;
StaticKey many_key;
StaticKey other_key;
StaticKey absent_key;  // no branch is on it

[[gnu::noinline]] int One(int x) {
  if (EBPF_STATIC_BRANCH(one_key)) {
    return x + 100;
  }
  return x;
}

[[gnu::noinline]] bool IsSharedTakenInline() { return IsSharedTakenHere(); }
[[gnu::noinline]] bool Other() { return EBPF_STATIC_BRANCH(other_key); }

/// 40 functions, more than two rendezvous change.
constexpr size_t kMany = 40;
static_assert(kMany > 2 * kMaxTextPatches && kMany < 3 * kMaxTextPatches);

template <size_t kIndex>
[[gnu::noinline]] size_t ManyAt() {
  if (EBPF_STATIC_BRANCH(many_key)) {
    return kIndex + 1;
  }
  return 0;
}
template <size_t... kIndices>
constexpr auto MakeMany(std::index_sequence<kIndices...>) {
  return std::array<size_t (*)(), kMany>{&ManyAt<kIndices>...};
}
constexpr auto kManyFunctions = MakeMany(std::make_index_sequence<kMany>());

/// How many of them are taken.
size_t CountMany() {
  size_t taken = 0;
  for (size_t i = 0; i < kMany; ++i) {
    const size_t said = kManyFunctions[i]();
    EXPECT_TRUE(said == 0 || said == i + 1) << i;
    taken += said != 0;
  }
  return taken;
}

/// The bytes of all those functions' beginnings.
std::vector<uint8_t> ManyText() {
  constexpr size_t kSize = 16;
  std::vector<uint8_t> text;
  for (const auto& function : kManyFunctions) {
    const auto* code = reinterpret_cast<const uint8_t*>(function);
    text.insert(text.end(), code, code + kSize);
  }
  return text;
}

class StaticKeyTest : public testing::Test {
 protected:
  StaticKeyTest() {
    EXPECT_EQ(InitStaticKeys(ThisMachine(), PortAllocator()), Status::kOk);
  }
  ~StaticKeyTest() override {
    FailRendezvousFrom(0);
    FailNthTextWrite(0);
    ExitStaticKeys();
    EXPECT_EQ(CountMany(), 0u);
    EXPECT_EQ(One(1), 1);
  }
};

TEST_F(StaticKeyTest, ABranchIsTakenWhileAnybodyWantsIt) {
  EXPECT_EQ(CountStaticSites(one_key), 1u);
  EXPECT_EQ(One(1), 1);
  ASSERT_EQ(one_key.Enable(), Status::kOk);
  EXPECT_TRUE(one_key.enabled());
  EXPECT_EQ(One(1), 101);
  ASSERT_EQ(one_key.Enable(), Status::kOk);
  one_key.Disable();
  EXPECT_EQ(One(1), 101);
  one_key.Disable();
  EXPECT_FALSE(one_key.enabled());
  EXPECT_EQ(One(1), 1);
}

TEST_F(StaticKeyTest, KeysAreEachOnesOwn) {
  ASSERT_EQ(one_key.Enable(), Status::kOk);
  EXPECT_FALSE(Other());
  EXPECT_EQ(CountMany(), 0u);
  ASSERT_EQ(other_key.Enable(), Status::kOk);
  EXPECT_TRUE(Other());
  one_key.Disable();
  EXPECT_EQ(One(1), 1);
  EXPECT_TRUE(Other());
  other_key.Disable();
  EXPECT_FALSE(Other());
}

TEST_F(StaticKeyTest, AllBranchesOfAKeyChangeInFewRendezvous) {
  EXPECT_EQ(CountStaticSites(many_key), kMany);
  const uint64_t before = HostRendezvousCount();
  ASSERT_EQ(many_key.Enable(), Status::kOk);
  EXPECT_EQ(HostRendezvousCount(), before + 3);
  EXPECT_EQ(CountMany(), kMany);
  ASSERT_EQ(many_key.Enable(), Status::kOk);
  many_key.Disable();
  EXPECT_EQ(HostRendezvousCount(), before + 3);
  many_key.Disable();
  EXPECT_EQ(HostRendezvousCount(), before + 6);
  EXPECT_EQ(CountMany(), 0u);
}

TEST_F(StaticKeyTest, AFunctionThatManySourcesHaveIsOneBranch) {
  // The one function, and the two places where the other was inlined.
  EXPECT_EQ(CountStaticSites(shared_key), 3u);
  ASSERT_EQ(shared_key.Enable(), Status::kOk);
  EXPECT_TRUE(IsSharedTaken());
  EXPECT_TRUE(IsSharedTakenInline());
  EXPECT_TRUE(IsSharedTakenElsewhere());
  EXPECT_TRUE(IsSharedTakenInlineElsewhere());
  shared_key.Disable();
  EXPECT_FALSE(IsSharedTaken());
  EXPECT_FALSE(IsSharedTakenInline());
  EXPECT_FALSE(IsSharedTakenElsewhere());
  EXPECT_FALSE(IsSharedTakenInlineElsewhere());
}

TEST_F(StaticKeyTest, AKeyWithoutBranchesNeedsNoRendezvous) {
  const uint64_t before = HostRendezvousCount();
  EXPECT_EQ(CountStaticSites(absent_key), 0u);
  EXPECT_EQ(absent_key.Enable(), Status::kOk);
  EXPECT_TRUE(absent_key.enabled());
  absent_key.Disable();
  EXPECT_EQ(HostRendezvousCount(), before);
}

TEST_F(StaticKeyTest, ARendezvousThatFailsChangesNothing) {
  const std::vector<uint8_t> text = ManyText();
  FailRendezvousFrom(1);
  EXPECT_EQ(many_key.Enable(), Status::kBusy);
  EXPECT_FALSE(many_key.enabled());
  EXPECT_EQ(CountMany(), 0u);
  EXPECT_EQ(ManyText(), text);
}

TEST_F(StaticKeyTest, AWriteThatFailsAnywhereTakesAllBack) {
  const std::vector<uint8_t> text = ManyText();
  for (size_t n = 1; n <= kMany; ++n) {
    FailNthTextWrite(n);
    EXPECT_EQ(many_key.Enable(), Status::kIo) << n;
    EXPECT_FALSE(many_key.enabled());
    ASSERT_EQ(ManyText(), text) << n;
    EXPECT_EQ(CountMany(), 0u);
  }
  FailNthTextWrite(kMany + 1);
  EXPECT_EQ(many_key.Enable(), Status::kOk);
  FailNthTextWrite(0);
  many_key.Disable();
  EXPECT_EQ(ManyText(), text);
}

TEST_F(StaticKeyTest, WhatCannotBeTakenBackIsMendedByTheNextChange) {
  for (uint64_t n = 2; n <= 3; ++n) {
    const std::vector<uint8_t> text = ManyText();
    FailRendezvousFrom(n);
    EXPECT_EQ(many_key.Enable(), Status::kBusy);
    EXPECT_FALSE(many_key.enabled());
    // A few of them are taken, and nobody has to mind.
    EXPECT_EQ(CountMany(), (n - 1) * kMaxTextPatches);
    FailRendezvousFrom(0);

    const uint64_t before = HostRendezvousCount();
    ASSERT_EQ(many_key.Enable(), Status::kOk);
    EXPECT_EQ(HostRendezvousCount(), before + 4 - n);
    EXPECT_EQ(CountMany(), kMany);
    many_key.Disable();
    EXPECT_EQ(CountMany(), 0u);
    EXPECT_EQ(ManyText(), text);
  }
}

TEST_F(StaticKeyTest, WhatCannotBeSwitchedOffStaysTakenUntilTheNextChange) {
  const std::vector<uint8_t> text = ManyText();
  ASSERT_EQ(many_key.Enable(), Status::kOk);
  FailRendezvousFrom(1);
  many_key.Disable();
  EXPECT_FALSE(many_key.enabled());
  EXPECT_EQ(CountMany(), kMany);
  // Nothing is to be written.
  EXPECT_EQ(many_key.Enable(), Status::kOk);
  FailRendezvousFrom(0);
  many_key.Disable();
  EXPECT_EQ(CountMany(), 0u);
  EXPECT_EQ(ManyText(), text);
}

TEST_F(StaticKeyTest, TheEndMendsWhatIsLeft) {
  const std::vector<uint8_t> text = ManyText();
  ASSERT_EQ(many_key.Enable(), Status::kOk);
  FailRendezvousFrom(1);
  many_key.Disable();
  FailRendezvousFrom(0);
  ASSERT_EQ(CountMany(), kMany);

  ExitStaticKeys();
  EXPECT_EQ(ManyText(), text);
  EXPECT_EQ(InitStaticKeys(ThisMachine(), PortAllocator()), Status::kOk);
}

TEST_F(StaticKeyTest, WithoutATextServiceNothingCanBeSwitched) {
  SetHostTextSupport(false);
  EXPECT_EQ(one_key.Enable(), Status::kNotSupported);
  SetHostTextSupport(true);
  EXPECT_FALSE(one_key.enabled());
  EXPECT_EQ(One(1), 1);
}

TEST(StaticKeyStartTest, NothingCanBeSwitchedBefore) {
  EXPECT_EQ(one_key.Enable(), Status::kNotSupported);
  EXPECT_FALSE(one_key.enabled());
}

TEST(StaticKeyStartTest, AMachineWithoutStaticKeysHasNone) {
  machine::MachineOps ops = ThisMachine();
  ops.make_static_jump = nullptr;
  ASSERT_EQ(InitStaticKeys(ops, PortAllocator()), Status::kOk);
  EXPECT_EQ(one_key.Enable(), Status::kNotSupported);
  ExitStaticKeys();
}

TEST(StaticKeyStartTest, ABranchThatLeadsTooFarIsRefused) {
  static int left;
  machine::MachineOps ops = ThisMachine();
  ops.make_static_jump = [](uint64_t code, uint64_t target, uint8_t* bytes) {
    return left-- > 0 && ThisMachine().make_static_jump(code, target, bytes);
  };
  ASSERT_EQ(InitStaticKeys(ops, PortAllocator()), Status::kOk);
  for (const int good : {0, 1, 20, 39}) {
    left = good;
    EXPECT_EQ(many_key.Enable(), Status::kOutOfRange);
    EXPECT_FALSE(many_key.enabled());
    left = INT32_MAX;
    EXPECT_EQ(many_key.Enable(), Status::kOk);
    many_key.Disable();
    EXPECT_EQ(CountMany(), 0u) << good;
  }
  ExitStaticKeys();
}

TEST(StaticKeyStartTest, TextThatIsNotWhatItShouldBeIsNotTouched) {
  // What another thinks stands there.
  static uint8_t other[machine::kMaxStaticSiteSize];
  machine::MachineOps ops = ThisMachine();
  memcpy(other, ops.static_no_op.data(), ops.static_no_op.size());
  other[ops.static_no_op.size() - 1] ^= 1;
  ops.static_no_op = ConstBytes(other, ops.static_no_op.size());
  ASSERT_EQ(InitStaticKeys(ops, PortAllocator()), Status::kOk);
  const std::vector<uint8_t> text = ManyText();
  EXPECT_EQ(many_key.Enable(), Status::kIo);
  EXPECT_FALSE(many_key.enabled());
  EXPECT_EQ(ManyText(), text);
  ExitStaticKeys();
  EXPECT_EQ(ManyText(), text);
}

TEST(StaticKeyStartTest, EveryAllocationMayFail) {
  const uint64_t allocations =
      ForEachFailingAllocation("static_key", [](FailingAllocator& allocator) {
        const Status started = InitStaticKeys(ThisMachine(), allocator);
        if (!IsOk(started)) {
          EXPECT_EQ(started, Status::kNoMemory);
          EXPECT_EQ(one_key.Enable(), Status::kNotSupported);
          EXPECT_EQ(CountStaticSites(), 0u);
          return;
        }
        EXPECT_EQ(one_key.Enable(), Status::kOk);
        one_key.Disable();
        ExitStaticKeys();
      });
  EXPECT_EQ(allocations, 2u);
}

}  // namespace
}  // namespace ebpf
