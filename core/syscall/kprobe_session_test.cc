// SPDX-License-Identifier: MIT
//
// What programs at both ends of functions know of the call that they run for.
#include <cstring>

#include "core/isa/insn.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using Function = uint64_t(uint64_t, uint64_t);

// lea rax, [rdi + rsi]; ret
constexpr uint8_t kAdd[] = {0x48, 0x8d, 0x04, 0x37, 0xc3};
// push rbx; mov rbx, rdi; dec rdi; js +5; call itself; lea rax, [rbx + rax];
// pop rbx; ret: the sum of 1..rdi where rax was 0
constexpr uint8_t kSum[] = {0x53, 0x48, 0x89, 0xfb, 0x48, 0xff, 0xcf,
                            0x78, 0x05, 0xe8, 0xf2, 0xff, 0xff, 0xff,
                            0x48, 0x8d, 0x04, 0x03, 0x5b, 0xc3};
constexpr uint32_t kMulti = 42;
constexpr uint32_t kSession = 56;
constexpr uint32_t kRdi = 112;
constexpr uint32_t kEntered = 0;  // in the map
constexpr uint32_t kReturned = 1;

class KprobeSessionTest : public SyscallTest {
 protected:
  KprobeSessionTest()
      : map_(caller_.CreateMap(linux_abi::kMapTypeArray, 4, 16, 1)) {}
  ~KprobeSessionTest() override { caller_.client().fds().CloseAll(); }

  /// At the entry: *cookie = rdi + `key`, entered += rdi; at the return:
  /// returned += *cookie. Returns 0.
  Code Program(int32_t key) const {
    return {MovReg(6, 1),
            CallKernel("bpf_session_is_return"),
            MovReg(7, 0),
            CallKernel("bpf_session_cookie"),
            LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map_)),
            LoadHigh(0),
            Insn(0x55, 7, 0, 6, 0),  // at the return
            Insn(0x79, 2, 6, kRdi, 0),
            Insn(0xdb, 1, 2, 0, 0),  // entered += rdi
            Insn(0x07, 2, 0, 0, key),
            Insn(0x7b, 0, 2, 0, 0),
            MovImm(0, 0),
            Exit(),
            Insn(0x79, 2, 0, 0, 0),
            Insn(0xdb, 1, 2, 8, 0),  // returned += *cookie
            MovImm(0, 0),
            Exit()};
  }
  int64_t Load(uint32_t attach_type, const Code& code) {
    linux_abi::ProgLoadAttr attr = caller_.Program(2, code);
    attr.expected_attach_type = attach_type;
    return caller_.Call(linux_abi::kProgLoad, attr);
  }
  int64_t Link(int64_t program, const char* function) {
    const uint64_t name = caller_.Put(function);
    const linux_abi::KprobesToLink functions = {0, 1, caller_.Put(name), 0, 0};
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.attach_type = kSession;
    memcpy(attr.details, &functions, sizeof(functions));
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }
  uint64_t Sum(uint32_t which) {
    const uint64_t value = caller_.Put(nullptr, 16);
    EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map_,
                           caller_.Put(uint32_t{0}), value),
              0);
    return caller_.Get<uint64_t>(value + 8 * which);
  }

  const int64_t map_;
};

INSTANTIATE_TEST_SUITE_P(, KprobeSessionTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(KprobeSessionTest, BothEndsOfACallShareAWord) {
  HostText text("add", kAdd);
  const int64_t program = Load(kSession, Program(1000));
  ASSERT_GE(program, 0);
  const int64_t link = Link(program, "add");
  ASSERT_GE(link, 0);
  EXPECT_EQ(text.As<Function>()(7, 3), 10u);
  EXPECT_EQ(Sum(kEntered), 7u);
  EXPECT_EQ(Sum(kReturned), 1007u);
  caller_.CloseFd(link);
}

TEST_P(KprobeSessionTest, EachCallHasItsOwnAndEachProgramToo) {
  HostText text("sum", kSum);
  const int64_t one = Load(kSession, Program(0));
  const int64_t other = Load(kSession, Program(100));
  const int64_t link = Link(one, "sum");
  const int64_t other_link = Link(other, "sum");
  ASSERT_GE(link, 0);
  ASSERT_GE(other_link, 0);
  (void)text.As<Function>()(4, 0);
  // 4 + 3 + 2 + 1 + 0, for each.
  EXPECT_EQ(Sum(kEntered), 20u);
  EXPECT_EQ(Sum(kReturned), 20u + 5 * 100);
  caller_.CloseFd(link);
  caller_.CloseFd(other_link);
}

TEST_P(KprobeSessionTest, OnlySuchProgramsMayAsk) {
  EXPECT_LT(Load(0, Program(0)), 0);
  EXPECT_LT(Load(kMulti, Program(0)), 0);
}

TEST_P(KprobeSessionTest, AProgramWithoutACallHasAWordForItself) {
  HostText text("add", kAdd);
  const int64_t program = Load(kSession, Program(1));
  const int64_t event = caller_.Attach(program, "add");
  ASSERT_GE(event, 0);
  EXPECT_EQ(text.As<Function>()(7, 3), 10u);
  EXPECT_EQ(Sum(kEntered), 7u);
  EXPECT_EQ(Sum(kReturned), 0u);
  caller_.CloseFd(event);
}

}  // namespace
}  // namespace ebpf
