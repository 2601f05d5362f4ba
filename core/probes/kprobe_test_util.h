// SPDX-License-Identifier: MIT
//
// Two functions, a consumer and the probes' life, for tests.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
inline constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                                   0x8d, 0x04, 0x37, 0x5d, 0xc3};
inline constexpr uint64_t kAddMove = 1;
inline constexpr uint64_t kAddLea = 4;

// imul rdi, rsi; mov rax, rdi; ret: the first is stepped
inline constexpr uint8_t kMultiply[] = {0x48, 0x0f, 0xaf, 0xfe,
                                        0x48, 0x89, 0xf8, 0xc3};

/// Counts its hits, and keeps what it saw last.
struct Counter final : KprobeConsumer {
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> rdi{0};
  std::atomic<uint64_t> rip{0};

  void Hit(machine::PtRegs& regs) override {
    ++hits;
    rdi = x86_64::RegsOf(regs).rdi;
    rip = x86_64::RegsOf(regs).rip;
  }
};

class KprobeTest : public testing::Test {
 protected:
  KprobeTest() {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
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

}  // namespace ebpf
