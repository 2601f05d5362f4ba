// SPDX-License-Identifier: MIT
//
// Perf events on probes with names: programs on them are a kprobe's.
#include <cstring>
#include <string>
#include <vector>

#include "core/base/memory.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/platform/features.h"
#include "core/ring/perf_layout.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/caller/trace_files.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_timer.h"

namespace ebpf {
namespace {

using Function = uint64_t(uint64_t, uint64_t);
using linux_abi::LinkInfo;
using linux_abi::PerfEventAttr;

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};
constexpr uint32_t kPerfEventAttach = 41;  // BPF_PERF_EVENT
constexpr uint32_t kTracepointProgram = 5;
constexpr uint32_t kRawTracepointProgram = 17;
constexpr int32_t kOverrideReturn = 58;
constexpr int16_t kAxAt = 10 * 8;  // in pt_regs
constexpr int16_t kDiAt = 14 * 8;
constexpr int16_t kIpAt = 16 * 8;

/// What a program saw.
struct Seen {
  uint64_t ip;
  uint64_t di;
  uint64_t ax;
  uint64_t function;
  uint64_t cookie;
  uint64_t runs;
};

class PerfNamedProbeTest : public SyscallTest {
 protected:
  PerfNamedProbeTest() : text_("named_add", kAdd), files_(caller_) {
    SetHostTask(4711, 4711, "test");
  }
  ~PerfNamedProbeTest() override {
    caller_.client().fds().CloseAll();
    EXPECT_EQ(files_.Write1("kprobe_events", ""), 0) << "somebody holds one";
    EXPECT_TRUE(EqualBytes(text_.bytes(), kAdd));
    SetHostTask(1, 1, "host");
  }

  static bool EqualBytes(ConstBytes a, ConstBytes b) {
    return a.size() == b.size() && memcmp(a.data(), b.data(), a.size()) == 0;
  }
  /// The attribute of an event on the probe that `line` makes.
  PerfEventAttr Make(const std::string& line, const std::string& name) {
    EXPECT_EQ(files_.Write1("kprobe_events", line + "\n",
                            linux_abi::kOpenWriteOnly | linux_abi::kOpenAppend),
              static_cast<int64_t>(line.size() + 1))
        << files_.ReadAll("error_log");
    PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeTracepoint;
    attr.size = sizeof(attr);
    attr.config = std::stoul(files_.ReadAll("events/kprobes/" + name + "/id"));
    return attr;
  }
  int64_t Remove(const std::string& name) {
    return files_.Write1("kprobe_events", "-:" + name,
                         linux_abi::kOpenWriteOnly | linux_abi::kOpenAppend);
  }
  int64_t SetProgram(int64_t event, int64_t program) {
    return caller_.IoctlFd(event, linux_abi::kPerfIocSetBpf,
                           static_cast<uint64_t>(program));
  }
  int64_t Link(int64_t program, int64_t event, uint64_t cookie = 0) {
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.target_fd = static_cast<uint32_t>(event);
    attr.attach_type = kPerfEventAttach;
    attr.details[0] = cookie;
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }
  /// Writes a Seen to `map`, and returns `result`.
  int64_t LoadSeeing(int64_t map, int32_t result = 1) {
    Code code = {MovReg(7, 1),
                 LoadLow(6, isa::kPseudoMapValue, static_cast<int32_t>(map)),
                 LoadHigh(0)};
    const struct {
      int16_t from;
      size_t to;
    } kWords[] = {{kIpAt, offsetof(Seen, ip)},
                  {kDiAt, offsetof(Seen, di)},
                  {kAxAt, offsetof(Seen, ax)}};
    for (const auto& word : kWords) {
      code.push_back(Insn(0x79, 0, 7, word.from, 0));
      code.push_back(Insn(0x7b, 6, 0, static_cast<int16_t>(word.to), 0));
    }
    const struct {
      int32_t helper;
      size_t to;
    } kHelpers[] = {{helper_id::get_func_ip, offsetof(Seen, function)},
                    {helper_id::get_attach_cookie, offsetof(Seen, cookie)}};
    for (const auto& one : kHelpers) {
      code.push_back(MovReg(1, 7));
      code.push_back(CallHelper(one.helper));
      code.push_back(Insn(0x7b, 6, 0, static_cast<int16_t>(one.to), 0));
    }
    code = code +
           Code{MovImm(1, 1), Insn(0xdb, 6, 1, offsetof(Seen, runs), 0)} +
           Returning(result);
    const int64_t program = caller_.Load(kKprobe, code);
    EXPECT_GE(program, 0);
    return program;
  }
  /// Makes functions return 7.
  int64_t LoadOverriding() {
    const int64_t program = caller_.Load(
        kKprobe,
        {MovImm(2, 7), CallHelper(kOverrideReturn), MovImm(0, 1), Exit()});
    EXPECT_GE(program, 0);
    return program;
  }
  int64_t SeenMap() {
    return caller_.CreateMap(linux_abi::kMapTypeArray, 4, sizeof(Seen), 1);
  }
  Seen What(int64_t map) {
    const uint64_t to = caller_.Put(Seen{});
    EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                           caller_.Put(uint32_t{0}), to),
              0);
    return caller_.Get<Seen>(to);
  }
  uint64_t Count(int64_t event) {
    const uint64_t to = caller_.Put(uint64_t{0});
    EXPECT_EQ(Read(caller_.client(), static_cast<int32_t>(event),
                   caller_.client().Pointer(to), 8),
              8);
    return caller_.Get<uint64_t>(to);
  }
  linux_abi::TaskFdQueryAttr Query(int64_t event, std::string* name) {
    const uint64_t to = caller_.Put(nullptr, 64);
    linux_abi::TaskFdQueryAttr attr{};
    attr.pid = 4711;
    attr.fd = static_cast<uint32_t>(event);
    attr.buf_len = 64;
    attr.buf = to;
    const uint64_t at = caller_.Put(attr);
    EXPECT_EQ(caller_.BpfAt(linux_abi::kTaskFdQuery, at, sizeof(attr)), 0);
    *name = static_cast<const char*>(caller_.At(to));
    return caller_.Get<linux_abi::TaskFdQueryAttr>(at);
  }
  uint64_t Call(uint64_t a = 40, uint64_t b = 2) {
    return text_.As<Function>()(a, b);
  }

  HostText text_;
  TraceFiles files_;
};

INSTANTIATE_TEST_SUITE_P(, PerfNamedProbeTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(PerfNamedProbeTest, AProgramFindsTheRegistersWhereLinuxsDo) {
  const int64_t event = caller_.OpenEvent(Make("p:a named_add x=%di", "a"));
  ASSERT_GE(event, 0);
  const int64_t map = SeenMap();
  ASSERT_EQ(SetProgram(event, LoadSeeing(map)), 0);
  EXPECT_EQ(Call(40, 2), 42u);
  const Seen seen = What(map);
  EXPECT_EQ(seen.ip, text_.address() + 1) << "as behind a breakpoint";
  EXPECT_EQ(seen.di, 40u);
  EXPECT_EQ(seen.function, text_.address());
  EXPECT_EQ(seen.cookie, 0u);
  EXPECT_EQ(seen.runs, 1u);
  EXPECT_EQ(Count(event), 1u);
  EXPECT_EQ(SetProgram(event, LoadSeeing(map)), Minus(Status::kExists));
}

TEST_P(PerfNamedProbeTest, ALinkRunsItWithItsCookieUntilItIsClosed) {
  const int64_t event = caller_.OpenEvent(Make("p:a named_add", "a"));
  const int64_t map = SeenMap();
  const int64_t link = Link(LoadSeeing(map), event, 0x1234567890);
  ASSERT_GE(link, 0);
  Call();
  EXPECT_EQ(What(map).cookie, 0x1234567890u);
  EXPECT_EQ(What(map).runs, 1u);
  EXPECT_EQ(caller_.CloseFd(link), 0);
  Call();
  EXPECT_EQ(What(map).runs, 1u);
  EXPECT_EQ(Count(event), 2u);
}

TEST_P(PerfNamedProbeTest, InsideOfAFunctionItIsAtNoEntry) {
  const int64_t event = caller_.OpenEvent(Make("p:a named_add+1", "a"));
  const int64_t map = SeenMap();
  ASSERT_EQ(SetProgram(event, LoadSeeing(map)), 0);
  Call();
  EXPECT_EQ(What(map).ip, text_.address() + 2);
  EXPECT_EQ(What(map).function, 0u);
}

TEST_P(PerfNamedProbeTest, AtAReturnItFindsTheResultAndTheFunction) {
  const int64_t event = caller_.OpenEvent(Make("r:b named_add $retval", "b"));
  const int64_t map = SeenMap();
  ASSERT_EQ(SetProgram(event, LoadSeeing(map)), 0);
  EXPECT_EQ(Call(40, 2), 42u);
  const Seen seen = What(map);
  EXPECT_EQ(seen.runs, 1u);
  EXPECT_EQ(seen.ax, 42u);
  EXPECT_EQ(seen.function, text_.address());
  EXPECT_NE(seen.ip, text_.address() + 1) << "where it returns to";
  EXPECT_EQ(Count(event), 1u);
}

TEST_P(PerfNamedProbeTest, OtherProgramsAreRefused) {
  const int64_t event = caller_.OpenEvent(Make("p:a named_add", "a"));
  const int64_t programs[] = {caller_.Load(kTracepointProgram, Returning(1)),
                              caller_.Load(kRawTracepointProgram, Returning(1)),
                              caller_.Load(kSocketFilter, Returning(1))};
  for (const int64_t program : programs) {
    ASSERT_GE(program, 0);
    EXPECT_EQ(SetProgram(event, program), Minus(Status::kInvalid));
    EXPECT_EQ(Link(program, event), Minus(Status::kInvalid));
  }
  EXPECT_EQ(Call(40, 2), 42u);
  // And a kprobe's program on what is none.
  PerfEventAttr print{};
  print.type = linux_abi::kPerfTypeTracepoint;
  print.size = sizeof(print);
  print.config =
      std::stoul(files_.ReadAll("events/bpf_trace/bpf_trace_printk/id"));
  const int64_t other = caller_.OpenEvent(print);
  ASSERT_GE(other, 0);
  EXPECT_EQ(SetProgram(other, caller_.Load(kKprobe, Returning(1))),
            Minus(Status::kInvalid));
}

/// Where functions may be made to return.
class Overridable {
 public:
  explicit Overridable(const HostText& text)
      : address_(text.address()), features_(ebpf_port_features()) {
    SetHostFeatures(features_ | EBPF_PORT_OVERRIDE);
    SetHostOverridable(address_, true);
  }
  ~Overridable() {
    SetHostOverridable(address_, false);
    SetHostFeatures(features_);
  }

 private:
  const uint64_t address_;
  const uint32_t features_;
};

TEST_P(PerfNamedProbeTest, AProgramMayMakeTheFunctionReturn) {
  const Overridable overridable(text_);
  const PerfEventAttr attr = Make("p:a named_add x=%ax ip=%ip", "a");
  EXPECT_EQ(files_.Write1("events/kprobes/a/enable", "1"), 1);
  const int64_t event = caller_.OpenEvent(attr);
  const int64_t link = Link(LoadOverriding(), event);
  ASSERT_GE(link, 0);
  EXPECT_EQ(Call(40, 2), 7u);
  EXPECT_EQ(Count(event), 0u) << "it keeps the hit from perf, as in Linux";
  // The trace has it, with the registers of before.
  const std::string trace = files_.ReadAll("trace");
  const size_t at = trace.find("ip=");
  ASSERT_NE(at, std::string::npos) << trace;
  char ip[32];
  snprintf(ip, sizeof(ip), "ip=0x%llx\n",
           static_cast<unsigned long long>(text_.address() + 1));
  EXPECT_EQ(trace.substr(at), ip);
  EXPECT_EQ(trace.find("x=0x7 "), std::string::npos);
  // Another probe of the event must be where that may be.
  EXPECT_EQ(files_.Write1("kprobe_events", "p:a named_add+4 x=%ax ip=%ip\n",
                          linux_abi::kOpenWriteOnly | linux_abi::kOpenAppend),
            Minus(Status::kInvalid));
  EXPECT_EQ(caller_.CloseFd(link), 0);
  EXPECT_EQ(Call(40, 2), 42u);
  EXPECT_EQ(Count(event), 1u);
  EXPECT_EQ(files_.Write1("events/kprobes/a/enable", "0"), 1);
}

TEST_P(PerfNamedProbeTest, AProgramMayChangeWhatAFunctionReturned) {
  const Overridable overridable(text_);
  const int64_t event = caller_.OpenEvent(Make("r:a named_add $retval", "a"));
  ASSERT_EQ(SetProgram(event, LoadOverriding()), 0);
  EXPECT_EQ(Call(40, 2), 7u);
  EXPECT_EQ(Count(event), 1u);
}

TEST_P(PerfNamedProbeTest, AFunctionReturnsWhereItMayOnly) {
  const auto refuses = [&](const char* line) {
    const int64_t event = caller_.OpenEvent(Make(line, "a"));
    const int64_t program = LoadOverriding();
    EXPECT_EQ(SetProgram(event, program), Minus(Status::kInvalid)) << line;
    EXPECT_EQ(Link(program, event), Minus(Status::kInvalid)) << line;
    EXPECT_EQ(Call(40, 2), 42u);
    caller_.CloseFd(event);
    ASSERT_EQ(Remove("a"), 3);
  };
  {
    const Overridable overridable(text_);
    refuses("p:a named_add+4");
    refuses("p:a named_add\np:a named_add+4");
  }
  const uint32_t features = ebpf_port_features();
  SetHostFeatures(features | EBPF_PORT_OVERRIDE);
  refuses("p:a named_add");
  refuses("r:a named_add");
  SetHostFeatures(features);
}

TEST_P(PerfNamedProbeTest, ProgramsAreToldWhichOfAnEventsProbesWasHit) {
  HostText other("named_other", kAdd);
  const int64_t event =
      caller_.OpenEvent(Make("p:a named_add\np:a named_other+1", "a"));
  const int64_t map = SeenMap();
  ASSERT_EQ(SetProgram(event, LoadSeeing(map)), 0);
  Call();
  EXPECT_EQ(What(map).function, text_.address());
  other.As<Function>()(1, 2);
  EXPECT_EQ(What(map).ip, other.address() + 2);
  EXPECT_EQ(What(map).function, 0u) << "inside of it";
  EXPECT_EQ(What(map).runs, 2u);
  EXPECT_EQ(Count(event), 2u);
  // One goes, and who asks is told of the other.
  std::string name;
  EXPECT_EQ(Query(event, &name).probe_offset, 0u);
  EXPECT_EQ(name, "named_add");
  EXPECT_EQ(Remove("a named_add"), 13);
  EXPECT_EQ(Query(event, &name).probe_offset, 1u);
  EXPECT_EQ(name, "named_other");
  Call();
  EXPECT_EQ(Count(event), 2u);
  other.As<Function>()(1, 2);
  EXPECT_EQ(Count(event), 3u);
  caller_.CloseFd(event);
  EXPECT_EQ(Remove("a"), 3);
}

TEST_P(PerfNamedProbeTest, WhoAsksIsToldOfAKprobe) {
  const struct {
    std::string line;
    uint64_t offset;
    uint32_t fd_type;
    uint32_t event_type;
  } kCases[] = {
      {"p:a named_add+1", 1, linux_abi::kFdKprobe, linux_abi::kPerfEventKprobe},
      {"r:a named_add", 0, linux_abi::kFdKretprobe,
       linux_abi::kPerfEventKretprobe},
  };
  for (const auto& one : kCases) {
    const int64_t event = caller_.OpenEvent(Make(one.line, "a"));
    const int64_t program = caller_.Load(kKprobe, Returning(1));
    const int64_t link = Link(program, event, 5);
    ASSERT_GE(link, 0);
    std::string name;
    const linux_abi::TaskFdQueryAttr told = Query(event, &name);
    EXPECT_EQ(told.fd_type, one.fd_type);
    EXPECT_EQ(name, "named_add");
    EXPECT_EQ(told.probe_offset, one.offset);
    EXPECT_EQ(told.probe_addr, text_.address() + one.offset);

    LinkInfo info{};
    info.probe.name = caller_.Put(nullptr, 64);
    info.probe.name_size = 64;
    const uint64_t at = caller_.Put(info);
    ASSERT_EQ(caller_.Call(linux_abi::kObjGetInfoByFd,
                           linux_abi::ObjectInfoAttr{
                               static_cast<uint32_t>(link), sizeof(info), at}),
              0);
    const auto got = caller_.Get<LinkInfo>(at);
    EXPECT_EQ(got.perf_event_type, one.event_type);
    EXPECT_STREQ(static_cast<const char*>(caller_.At(info.probe.name)),
                 "named_add");
    EXPECT_EQ(got.probe.offset, one.offset);
    EXPECT_EQ(got.probe.address, text_.address() + one.offset);
    EXPECT_EQ(got.probe.cookie, 5u);
    EXPECT_EQ(got.probe.missed, 0u);
    caller_.CloseFd(link);
    caller_.CloseFd(event);
    ASSERT_EQ(Remove("a"), 3);
  }
  // A line with an address names no function, and nobody does.
  char line[64];
  snprintf(line, sizeof(line), "p:a 0x%llx",
           static_cast<unsigned long long>(text_.address()));
  const int64_t event = caller_.OpenEvent(Make(line, "a"));
  ASSERT_EQ(SetProgram(event, caller_.Load(kKprobe, Returning(1))), 0);
  std::string name;
  EXPECT_EQ(Query(event, &name).probe_addr, text_.address());
  EXPECT_EQ(name, "");
}

TEST_P(PerfNamedProbeTest, AnEvenResultKeepsAHitFromPerf) {
  const PerfEventAttr attr = Make("p:a named_add", "a");
  const int64_t first = caller_.OpenEvent(attr);
  const int64_t second = caller_.OpenEvent(attr);
  const int64_t map = SeenMap();
  Call();
  ASSERT_EQ(SetProgram(first, LoadSeeing(map, 1)), 0);
  Call();
  EXPECT_EQ(Count(first), 2u);
  // Results of all of an event's programs count, whoever brought them.
  ASSERT_EQ(SetProgram(second, LoadSeeing(map, 2)), 0);
  Call();
  EXPECT_EQ(What(map).runs, 3u) << "each once";
  EXPECT_EQ(Count(first), 2u);
  EXPECT_EQ(Count(second), 2u);
  caller_.CloseFd(second);
  Call();
  EXPECT_EQ(Count(first), 3u);
}

TEST_P(PerfNamedProbeTest, AProgramRunsWhetherTheEventIsEnabledOrNot) {
  PerfEventAttr attr = Make("p:a named_add", "a");
  attr.flags = linux_abi::kPerfDisabled;
  const int64_t event = caller_.OpenEvent(attr);
  const int64_t map = SeenMap();
  ASSERT_EQ(SetProgram(event, LoadSeeing(map)), 0);
  Call();
  EXPECT_EQ(What(map).runs, 1u);
  EXPECT_EQ(Count(event), 0u);
}

TEST_P(PerfNamedProbeTest, AFilterIsOfItsArguments) {
  const int64_t event =
      caller_.OpenEvent(Make("p:a named_add x=%di name=\\\"tea\"", "a"));
  EXPECT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocSetFilter,
                            caller_.Put("y == 1")),
            Minus(Status::kInvalid));
  ASSERT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocSetFilter,
                            caller_.Put("x > 3 && name == \"tea\"")),
            0);
  for (uint64_t i = 0; i < 10; ++i) {
    Call(i, 0);
  }
  EXPECT_EQ(Count(event), 6u);
}

TEST_P(PerfNamedProbeTest, ASampleHasTheRecord) {
  PerfEventAttr attr = Make("p:a named_add x=%di:u16 name=\\\"tea\"", "a");
  attr.sample_type = linux_abi::kPerfSampleIp | linux_abi::kPerfSampleRaw;
  attr.sample_period = 1;
  const int64_t event = caller_.OpenEvent(attr);
  MapPages pages;
  ASSERT_EQ(Mmap(caller_.client(), static_cast<int32_t>(event), 0, 2 * 4096,
                 linux_abi::kProtRead | linux_abi::kProtWrite, &pages),
            0);
  Call(0x12345, 0);
  const auto page = LoadUnaligned<ring::PerfPage>(pages.address);
  ASSERT_EQ(page.data_head % 8, 0u);
  const uint8_t* at = pages.address + 4096 + sizeof(ring::PerfRecordHeader);
  EXPECT_EQ(LoadUnaligned<uint64_t>(at), text_.address() + 1);
  at += 12;  // and the size
  EXPECT_EQ(LoadUnaligned<uint16_t>(at), attr.config);
  EXPECT_EQ(LoadUnaligned<uint64_t>(at + 8), text_.address());
  EXPECT_EQ(LoadUnaligned<uint16_t>(at + 16), 0x2345u);
  EXPECT_EQ(LoadUnaligned<uint32_t>(at + 18), uint32_t{4} << 16 | 22);
  EXPECT_STREQ(reinterpret_cast<const char*>(at + 22), "tea");
}

TEST_P(PerfNamedProbeTest, WhoHasAnEventOnItKeepsIt) {
  const PerfEventAttr attr = Make("p:a named_add", "a");
  const int64_t event = caller_.OpenEvent(attr);
  EXPECT_EQ(Remove("a"), Minus(Status::kBusy));
  EXPECT_EQ(files_.Write1("kprobe_events", ""), Minus(Status::kBusy));
  const int64_t link = Link(caller_.Load(kKprobe, Returning(1)), event);
  ASSERT_GE(link, 0);
  caller_.CloseFd(event);
  EXPECT_EQ(Remove("a"), Minus(Status::kBusy)) << "the link has it";
  caller_.CloseFd(link);
  EXPECT_EQ(Remove("a"), 3);
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid));
}

TEST_P(PerfNamedProbeTest, EveryAllocationMayFail) {
  const PerfEventAttr attr = Make("r:a named_add x=$retval", "a");
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  FailEachAllocation(
      "an event on a named probe", caller_,
      [&]() -> int64_t {
        const int64_t event = caller_.OpenEvent(attr);
        if (event < 0) {
          return event;
        }
        const int64_t result = SetProgram(event, program);
        if (result < 0) {
          caller_.CloseFd(event);
          return result;
        }
        return event;
      },
      [&](int64_t event) { EXPECT_EQ(caller_.CloseFd(event), 0); });
}

}  // namespace
}  // namespace ebpf
