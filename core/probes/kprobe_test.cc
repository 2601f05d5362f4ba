// SPDX-License-Identifier: MIT
#include "core/probes/kprobe.h"

#include <string.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "arch/x86_64/machine_ops.h"
#include "arch/x86_64/pt_regs.h"
#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_symbols.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

using x86_64::PtRegs;
using x86_64::RegsOf;

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x8d,
                            0x04, 0x37, 0x5d, 0xc3};
constexpr uint64_t kAddMove = 1;
constexpr uint64_t kAddLea = 4;

// imul rdi, rsi; mov rax, rdi; ret: the first is stepped
constexpr uint8_t kMultiply[] = {0x48, 0x0f, 0xaf, 0xfe,
                                 0x48, 0x89, 0xf8, 0xc3};

/// Counts its hits, and keeps what it saw last.
struct Counter final : KprobeConsumer {
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> rdi{0};
  std::atomic<uint64_t> rip{0};

  void Hit(machine::PtRegs& regs) override {
    ++hits;
    rdi = RegsOf(regs).rdi;
    rip = RegsOf(regs).rip;
  }
};

class KprobeTest : public testing::Test {
 protected:
  KprobeTest() {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitProbes(x86_64::kMachineOps, allocator_), Status::kOk);
  }
  ~KprobeTest() override {
    ExitProbes();
    ExitReadSections();
    EXPECT_EQ(allocator_.outstanding_blocks(), 0u);
    EXPECT_EQ(HostExecBytes(), 0u);
  }

  Ref<Kprobe> Attach(StringView symbol, uint64_t offset,
                     KprobeConsumer& consumer) {
    Result<Ref<Kprobe>> probe = AttachKprobe(symbol, 0, offset, consumer);
    EXPECT_TRUE(probe.ok()) << static_cast<int>(probe.status());
    return probe.ok() ? *Move(probe) : Ref<Kprobe>();
  }

  FailingAllocator allocator_;
  HostTraps traps_;
};

TEST_F(KprobeTest, HitsWhileEnabledAndOnlyThen) {
  HostText text("add", kAdd);
  auto* add = text.As<Function>();
  Counter counter;
  Ref<Kprobe> probe = Attach("add", 0, counter);
  ASSERT_TRUE(probe);

  EXPECT_EQ(add(2, 3), 5u);
  EXPECT_EQ(counter.hits, 0u);
  EXPECT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(add(2, 3), 5u);
  EXPECT_EQ(counter.hits, 1u);
  EXPECT_EQ(counter.rdi, 2u);
  EXPECT_EQ(counter.rip, text.address());
  probe->Disable();
  EXPECT_TRUE(EqualBytes(text.bytes(), kAdd));
  EXPECT_EQ(add(4, 3), 7u);
  EXPECT_EQ(counter.hits, 1u);
  EXPECT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(add(4, 3), 7u);
  EXPECT_EQ(counter.hits, 2u);
  probe->Detach();
  EXPECT_TRUE(EqualBytes(text.bytes(), kAdd));
  EXPECT_EQ(add(4, 3), 7u);
  EXPECT_EQ(counter.hits, 2u);
  EXPECT_EQ(probe->Enable(), Status::kInvalid);
}

TEST_F(KprobeTest, EveryInstructionOfAFunctionCanBeProbedAtOnce) {
  HostText text("add", kAdd);
  Counter counters[5];
  Ref<Kprobe> probes[5];
  const uint64_t offsets[] = {0, kAddMove, kAddLea, 8, 9};
  for (int i = 0; i < 5; ++i) {
    probes[i] = Attach("add", offsets[i], counters[i]);
    EXPECT_EQ(probes[i]->Enable(), Status::kOk);
  }
  EXPECT_EQ(text.As<Function>()(40, 2), 42u);
  for (const Counter& counter : counters) {
    EXPECT_EQ(counter.hits, 1u);
  }
}

}  // namespace
}  // namespace ebpf
