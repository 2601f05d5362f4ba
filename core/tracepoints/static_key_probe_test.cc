// SPDX-License-Identifier: MIT
//
// Probes and static keys in one text: each leaves the other's alone.
#include <cstring>

#include "core/platform/text.h"
#include "core/probes/kprobe.h"
#include "core/probes/probe_list.h"
#include "core/probes/reserved_text.h"
#include "core/probes/text_patch.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/static_key.h"
#include "gtest/gtest.h"
#include "machine/static_branch.h"
#include "testing/host_port/host_machine.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

StaticKey probed_key;
volatile int sink;

/// An instruction before its branch, and some behind it.
[[gnu::noinline]] int Probed(int x) {
  sink = x;
  if (EBPF_STATIC_BRANCH(probed_key)) {
    return x + 1000;
  }
  sink = x + 1;
  return x;
}

struct Counter final : KprobeConsumer {
  void Hit(machine::PtRegs& /*regs*/) override { ++hits; }
  uint64_t hits = 0;
};

class StaticKeyProbeTest : public testing::Test {
 protected:
  StaticKeyProbeTest() {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitProbes(ThisMachine(), PortAllocator()), Status::kOk);
    EXPECT_EQ(InitStaticKeys(ThisMachine(), PortAllocator()), Status::kOk);
  }
  ~StaticKeyProbeTest() override {
    SetHostDetours(false);
    ExitStaticKeys();
    ExitProbes();
    ExitReadSections();
  }

  static uint64_t Entry() { return reinterpret_cast<uintptr_t>(&Probed); }
  /// Where the no-op is.
  static uint64_t Site() {
    const ConstBytes no_op = ThisMachine().static_no_op;
    for (uint64_t at = Entry(); at < Entry() + 64; ++at) {
      if (memcmp(reinterpret_cast<const void*>(at), no_op.data(),
                 no_op.size()) == 0) {
        return at;
      }
    }
    ADD_FAILURE() << "no branch";
    return 0;
  }
  static Status StatusAt(uint64_t address) {
    Counter counter;
    return AttachKprobe("", address, 0, counter).status();
  }

  HostTraps traps_;
};

TEST_F(StaticKeyProbeTest, NoProbeStandsOnABranchWhetherTakenOrNot) {
  const uint64_t site = Site();
  const size_t size = ThisMachine().static_no_op.size();
  ASSERT_GT(site, Entry());
  EXPECT_EQ(StatusAt(site), Status::kInvalid);
  EXPECT_EQ(CheckKprobe(site), Status::kInvalid);
  EXPECT_FALSE(MayProbeStandOn(site, 1));
  EXPECT_FALSE(MayProbeStandOn(site + size - 1, 1));
  EXPECT_TRUE(MayProbeStandOn(site - 1, 1));
  EXPECT_TRUE(MayProbeStandOn(site + size, 1));

  ASSERT_EQ(probed_key.Enable(), Status::kOk);
  EXPECT_EQ(StatusAt(site), Status::kInvalid);
  EXPECT_EQ(Probed(1), 1001);
  probed_key.Disable();
}

TEST_F(StaticKeyProbeTest, ItsNeighboursAreProbedAndItIsSwitched) {
  const uint64_t site = Site();
  Counter before;
  Counter behind;
  const Result<Ref<Kprobe>> first = AttachKprobe("", Entry(), 0, before);
  const Result<Ref<Kprobe>> second =
      AttachKprobe("", site + ThisMachine().static_no_op.size(), 0, behind);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  ASSERT_EQ((*first)->Enable(), Status::kOk);
  ASSERT_EQ((*second)->Enable(), Status::kOk);

  EXPECT_EQ(Probed(1), 1);
  EXPECT_EQ(before.hits, 1u);
  EXPECT_EQ(behind.hits, 1u);
  ASSERT_EQ(probed_key.Enable(), Status::kOk);
  EXPECT_EQ(Probed(1), 1001);
  EXPECT_EQ(before.hits, 2u);
  EXPECT_EQ(behind.hits, 1u);
  probed_key.Disable();
  EXPECT_EQ(Probed(1), 1);
  EXPECT_EQ(before.hits, 3u);
  EXPECT_EQ(behind.hits, 2u);
}

TEST_F(StaticKeyProbeTest, NothingIsReservedWithoutStaticKeys) {
  const uint64_t site = Site();
  ExitStaticKeys();
  EXPECT_TRUE(MayProbeStandOn(site, 1));
  EXPECT_EQ(StatusAt(site), Status::kOk);
  EXPECT_EQ(InitStaticKeys(ThisMachine(), PortAllocator()), Status::kOk);
}

}  // namespace
}  // namespace ebpf
