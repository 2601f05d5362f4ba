// SPDX-License-Identifier: MIT
//
// Without the host port: the test is the kernel that tells.
#include "core/platform/told_interruptions.h"

#include <set>
#include <stdlib.h>
#include <vector>

#include "core/base/construct.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/log.h"
#include "core/platform/text.h"
#include "gtest/gtest.h"

namespace {

uint32_t this_cpu = 0;

}  // namespace

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }
uint32_t ebpf_port_cpu_id() { return this_cpu; }

}  // extern "C"

namespace ebpf {
namespace {

class ToldInterruptionsTest : public testing::Test {
 protected:
  ToldInterruptionsTest() {
    ConstructAt<Interruptions>(&told_interruptions);
    this_cpu = 0;
  }

  static size_t BeginOn(uint32_t cpu, const void* frame, uint64_t pc) {
    this_cpu = cpu;
    return told_interruptions.Begin(frame, pc);
  }
  static void EndOn(uint32_t cpu, size_t interruption) {
    this_cpu = cpu;
    told_interruptions.End(interruption);
  }

  /// What core is told, or nothing if that is not all.
  static std::multiset<uintptr_t> Pcs() {
    std::multiset<uintptr_t> pcs;
    const int status = ebpf_port_saved_pcs(
        [](void* to, uintptr_t pc) {
          static_cast<std::multiset<uintptr_t>*>(to)->insert(pc);
        },
        &pcs);
    const bool is_known = ebpf_port_preemption() == EBPF_PREEMPTION_LISTED;
    EXPECT_EQ(status, is_known ? 0 : kMinusNotSupported);
    return pcs;
  }
  static bool KnowsAll() {
    return ebpf_port_preemption() == EBPF_PREEMPTION_LISTED;
  }

  int frames_[3] = {};
};

TEST_F(ToldInterruptionsTest, AKernelThatTellsNothingIsNotKnown) {
  EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_UNKNOWN);
  EXPECT_EQ(
      ebpf_port_saved_pcs(
          [](void*, uintptr_t) { FAIL() << "it tells of nobody's"; }, nullptr),
      kMinusNotSupported);
}

TEST_F(ToldInterruptionsTest, EachOfNestedOnesIsListedUntilItEnds) {
  const size_t outer = BeginOn(0, &frames_[0], 100);
  const size_t inner = BeginOn(0, &frames_[1], 200);
  const size_t innermost = BeginOn(0, &frames_[2], 200);
  EXPECT_EQ(Pcs(), (std::multiset<uintptr_t>{100, 200, 200}));
  EndOn(0, innermost);
  EXPECT_EQ(Pcs(), (std::multiset<uintptr_t>{100, 200}));
  EndOn(0, inner);
  EXPECT_EQ(Pcs(), (std::multiset<uintptr_t>{100}));
  EndOn(0, outer);
  EXPECT_TRUE(KnowsAll());
  EXPECT_TRUE(Pcs().empty());
}

TEST_F(ToldInterruptionsTest, ATaskThatIsSwitchedAwayEndsItsOwnElsewhere) {
  const size_t first = BeginOn(0, &frames_[0], 100);
  const size_t second = BeginOn(0, &frames_[1], 200);
  EndOn(1, first);
  EXPECT_EQ(Pcs(), (std::multiset<uintptr_t>{200}));
  const size_t third = BeginOn(1, &frames_[0], UINTPTR_MAX);
  EXPECT_EQ(Pcs(), (std::multiset<uintptr_t>{200, UINTPTR_MAX}));
  EndOn(0, third);
  EndOn(0, second);
  EXPECT_TRUE(Pcs().empty());
}

TEST_F(ToldInterruptionsTest, CodeAtAddressZeroTakesNobodysPlace) {
  // A kernel that called a null pointer.
  const size_t nowhere = BeginOn(0, &frames_[0], 0);
  const size_t somewhere = BeginOn(1, &frames_[1], 200);
  EXPECT_FALSE(KnowsAll()) << "there is no place for it";
  EndOn(0, nowhere);
  EXPECT_TRUE(KnowsAll());
  EXPECT_EQ(Pcs(), (std::multiset<uintptr_t>{200}));
  EndOn(1, somewhere);
  EXPECT_TRUE(Pcs().empty());
}

TEST_F(ToldInterruptionsTest, NothingIsKnownWhileOneHasNoPlace) {
  std::vector<size_t> going_on;
  for (size_t i = 0; i < Interruptions::kPlaces; ++i) {
    going_on.push_back(BeginOn(0, &frames_[0], 100 + i));
  }
  EXPECT_EQ(Pcs().size(), Interruptions::kPlaces);
  const size_t without = BeginOn(0, &frames_[1], 99);
  EXPECT_FALSE(KnowsAll());
  EXPECT_TRUE(Pcs().empty());
  for (const size_t interruption : going_on) {
    EndOn(0, interruption);
  }
  EXPECT_FALSE(KnowsAll());
  EndOn(0, without);
  EXPECT_TRUE(KnowsAll());
  EXPECT_TRUE(Pcs().empty());
}

TEST_F(ToldInterruptionsTest, ACpuBeyondTheMostIsAsIfItDidNotTell) {
  constexpr uint32_t kBeyond = Interruptions::kMostCpus;
  const size_t known = BeginOn(kBeyond - 1, &frames_[0], 100);
  EXPECT_EQ(BeginOn(kBeyond, &frames_[1], 200), Interruptions::kNone);
  EXPECT_EQ(Pcs(), (std::multiset<uintptr_t>{100}));
  EndOn(kBeyond, Interruptions::kNone);
  EndOn(kBeyond, known);  // a task that went on there
  EXPECT_TRUE(Pcs().empty());
  this_cpu = kBeyond;
  told_interruptions.Check(&frames_[1]);
  EXPECT_FALSE(KnowsAll()) << "an interrupt of ours came there";
}

TEST_F(ToldInterruptionsTest, AnInterruptThatWasNotToldOfEndsBeliefForGood) {
  const size_t told = BeginOn(0, &frames_[0], 100);
  told_interruptions.Check(&frames_[0]);
  EXPECT_TRUE(KnowsAll());
  this_cpu = 1;
  told_interruptions.Check(&frames_[0]);  // told of by another CPU
  EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_UNKNOWN);
  EXPECT_TRUE(Pcs().empty());
  EndOn(0, told);
  EndOn(1, BeginOn(1, &frames_[0], 100));
  EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_UNKNOWN);
}

TEST_F(ToldInterruptionsTest, AFrameIsTheInterruptionsOnlyUntilItEnds) {
  EndOn(0, BeginOn(0, &frames_[0], 100));
  told_interruptions.Check(&frames_[0]);
  EXPECT_FALSE(KnowsAll()) << "another interrupt at the same address";
}

}  // namespace
}  // namespace ebpf
