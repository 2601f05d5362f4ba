// SPDX-License-Identifier: MIT
//
// Programs that ask who called the probed function.
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/machine/function_entry.h"
#include "core/probes/kprobe.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::kMapLookupElem;
using linux_abi::kMapTypeArray;
using linux_abi::kMapTypeStackTrace;

constexpr uint32_t kDepth = 8;

// push rbp; mov rbp, rsp; mov eax, 1; nop; pop rbp; ret. The probe stands on
// the nop, where the function has its frame.
constexpr uint8_t kFunction[] = {0x55, 0x48, 0x89, 0xe5, 0xb8, 1,
                                 0,    0,    0,    0x90, 0x5d, 0xc3};
constexpr uint64_t kNop = 9;

[[gnu::noinline]] uint64_t CallIt(uint64_t (*function)()) {
  const uint64_t result = function();
  asm volatile("");  // no tail call
  return result;
}

class StackTraceTest : public SyscallTest {
 protected:
  StackTraceTest()
      : text_("traced", kFunction),
        stacks_(caller_.CreateMap(kMapTypeStackTrace, 4, 8 * kDepth, 64)),
        results_(caller_.CreateMap(kMapTypeArray, 4, 8 * (1 + kDepth), 1)) {}
  ~StackTraceTest() override { caller_.client().fds().CloseAll(); }

  void Attach(const std::vector<isa::Insn>& insns) {
    const int64_t program = caller_.Load(kKprobe, insns);
    ASSERT_GE(program, 0);
    ASSERT_GE(caller_.Attach(program, "traced", kNop), 0);
  }
  struct Results {
    int64_t words[1 + kDepth];
  };
  Results Found(int64_t map, uint32_t key) {
    const uint64_t value = caller_.Put(Results{});
    EXPECT_EQ(caller_.Elem(kMapLookupElem, map, caller_.Put(key), value), 0);
    return caller_.Get<Results>(value);
  }
  uint64_t pc() const {
    return reinterpret_cast<uint64_t>(text_.bytes().data()) + kNop;
  }

  HostText text_;
  const int64_t stacks_;
  const int64_t results_;
};

INSTANTIATE_TEST_SUITE_P(, StackTraceTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(StackTraceTest, AStackIsStoredUnderItsNumber) {
  Attach({LoadLow(2, 1, static_cast<int32_t>(stacks_)), LoadHigh(0),
          MovImm(3, 0), CallHelper(helper_id::get_stackid),
          LoadLow(1, 2, static_cast<int32_t>(results_)), LoadHigh(0),
          Insn(0x7b, 1, 0, 0, 0), MovImm(0, 0), Exit()});
  CallIt(text_.As<uint64_t()>());
  const int64_t id = Found(results_, 0).words[0];
  ASSERT_GE(id, 0);
  const Results stack = Found(stacks_, static_cast<uint32_t>(id));
  EXPECT_EQ(static_cast<uint64_t>(stack.words[0]),
            pc() + machine::kPcBehindProbe);
  const auto caller = reinterpret_cast<uint64_t>(&CallIt);
  EXPECT_GT(static_cast<uint64_t>(stack.words[1]), caller);
  EXPECT_LT(static_cast<uint64_t>(stack.words[1]), caller + 100);
}

TEST_P(StackTraceTest, AStackIsCopied) {
  // get_stack(ctx, value + 8, 64, skip 1); the result to value.
  Attach({LoadLow(6, 2, static_cast<int32_t>(results_)), LoadHigh(0),
          MovReg(2, 6), Insn(0x07, 2, 0, 0, 8), MovImm(3, 8 * kDepth),
          MovImm(4, 1), CallHelper(helper_id::get_stack),
          Insn(0x7b, 6, 0, 0, 0), MovImm(0, 0), Exit()});
  CallIt(text_.As<uint64_t()>());
  const Results results = Found(results_, 0);
  EXPECT_GE(results.words[0], 8);
  EXPECT_EQ(results.words[0] % 8, 0);
  const auto caller = reinterpret_cast<uint64_t>(&CallIt);
  EXPECT_GT(static_cast<uint64_t>(results.words[1]), caller);
  EXPECT_LT(static_cast<uint64_t>(results.words[1]), caller + 100);
}

TEST_P(StackTraceTest, AFollowedCallersAddressIsTheRealOne) {
  // The probed function is followed to its return: on the stack is a stub.
  linux_abi::PerfEventAttr attr = caller_.Kprobe("traced");
  attr.config = linux_abi::kPerfKprobeReturn;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocEnable), 0);
  Attach({LoadLow(6, 2, static_cast<int32_t>(results_)), LoadHigh(0),
          MovReg(2, 6), Insn(0x07, 2, 0, 0, 8), MovImm(3, 8 * kDepth),
          MovImm(4, 1), CallHelper(helper_id::get_stack),
          Insn(0x7b, 6, 0, 0, 0), MovImm(0, 0), Exit()});
  CallIt(text_.As<uint64_t()>());
  const Results results = Found(results_, 0);
  EXPECT_GE(results.words[0], 8);
  const auto caller = reinterpret_cast<uint64_t>(&CallIt);
  EXPECT_GT(static_cast<uint64_t>(results.words[1]), caller);
  EXPECT_LT(static_cast<uint64_t>(results.words[1]), caller + 100);
}

/// Where the slot is whose instruction is that at `address`.
uint64_t SlotOf(uint64_t address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uint64_t begin = 0;
    uint64_t end = 0;
    char rights[5] = {};
    if (sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) == 3 &&
        rights[2] == 'x' && line.find("host_text") != std::string::npos) {
      for (; begin < end; begin += 16) {
        if (begin != address && OriginalPc(begin) == address) {
          return begin;
        }
      }
    }
  }
  return 0;
}

TEST_P(StackTraceTest, WhatWasInterruptedInASlotIsShownAtItsOwnPlace) {
  // imul rdi, rsi; mov rax, rdi; ret
  constexpr uint8_t kMultiply[] = {0x48, 0x0f, 0xaf, 0xfe,
                                   0x48, 0x89, 0xf8, 0xc3};
  // As if called from rdi: push rdi; push rbp; mov rbp, rsp; nop; pop rbp;
  // add rsp, 8; ret
  constexpr uint8_t kCalledFrom[] = {0x57, 0x55, 0x48, 0x89, 0xe5, 0x90,
                                     0x5d, 0x48, 0x83, 0xc4, 0x08, 0xc3};
  const HostText multiply("multiply", kMultiply);
  const HostText called("called_from", kCalledFrom);
  const int64_t event = caller_.OpenEvent(caller_.Kprobe("multiply"));
  ASSERT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocEnable), 0);
  const uint64_t slot = SlotOf(multiply.address());
  ASSERT_NE(slot, 0u);
  const int64_t program = caller_.Load(
      kKprobe, {LoadLow(6, 2, static_cast<int32_t>(results_)), LoadHigh(0),
                MovReg(2, 6), Insn(0x07, 2, 0, 0, 8), MovImm(3, 8 * kDepth),
                MovImm(4, 1), CallHelper(helper_id::get_stack),
                Insn(0x7b, 6, 0, 0, 0), MovImm(0, 0), Exit()});
  ASSERT_GE(program, 0);
  ASSERT_GE(caller_.Attach(program, "called_from", 5), 0);
  for (const uint64_t address : {slot, multiply.address(), slot + 4096}) {
    called.As<void(uint64_t)>()(address);
    const Results results = Found(results_, 0);
    ASSERT_GE(results.words[0], 8);
    EXPECT_EQ(static_cast<uint64_t>(results.words[1]),
              address == slot ? multiply.address() : address);
  }
  caller_.client().fds().CloseAll();  // before the functions are gone
}

TEST_P(StackTraceTest, WhatIsRefusedLeavesZeros) {
  struct Row {
    int32_t size;
    int32_t flags;
    Status status;
  };
  for (const Row& row :
       {Row{12, 0, Status::kInvalid}, Row{16, 1 << 11, Status::kInvalid},
        Row{16, linux_abi::kStackUser, Status::kFault},
        Row{16, 255, Status::kFault}}) {
    Attach({LoadLow(6, 2, static_cast<int32_t>(results_)), LoadHigh(0),
            Insn(0x7a, 6, 0, 8, -1), MovReg(2, 6), Insn(0x07, 2, 0, 0, 8),
            MovImm(3, row.size), MovImm(4, row.flags),
            CallHelper(helper_id::get_stack), Insn(0x7b, 6, 0, 0, 0),
            MovImm(0, 0), Exit()});
    CallIt(text_.As<uint64_t()>());
    const Results results = Found(results_, 0);
    EXPECT_EQ(results.words[0], Minus(row.status)) << row.size << row.flags;
    EXPECT_EQ(results.words[1], 0);
  }
}

}  // namespace
}  // namespace ebpf
