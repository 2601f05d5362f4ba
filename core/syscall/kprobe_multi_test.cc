// SPDX-License-Identifier: MIT
//
// Programs on many functions at once: BPF_TRACE_KPROBE_MULTI and _SESSION.
#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/memory.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

using linux_abi::LinkInfo;

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};
constexpr uint32_t kPerfEvent = 41;  // BPF_PERF_EVENT
constexpr uint32_t kMulti = 42;      // BPF_TRACE_KPROBE_MULTI
constexpr uint32_t kSession = 56;    // BPF_TRACE_KPROBE_SESSION
constexpr uint32_t kReturn = linux_abi::kKprobesReturn;
constexpr size_t kCount = 5;

/// What LINK_CREATE is told.
struct Request {
  uint32_t attach_type = kMulti;
  uint32_t flags = 0;
  uint32_t count = kCount;
  uint64_t symbols = 0;
  uint64_t addresses = 0;
  uint64_t cookies = 0;
  uint32_t link_flags = 0;
};

class KprobeMultiTest : public SyscallTest {
 protected:
  KprobeMultiTest() {
    for (size_t i = 0; i < kCount; ++i) {
      names_.push_back("many_" + std::to_string(i));
      texts_.push_back(std::make_unique<HostText>(names_[i].c_str(), kAdd));
    }
  }
  ~KprobeMultiTest() override { caller_.client().fds().CloseAll(); }

  int64_t Load(uint32_t attach_type, const Code& code) {
    linux_abi::ProgLoadAttr attr = caller_.Program(kKprobe, code);
    attr.expected_attach_type = attach_type;
    return caller_.Call(linux_abi::kProgLoad, attr);
  }
  int64_t Link(int64_t program, const Request& request) {
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.attach_type = request.attach_type;
    attr.flags = request.link_flags;
    const linux_abi::KprobesToLink functions = {
        request.flags, request.count, request.symbols, request.addresses,
        request.cookies};
    memcpy(attr.details, &functions, sizeof(functions));
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }

  uint64_t AddressOf(size_t index) const { return texts_[index]->address(); }
  uint64_t Addresses() {
    std::vector<uint64_t> all;
    for (size_t i = 0; i < kCount; ++i) {
      all.push_back(AddressOf(i));
    }
    return PutWords(all);
  }
  uint64_t PutWords(const std::vector<uint64_t>& words) {
    return caller_.Put(words.data(), words.size() * sizeof(uint64_t));
  }
  uint64_t Symbols() {
    std::vector<uint64_t> all;
    for (const std::string& name : names_) {
      all.push_back(caller_.Put(name.c_str()));
    }
    return PutWords(all);
  }
  uint64_t Cookies() { return PutWords({50, 40, 30, 20, 10}); }

  /// A map from functions to the cookies of the hits there, and a program that
  /// fills it and returns `result`.
  Code Recording(int64_t map, int32_t result = 0) {
    return {MovReg(6, 1),
            CallHelper(173),  // bpf_get_func_ip
            Insn(0x7b, 10, 0, -8, 0),
            MovReg(1, 6),
            CallHelper(174),  // bpf_get_attach_cookie
            Insn(0x7b, 10, 0, -16, 0),
            LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(map)),
            LoadHigh(0),
            MovReg(2, 10),
            Insn(0x07, 2, 0, 0, -8),
            MovReg(3, 10),
            Insn(0x07, 3, 0, 0, -16),
            MovImm(4, 0),
            CallHelper(2),  // bpf_map_update_elem
            MovImm(0, result),
            Exit()};
  }
  int64_t RecordMap() {
    return caller_.CreateMap(linux_abi::kMapTypeHash, 8, 8, 64);
  }
  /// Its cookie for function `index`; -1 where there is none.
  int64_t Recorded(int64_t map, size_t index) {
    const uint64_t value = caller_.Put(uint64_t{0});
    return caller_.Elem(linux_abi::kMapLookupElem, map,
                        caller_.Put(AddressOf(index)), value) == 0
               ? caller_.Get<int64_t>(value)
               : -1;
  }

  void CallAll() {
    for (const auto& text : texts_) {
      EXPECT_EQ(text->As<Function>()(40, 2), 42u);
    }
  }
  uint64_t Runs(int64_t program) {
    return (*caller_.client().fds().Get(static_cast<int32_t>(program)))
        ->AsProgram()
        ->program()
        ->Stats()
        .runs;
  }
  bool TextIsUntouched() const {
    for (const auto& text : texts_) {
      if (!EqualBytes(text->bytes(), ConstBytes(kAdd))) {
        return false;
      }
    }
    return true;
  }
  int64_t Info(int64_t fd, LinkInfo& info) {
    const uint64_t at = caller_.Put(info);
    const int64_t result = caller_.Call(
        linux_abi::kObjGetInfoByFd,
        linux_abi::ObjectInfoAttr{static_cast<uint32_t>(fd), sizeof(info), at});
    info = caller_.Get<LinkInfo>(at);
    return result;
  }
  std::string FdInfo(int64_t fd) {
    char text[2048] = {};
    const int64_t size = DescribeFd(caller_.client(), static_cast<int32_t>(fd),
                                    Span<char>(text, sizeof(text)));
    return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
  }

  std::vector<std::string> names_;
  std::vector<std::unique_ptr<HostText>> texts_;
};

INSTANTIATE_TEST_SUITE_P(, KprobeMultiTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(KprobeMultiTest, OneProgramRunsAtEachFunctionsEntry) {
  const int64_t map = RecordMap();
  const int64_t program = Load(kMulti, Recording(map));
  ASSERT_GE(program, 0);
  const int64_t link = Link(program, {.addresses = Addresses()});
  ASSERT_GE(link, 0);
  CallAll();
  EXPECT_EQ(Runs(program), kCount);
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(Recorded(map, i), 0) << i;
  }
  EXPECT_EQ(caller_.CloseFd(link), 0);
  EXPECT_TRUE(TextIsUntouched());
  CallAll();
  EXPECT_EQ(Runs(program), kCount);
}

TEST_P(KprobeMultiTest, EachFunctionHasItsCookieInWhicheverOrderTheyCome) {
  for (const bool by_name : {false, true}) {
    for (const uint32_t flags : {0u, kReturn}) {
      const int64_t map = RecordMap();
      const int64_t program = Load(kMulti, Recording(map, 1));
      Request request = {.flags = flags, .cookies = Cookies()};
      (by_name ? request.symbols : request.addresses) =
          by_name ? Symbols() : Addresses();
      const int64_t link = Link(program, request);
      ASSERT_GE(link, 0);
      CallAll();
      EXPECT_EQ(Runs(program), kCount);
      for (size_t i = 0; i < kCount; ++i) {
        EXPECT_EQ(Recorded(map, i), static_cast<int64_t>(50 - 10 * i)) << i;
      }
      caller_.CloseFd(link);
      EXPECT_TRUE(TextIsUntouched());
    }
  }
}

TEST_P(KprobeMultiTest, AProgramAtReturnsSeesWhatIsReturned) {
  // The return value, into the map.
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  const int64_t program =
      Load(kMulti, {Insn(0x79, 6, 1, 80, 0),  // rax
                    LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map)),
                    LoadHigh(0), Insn(0x7b, 1, 6, 0, 0), MovImm(0, 0), Exit()});
  ASSERT_GE(program, 0);
  ASSERT_GE(Link(program, {.flags = kReturn, .addresses = Addresses()}), 0);
  EXPECT_EQ(texts_[3]->As<Function>()(1000, 234), 1234u);
  const uint64_t value = caller_.Put(uint64_t{0});
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                         caller_.Put(uint32_t{0}), value),
            0);
  EXPECT_EQ(caller_.Get<uint64_t>(value), 1234u);
}

TEST_P(KprobeMultiTest, ASessionsEntrySaysWhetherItsReturnIsRun) {
  for (const int32_t result : {0, 1}) {
    const int64_t map = RecordMap();
    const int64_t program = Load(kSession, Recording(map, result));
    ASSERT_GE(program, 0);
    const int64_t link = Link(
        program,
        {.attach_type = kSession, .symbols = Symbols(), .cookies = Cookies()});
    ASSERT_GE(link, 0);
    CallAll();
    EXPECT_EQ(Runs(program), result == 0 ? 2 * kCount : kCount);
    EXPECT_EQ(Recorded(map, 1), 40);
    caller_.CloseFd(link);
  }
  const int64_t program = Load(kSession, Returning(0));
  ASSERT_GE(Link(program, {.attach_type = kSession,
                           .flags = kReturn,
                           .addresses = Addresses()}),
            0);
  CallAll();
  EXPECT_EQ(Runs(program), kCount);
}

TEST_P(KprobeMultiTest, WhatIsWrongIsAnsweredAsLinuxDoes) {
  const int64_t program = Load(kMulti, Returning(0));
  const int64_t session = Load(kSession, Returning(0));
  const int64_t plain = Load(0, Returning(0));
  const int64_t invalid = Minus(Status::kInvalid);
  const uint64_t addresses = Addresses();
  const uint64_t symbols = Symbols();
  // Not what it was loaded for.
  EXPECT_EQ(Link(plain, {.addresses = addresses}), invalid);
  EXPECT_EQ(Link(plain, {.attach_type = kSession, .addresses = addresses}),
            invalid);
  EXPECT_EQ(Link(session, {.addresses = addresses}), invalid);
  EXPECT_EQ(Link(program, {.attach_type = kSession, .addresses = addresses}),
            invalid);
  EXPECT_EQ(Link(program, {.attach_type = kPerfEvent}), invalid);
  EXPECT_EQ(Link(program, {.attach_type = 0, .addresses = addresses}), invalid);
  EXPECT_EQ(
      Link(caller_.Load(kSocketFilter, Returning(0)), {.addresses = addresses}),
      invalid);
  // Attributes.
  EXPECT_EQ(Link(program, {.addresses = addresses, .link_flags = 1}), invalid);
  EXPECT_EQ(Link(program, {.flags = 2, .addresses = addresses}), invalid);
  EXPECT_EQ(Link(program, {}), invalid);
  EXPECT_EQ(Link(program, {.symbols = symbols, .addresses = addresses}),
            invalid);
  EXPECT_EQ(Link(program, {.count = 0, .addresses = addresses}), invalid);
  EXPECT_EQ(Link(program, {.count = 0, .symbols = symbols}), invalid);
  EXPECT_EQ(Link(program, {.count = (1u << 20) + 1, .addresses = addresses}),
            Minus(Status::kTooBig));
  EXPECT_EQ(Link(program, {.count = 0x7fffffff, .symbols = symbols}),
            Minus(Status::kTooBig));
  EXPECT_EQ(Link(-1, {.addresses = addresses}), Minus(Status::kBadFd));
  // What they point to.
  if (GetParam() == Origin::kUser) {
    constexpr uint64_t kNowhere = 0x100000;
    const int64_t fault = Minus(Status::kFault);
    EXPECT_EQ(Link(program, {.addresses = kNowhere}), fault);
    EXPECT_EQ(Link(program, {.symbols = kNowhere}), fault);
    EXPECT_EQ(
        Link(program,
             {.symbols = PutWords(std::vector<uint64_t>(kCount, kNowhere))}),
        fault);
    EXPECT_EQ(Link(program, {.addresses = addresses, .cookies = kNowhere}),
              fault);
  }
  const std::string long_name(600, 'x');
  const uint64_t long_names = PutWords({caller_.Put(long_name.c_str())});
  EXPECT_EQ(Link(program, {.count = 1, .symbols = long_names}),
            Minus(Status::kTooBig));
  const uint64_t unknown =
      PutWords({caller_.Put("many_0"), caller_.Put("nobody")});
  EXPECT_EQ(Link(program, {.count = 2, .symbols = unknown}),
            Minus(Status::kNoSuchTask));
  for (const uint64_t bad :
       {uint64_t{0}, ~uint64_t{0}, AddressOf(1) + 1, AddressOf(1) + 4}) {
    EXPECT_EQ(
        Link(program, {.count = 2, .addresses = PutWords({AddressOf(0), bad})}),
        invalid);
  }
  EXPECT_EQ(
      Link(program, {.count = 1,
                     .symbols = PutWords({caller_.Put("ebpf_on_breakpoint")})}),
      invalid);
  EXPECT_TRUE(TextIsUntouched());
}

TEST_P(KprobeMultiTest, ANameOfSeveralFunctionsDoesNotSayWhich) {
  const int64_t program = Load(kMulti, Returning(0));
  const HostText other("many_0", kAdd);
  EXPECT_EQ(Link(program, {.count = 2, .symbols = Symbols()}),
            Minus(Status::kAddressNotAvailable));
  EXPECT_TRUE(TextIsUntouched());
  EXPECT_GE(Link(program, {.addresses = Addresses()}), 0);
}

TEST_P(KprobeMultiTest, AFunctionThatIsNamedTwiceIsHitOnce) {
  const int64_t program = Load(kMulti, Returning(0));
  const int64_t link =
      Link(program,
           {.count = 3,
            .addresses = PutWords({AddressOf(2), AddressOf(1), AddressOf(2)})});
  ASSERT_GE(link, 0);
  CallAll();
  EXPECT_EQ(Runs(program), 2u);
  LinkInfo info{};
  EXPECT_EQ(Info(link, info), 0);
  EXPECT_EQ(info.kprobes.count, 3u);
}

TEST_P(KprobeMultiTest, ALinkTellsItsFunctionsInTwoCalls) {
  const int64_t program = Load(kMulti, Returning(0));
  const int64_t fd =
      Link(program,
           {.flags = kReturn, .addresses = Addresses(), .cookies = Cookies()});
  ASSERT_GE(fd, 0);
  LinkInfo info{};
  ASSERT_EQ(Info(fd, info), 0);
  EXPECT_EQ(info.type, linux_abi::kLinkKprobeMulti);
  EXPECT_EQ(info.kprobes.count, kCount);
  EXPECT_EQ(info.kprobes.flags, kReturn);
  EXPECT_EQ(info.kprobes.missed, 0u);

  info.kprobes.addresses = caller_.Put(nullptr, kCount * 8);
  info.kprobes.cookies = caller_.Put(nullptr, kCount * 8);
  ASSERT_EQ(Info(fd, info), 0);
  EXPECT_EQ(info.kprobes.count, kCount);
  std::map<uint64_t, uint64_t> told;
  for (size_t i = 0; i < kCount; ++i) {
    told[caller_.Get<uint64_t>(info.kprobes.addresses + i * 8)] =
        caller_.Get<uint64_t>(info.kprobes.cookies + i * 8);
  }
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(told[AddressOf(i)], 50 - 10 * i);
  }

  // Too little room: as many as fit.
  const uint64_t first = told.begin()->first;
  info.kprobes.addresses = caller_.Put(nullptr, kCount * 8);
  info.kprobes.count = 1;
  EXPECT_EQ(Info(fd, info), Minus(Status::kNoSpace));
  EXPECT_EQ(caller_.Get<uint64_t>(info.kprobes.addresses), first);
  EXPECT_EQ(caller_.Get<uint64_t>(info.kprobes.addresses + 8), 0u);
  // More than enough.
  info.kprobes.count = 100;
  info.kprobes.cookies = 0;
  EXPECT_EQ(Info(fd, info), 0);
  EXPECT_EQ(info.kprobes.count, kCount);
  const int64_t invalid = Minus(Status::kInvalid);
  info.kprobes.count = 0;
  EXPECT_EQ(Info(fd, info), invalid);
  info.kprobes.addresses = 0;
  info.kprobes.count = 1;
  EXPECT_EQ(Info(fd, info), invalid);
  info.kprobes.count = 0;
  info.kprobes.cookies = caller_.Put(nullptr, 8);
  EXPECT_EQ(Info(fd, info), invalid);
}

TEST_P(KprobeMultiTest, WhoMayNotSeeAddressesGetsZeros) {
  if (GetParam() == Origin::kKernel) {
    return;  // may see all
  }
  const int64_t program = Load(kMulti, Returning(0));
  const uint64_t given = Addresses();
  const int64_t fd = Link(program, {.addresses = given});
  constexpr uint64_t kSyslog = uint64_t{1} << linux_abi::kCapSyslog;
  constexpr uint64_t kSysAdmin = uint64_t{1} << linux_abi::kCapSysAdmin;
  for (const uint64_t capabilities : {~(kSyslog | kSysAdmin), kSyslog}) {
    SetHostCapabilities(capabilities);
    LinkInfo info{};
    info.kprobes.count = kCount;
    info.kprobes.addresses = PutWords(std::vector<uint64_t>(kCount, 1));
    info.kprobes.cookies = PutWords(std::vector<uint64_t>(kCount, 1));
    EXPECT_EQ(Info(fd, info), 0);
    for (size_t i = 0; i < kCount; ++i) {
      const auto address =
          caller_.Get<uint64_t>(info.kprobes.addresses + 8 * i);
      EXPECT_EQ(address, capabilities == kSyslog
                             ? caller_.Get<uint64_t>(given + 8 * i)
                             : 0);
      EXPECT_EQ(caller_.Get<uint64_t>(info.kprobes.cookies + 8 * i), 0u);
    }
  }
}

TEST_P(KprobeMultiTest, ItsFdinfoIsLinuxs) {
  const int64_t program = Load(kMulti, Returning(0));
  const int64_t fd =
      Link(program, {.count = 1, .symbols = Symbols(), .cookies = Cookies()});
  const std::string text = FdInfo(fd);
  EXPECT_NE(text.find("link_type:\tkprobe_multi\n"), std::string::npos);
  EXPECT_NE(text.find("kprobe_cnt:\t1\nmissed:\t0\ncookie\t func\n"
                      "50\t many_0+0x0/0xa\n"),
            std::string::npos)
      << text;
  const int64_t returns =
      Link(program, {.flags = kReturn, .count = 1, .symbols = Symbols()});
  EXPECT_NE(FdInfo(returns).find("link_type:\tkretprobe_multi\n"),
            std::string::npos);
}

TEST_P(KprobeMultiTest, ItsFdinfoHasWholeNames) {
  const std::string name(300, 'n');
  const HostText text(name.c_str(), kAdd);
  const int64_t fd =
      Link(Load(kMulti, Returning(0)),
           {.count = 1, .addresses = PutWords({text.address()})});
  EXPECT_NE(FdInfo(fd).find("\n0\t " + name + "+0x0/0xa\n"), std::string::npos)
      << FdInfo(fd);
  caller_.CloseFd(fd);  // before the text goes
}

TEST_P(KprobeMultiTest, ItIsNeitherUpdatedNorDetached) {
  const int64_t program = Load(kMulti, Returning(0));
  const int64_t fd = Link(program, {.addresses = Addresses()});
  EXPECT_EQ(caller_.Call(linux_abi::kLinkUpdate,
                         linux_abi::LinkUpdateAttr{
                             static_cast<uint32_t>(fd),
                             static_cast<uint32_t>(program), 0, 0}),
            Minus(Status::kInvalid));
  EXPECT_EQ(caller_.Call(linux_abi::kLinkDetach,
                         linux_abi::LinkDetachAttr{static_cast<uint32_t>(fd)}),
            Minus(Status::kNotSupported));
  CallAll();
  EXPECT_EQ(Runs(program), kCount);
}

TEST_P(KprobeMultiTest, EachAllocationFailedLeavesAllAsBefore) {
  for (const uint32_t flags : {0u, kReturn}) {
    const int64_t program = Load(kMulti, Returning(0));
    const Request request = {
        .flags = flags, .symbols = Symbols(), .cookies = Cookies()};
    // What all returns share stays once it is there.
    caller_.CloseFd(Link(program, request));
    FailEachAllocation(
        "kprobe.multi", caller_,
        [&] {
          const int64_t link = Link(program, request);
          EXPECT_EQ(link < 0, TextIsUntouched());
          CallAll();
          return link;
        },
        [&](int64_t link) {
          caller_.CloseFd(link);
          EXPECT_TRUE(TextIsUntouched());
        });
  }
}

TEST_P(KprobeMultiTest, ComesAndGoesUnderLoad) {
  const int64_t program = Load(kMulti, Returning(0));
  const int64_t passing = Load(kSession, Returning(0));
  const int64_t link = Link(program, {.addresses = Addresses()});
  ASSERT_GE(link, 0);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> load;
  for (uint32_t number = 1; number <= 2; ++number) {
    load.emplace_back([&, number] {
      HostCpu cpu(number);
      for (uint64_t i = 0; !stop; ++i) {
        auto* function = texts_[i % kCount]->As<Function>();
        wrong += function(i, number) == i + number ? 0 : 1;
        ++calls;
        if (i % 256 == 0) {
          std::this_thread::sleep_for(std::chrono::microseconds(10));
        }
      }
    });
  }
  for (int cycle = 0; cycle < 50; ++cycle) {
    const int64_t other =
        Link(passing, {.attach_type = kSession, .addresses = Addresses()});
    ASSERT_GE(other, 0);
    const uint64_t runs = Runs(passing);
    for (int i = 0; i < 2000 && Runs(passing) == runs; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    EXPECT_GT(Runs(passing), runs);
    caller_.CloseFd(other);
    const uint64_t ended = Runs(passing);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    EXPECT_EQ(Runs(passing), ended);
  }
  stop = true;
  for (std::thread& thread : load) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0u);
  LinkInfo info{};
  EXPECT_EQ(Info(link, info), 0);
  EXPECT_EQ(Runs(program) + info.kprobes.missed, calls);
}

}  // namespace
}  // namespace ebpf
