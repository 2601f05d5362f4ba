// SPDX-License-Identifier: MIT
//
// Programs on the arguments of tracepoints: BPF_RAW_TRACEPOINT_OPEN, and
// BPF_LINK_CREATE of those that know the arguments' types. What Linux says is
// what 6.18 said when it was asked.
#include <string>
#include <vector>

#include "core/files/link_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/objects/raw_tracepoint_link.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

using linux_abi::LinkCreateAttr;
using linux_abi::LinkInfo;
using linux_abi::RawTracepointAttr;

constexpr uint32_t kRawTracepoint = 17;
constexpr uint32_t kRawTracepointWritable = 24;
constexpr uint32_t kTracing = 26;
constexpr uint32_t kTraceRawTp = 23;

struct Subject {
  uint64_t first;
  int32_t pid;
};

/// raw_test:subject_event(subject, number).
struct SubjectEvent {
  static constexpr char kSystem[] = "raw_test";
  static constexpr char kName[] = "subject_event";
  struct Record {
    EventHeader header;
    int32_t pid;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("pid_t", pid)};
  static constexpr char kPrintFormat[] = "\"pid=%d\", REC->pid";
  static void Fill(Record& record, const Subject* subject, int64_t) {
    record.pid = subject->pid;
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(SubjectEvent);

/// raw_test:buffer_event(buffer), which may be written.
struct BufferEvent {
  static constexpr char kSystem[] = "raw_test";
  static constexpr char kName[] = "buffer_event";
  static constexpr uint32_t kWritableSize = 16;
  struct Record {
    EventHeader header;
  };
  static constexpr Span<const EventField> kFields = {};
  static constexpr char kPrintFormat[] = "\"\"";
  static void Fill(Record&, uint64_t*) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(BufferEvent);

/// What the typedef of a tracepoint that is not here is called, too.
struct KernelTypesOfTest {
  KernelTypesOfTest() {
    using btf::Kind;
    btf::Builder b;
    const uint32_t wide = b.Add(Kind::kInt, b.Name("long"), 8, {1u << 24 | 64});
    const uint32_t number =
        b.Add(Kind::kInt, b.Name("int"), 4, {1u << 24 | 32});
    const uint32_t subject = b.AddStruct(
        "subject", sizeof(Subject),
        {{"first", wide, 0}, {"pid", number, offsetof(Subject, pid)}});
    const uint32_t to_subject = b.Add(Kind::kPointer, 0, subject);
    const uint32_t to_void = b.Add(Kind::kPointer, 0, 0);
    const uint32_t prototype =
        b.Add(Kind::kFunctionProto, 0, 0,
              {b.Name("data"), to_void, b.Name("subject"), to_subject,
               b.Name("number"), wide},
              3);
    const uint32_t pointer = b.Add(Kind::kPointer, 0, prototype);
    subject_event =
        b.Add(Kind::kTypedef, b.Name("btf_trace_subject_event"), pointer);
    absent_event =
        b.Add(Kind::kTypedef, b.Name("btf_trace_absent_event"), pointer);
    bytes = b.Blob();
    types = *btf::BtfObject::Create(ConstBytes(bytes.data(), bytes.size()),
                                    PortAllocator());
  }

  std::vector<uint8_t> bytes;
  Ref<btf::BtfObject> types;
  uint32_t subject_event;
  uint32_t absent_event;
};

class RawTracepointTest : public testing::TestWithParam<Origin> {
 protected:
  RawTracepointTest()
      : system_(KernelView{.btf = &kernel_.types->btf()}),
        caller_(GetParam()),
        map_(caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1)) {}
  ~RawTracepointTest() override { caller_.client().fds().CloseAll(); }

  int64_t OpenNamed(uint64_t name, int64_t program, uint64_t cookie = 0) {
    return caller_.Call(
        linux_abi::kRawTracepointOpen,
        RawTracepointAttr{name, static_cast<uint32_t>(program), 0, cookie});
  }
  int64_t Open(const char* name, int64_t program, uint64_t cookie = 0) {
    return OpenNamed(caller_.Put(name), program, cookie);
  }
  int64_t LinkTyped(int64_t program, uint64_t cookie = 0,
                    uint32_t type = kTraceRawTp) {
    LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.attach_type = type;
    attr.details[1] = cookie;
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }
  int64_t LoadTyped(const Code& code, uint32_t target) {
    linux_abi::ProgLoadAttr attr = caller_.Program(kTracing, code);
    attr.expected_attach_type = kTraceRawTp;
    attr.attach_btf_id = target;
    return caller_.Call(linux_abi::kProgLoad, attr);
  }
  /// The map's value becomes what r0 is; and the end.
  Code Told() const {
    return {LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map_)),
            LoadHigh(0), Insn(0x7b, 1, 0, 0, 0), MovImm(0, 0), Exit()};
  }
  /// It tells the word at `offset` of its context.
  int64_t Reading(int16_t offset) {
    return caller_.Load(kRawTracepoint,
                        Code{Insn(0x79, 0, 1, offset, 0)} + Told());
  }
  uint64_t Value() {
    const uint64_t value = caller_.Put(uint64_t{0});
    EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map_,
                           caller_.Put(uint32_t{0}), value),
              0);
    return caller_.Get<uint64_t>(value);
  }
  ProgramStats StatsOf(int64_t program) {
    return (*caller_.client().fds().Get(static_cast<int32_t>(program)))
        ->AsProgram()
        ->program()
        ->Stats();
  }
  uint64_t Runs(int64_t program) { return StatsOf(program).runs; }
  int64_t Info(int64_t fd, LinkInfo& info) {
    const uint64_t at = caller_.Put(info);
    const int64_t result = caller_.Call(
        linux_abi::kObjGetInfoByFd,
        linux_abi::ObjectInfoAttr{static_cast<uint32_t>(fd), sizeof(info), at});
    info = caller_.Get<LinkInfo>(at);
    return result;
  }
  void Pass(int64_t number = -5) {
    EBPF_TRACE(SubjectEvent, &subject_, number);
  }

  const KernelTypesOfTest kernel_;
  TestSystem system_;
  TestCaller caller_;
  const int64_t map_;
  const Subject subject_ = {77, 4711};
};

INSTANTIATE_TEST_SUITE_P(, RawTracepointTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(RawTracepointTest, AProgramGetsTheArgumentsWhileItsLinkIsOpen) {
  const int64_t program = Reading(8);
  Pass();
  EXPECT_EQ(Runs(program), 0u);
  const int64_t link = Open("subject_event", program);
  ASSERT_GE(link, 0);
  EXPECT_TRUE(SubjectEvent::tracepoint.key.enabled());

  Pass(-5);
  EXPECT_EQ(Value(), static_cast<uint64_t>(-5));
  const int64_t first = Reading(0);
  const int64_t other = Open("subject_event", first);
  Pass(6);
  EXPECT_EQ(Value(), reinterpret_cast<uint64_t>(&subject_));
  EXPECT_EQ(Runs(program), 2u);
  EXPECT_EQ(Runs(first), 1u);

  caller_.CloseFd(other);
  Pass(7);
  EXPECT_EQ(Value(), 7u);
  caller_.CloseFd(link);
  EXPECT_FALSE(SubjectEvent::tracepoint.key.enabled());
  Pass(8);
  EXPECT_EQ(Value(), 7u);
  EXPECT_EQ(Runs(program), 3u);
}

TEST_P(RawTracepointTest, AProgramMayHaveSeveralLinks) {
  const int64_t program = Reading(8);
  const int64_t link = Open("subject_event", program);
  const int64_t again = Open("subject_event", program);
  ASSERT_GE(link, 0);
  ASSERT_GE(again, 0);
  Pass();
  EXPECT_EQ(Runs(program), 2u);
  caller_.CloseFd(link);
  Pass();
  EXPECT_EQ(Runs(program), 3u);
}

TEST_P(RawTracepointTest, WhatCannotBeOpenedIsSaidAsLinuxDoes) {
  const int64_t raw = caller_.Load(kRawTracepoint, Returning(0));
  const int64_t kprobe = caller_.Load(kKprobe, Returning(0));
  const int64_t typed = LoadTyped(Returning(0), kernel_.subject_event);
  ASSERT_GE(typed, 0);
  const int64_t not_found = Minus(Status::kNotFound);
  const int64_t invalid = Minus(Status::kInvalid);
  EXPECT_EQ(Open("absent_event", raw), not_found);
  EXPECT_EQ(Open("", raw), not_found);
  EXPECT_EQ(Open("raw_test:subject_event", raw), not_found);
  EXPECT_EQ(Open(std::string(127, 's').c_str(), raw), not_found);
  EXPECT_EQ(Open(std::string(128, 's').c_str(), raw), not_found);
  EXPECT_EQ(OpenNamed(0, raw), Minus(Status::kFault));
  EXPECT_EQ(Open("subject_event", kprobe), invalid);
  EXPECT_EQ(OpenNamed(0, kprobe), invalid);
  EXPECT_EQ(Open("subject_event", -1), Minus(Status::kBadFd));
  EXPECT_EQ(Open("subject_event", typed), invalid);
  EXPECT_EQ(Open("", typed), invalid);
  // Raw programs have no other links.
  for (const uint32_t type : {0u, kTraceRawTp, 41u}) {
    EXPECT_EQ(LinkTyped(raw, 0, type), invalid) << type;
  }
  EXPECT_EQ(LinkTyped(typed, 0, 0), invalid);
  EXPECT_EQ(LinkTyped(LoadTyped(Returning(0), kernel_.absent_event)),
            not_found);
  EXPECT_FALSE(SubjectEvent::tracepoint.key.enabled());
}

TEST_P(RawTracepointTest, AProgramReadsNoMoreThanThereIs) {
  const int64_t invalid = Minus(Status::kInvalid);
  EXPECT_GE(Open("subject_event", Reading(8)), 0);
  EXPECT_EQ(Open("subject_event", Reading(16)), invalid);
  EXPECT_EQ(Open("subject_event", Reading(88)), invalid);
  EXPECT_EQ(Open("buffer_event", Reading(8)), invalid);
  // Each byte counts.
  const int64_t byte =
      caller_.Load(kRawTracepoint, {Insn(0x71, 0, 1, 15, 0), Exit()});
  EXPECT_GE(Open("subject_event", byte), 0);
  EXPECT_EQ(Open("buffer_event", byte), invalid);
}

TEST_P(RawTracepointTest, AProgramWritesTheBufferThatItIsGiven) {
  const auto writing = [this](int16_t offset) {
    return caller_.Load(kRawTracepointWritable,
                        {Insn(0x79, 2, 1, 0, 0), Insn(0x7a, 2, 0, offset, 33),
                         MovImm(0, 0), Exit()});
  };
  uint64_t buffer[2] = {};
  ASSERT_GE(Open("buffer_event", writing(8)), 0);
  EBPF_TRACE(BufferEvent, buffer);
  EXPECT_EQ(buffer[0], 0u);
  EXPECT_EQ(buffer[1], 33u);

  EXPECT_EQ(Open("buffer_event", writing(16)), Minus(Status::kInvalid));
  EXPECT_EQ(Open("subject_event", writing(0)), Minus(Status::kInvalid));
  EXPECT_GE(
      Open("subject_event", caller_.Load(kRawTracepointWritable, Returning(0))),
      0);
}

TEST_P(RawTracepointTest, TypedProgramsFollowTheirArguments) {
  const int64_t program =
      LoadTyped(Code{Insn(0x79, 1, 1, 0, 0),
                     Insn(0x61, 0, 1, offsetof(Subject, pid), 0)} +
                    Told(),
                kernel_.subject_event);
  ASSERT_GE(program, 0);
  for (const bool by_link : {true, false}) {
    const int64_t link = by_link ? LinkTyped(program) : OpenNamed(0, program);
    ASSERT_GE(link, 0);
    const uint64_t runs = Runs(program);
    Pass();
    EXPECT_EQ(Value(), 4711u);
    EXPECT_EQ(Runs(program), runs + 1);
    caller_.CloseFd(link);
  }
  // Behind its struct there is nothing for it.
  EXPECT_EQ(LoadTyped({Insn(0x79, 1, 1, 0, 0), Insn(0x79, 0, 1, 16, 0), Exit()},
                      kernel_.subject_event),
            Minus(Status::kAccess));
  EXPECT_EQ(LoadTyped({Insn(0x79, 0, 1, 16, 0), Exit()}, kernel_.subject_event),
            Minus(Status::kAccess));
}

TEST_P(RawTracepointTest, AProgramSeesTheCookieOfItsLink) {
  const Code code = Code{CallHelper(174)} + Told();
  const int64_t raw = caller_.Load(kRawTracepoint, code);
  const int64_t typed = LoadTyped(code, kernel_.subject_event);
  ASSERT_GE(typed, 0);
  const auto seen = [this](int64_t link) {
    EXPECT_GE(link, 0);
    Pass();
    caller_.CloseFd(link);
    return Value();
  };
  EXPECT_EQ(seen(Open("subject_event", raw, 1ull << 40)), 1ull << 40);
  EXPECT_EQ(seen(Open("subject_event", raw)), 0u);
  EXPECT_EQ(seen(OpenNamed(0, typed, 2)), 2u);
  EXPECT_EQ(seen(LinkTyped(typed, 3)), 3u);
}

TEST_P(RawTracepointTest, ALinkTellsWhatItIs) {
  const int64_t program = caller_.Load(kRawTracepoint, Returning(0));
  const int64_t fd = Open("subject_event", program, 0x1234);
  LinkInfo info{};
  ASSERT_EQ(Info(fd, info), 0);
  EXPECT_EQ(info.type, linux_abi::kLinkRawTracepoint);
  EXPECT_EQ(info.id, *LinkIds().FirstId(1));
  EXPECT_EQ(info.prog_id, *ProgramIds().FirstId(1));
  EXPECT_EQ(info.raw_tracepoint.name, 0u);
  EXPECT_EQ(info.raw_tracepoint.name_size, 14u);
  EXPECT_EQ(info.raw_tracepoint.cookie, 0x1234u);

  info.raw_tracepoint.name = caller_.Put(nullptr, 16);
  info.raw_tracepoint.name_size = 14;
  ASSERT_EQ(Info(fd, info), 0);
  const auto* const name =
      static_cast<const char*>(caller_.At(info.raw_tracepoint.name));
  EXPECT_STREQ(name, "subject_event");
  info.raw_tracepoint.name_size = 13;
  EXPECT_EQ(Info(fd, info), Minus(Status::kNoSpace));
  EXPECT_STREQ(name, "subject_even");
  info.raw_tracepoint.name_size = 0;
  EXPECT_EQ(Info(fd, info), Minus(Status::kInvalid));
  info.raw_tracepoint.name = 0;
  info.raw_tracepoint.name_size = 5;
  EXPECT_EQ(Info(fd, info), Minus(Status::kInvalid));

  char text[512];
  const int64_t size = DescribeFd(caller_.client(), static_cast<int32_t>(fd),
                                  Span<char>(text, sizeof(text)));
  EXPECT_EQ(std::string(text, static_cast<size_t>(size)),
            "link_type:\traw_tracepoint\nlink_id:\t" + std::to_string(info.id) +
                "\nprog_tag:\ta04f5eef06a7f555\nprog_id:\t" +
                std::to_string(info.prog_id) +
                "\ntp_name:\tsubject_event\ncookie:\t4660\n");
  EXPECT_STREQ((*caller_.client().fds().Get(static_cast<int32_t>(fd)))->name(),
               "anon_inode:bpf_link");
}

TEST_P(RawTracepointTest, ItsDescriptorIsAskedForByItsProcess) {
  SetHostTask(4711, 4700, "test");
  const int64_t program = caller_.Load(kRawTracepoint, Returning(0));
  const int64_t fd = Open("subject_event", program);
  linux_abi::TaskFdQueryAttr attr{};
  const auto ask = [&](uint32_t room) {
    attr = {};
    attr.pid = 4711;
    attr.fd = static_cast<uint32_t>(fd);
    attr.buf = caller_.Put(nullptr, 32);
    attr.buf_len = room;
    const uint64_t at = caller_.Put(attr);
    const int64_t result =
        caller_.BpfAt(linux_abi::kTaskFdQuery, at, sizeof(attr));
    attr = caller_.Get<linux_abi::TaskFdQueryAttr>(at);
    return result;
  };
  EXPECT_EQ(ask(32), 0);
  EXPECT_STREQ(static_cast<char*>(caller_.At(attr.buf)), "subject_event");
  EXPECT_EQ(attr.buf_len, 13u);
  EXPECT_EQ(attr.prog_id, *ProgramIds().FirstId(1));
  EXPECT_EQ(attr.fd_type, linux_abi::kFdRawTracepoint);
  EXPECT_EQ(attr.probe_offset, 0u);
  EXPECT_EQ(attr.probe_addr, 0u);
  EXPECT_EQ(ask(13), Minus(Status::kNoSpace));
  EXPECT_STREQ(static_cast<char*>(caller_.At(attr.buf)), "subject_even");
  EXPECT_EQ(attr.prog_id, *ProgramIds().FirstId(1));
  SetHostTask(1, 1, "host");
}

TEST_P(RawTracepointTest, LinksAreNeitherUpdatedNorDetached) {
  const int64_t program = caller_.Load(kRawTracepoint, Returning(0));
  const auto fd = static_cast<uint32_t>(program);
  const auto link = static_cast<uint32_t>(Open("subject_event", program));
  EXPECT_EQ(
      caller_.Call(linux_abi::kLinkDetach, linux_abi::LinkDetachAttr{link}),
      Minus(Status::kNotSupported));
  EXPECT_EQ(caller_.Call(linux_abi::kLinkUpdate,
                         linux_abi::LinkUpdateAttr{link, fd, 0, 0}),
            Minus(Status::kInvalid));
  EXPECT_EQ(caller_.Call(linux_abi::kLinkUpdate,
                         linux_abi::LinkUpdateAttr{link, fd, 4, fd}),
            Minus(Status::kInvalid));
  Pass();
  EXPECT_EQ(Runs(program), 1u);
}

[[gnu::noinline]] void PassFrom(const Subject& subject) {
  EBPF_TRACE(SubjectEvent, &subject, 1);
  asm volatile("");  // no tail call
}

/// Whether `address` is in the function that begins at `function`.
bool IsIn(uint64_t address, void (*function)(const Subject&)) {
  return address - reinterpret_cast<uint64_t>(function) < 300;
}

TEST_P(RawTracepointTest, TheStackIsThatOfWhoPassesTheTracepoint) {
  constexpr size_t kDepth = 16;
  struct Stack {
    int64_t size;
    uint64_t addresses[kDepth];
  };
  const int64_t stack =
      caller_.CreateMap(linux_abi::kMapTypeArray, 4, sizeof(Stack), 1);
  const int64_t by_id =
      caller_.CreateMap(linux_abi::kMapTypeStackTrace, 4, 8 * kDepth, 4);
  // get_stack(ctx, value + 8, 8 * kDepth, 0); get_stackid(ctx, by_id, REUSE).
  const Code code = Code{MovReg(7, 1),
                         LoadLow(6, 2, static_cast<int32_t>(stack)),
                         LoadHigh(0),
                         MovReg(2, 6),
                         Insn(0x07, 2, 0, 0, 8),
                         MovImm(3, 8 * kDepth),
                         MovImm(4, 0),
                         CallHelper(67),
                         Insn(0x7b, 6, 0, 0, 0),
                         MovReg(1, 7),
                         LoadLow(2, 1, static_cast<int32_t>(by_id)),
                         LoadHigh(0),
                         MovImm(3, linux_abi::kStackReuseId),
                         CallHelper(27)} +
                    Told();
  for (const bool typed : {false, true}) {
    const int64_t program = typed ? LoadTyped(code, kernel_.subject_event)
                                  : caller_.Load(kRawTracepoint, code);
    ASSERT_GE(program, 0);
    const int64_t link =
        typed ? LinkTyped(program) : Open("subject_event", program);
    PassFrom(subject_);
    caller_.CloseFd(link);

    const uint64_t at = caller_.Put(Stack{});
    const uint64_t key = caller_.Put(uint32_t{0});
    ASSERT_EQ(caller_.Elem(linux_abi::kMapLookupElem, stack, key, at), 0);
    const Stack copied = caller_.Get<Stack>(at);
    const uint64_t id = Value();
    ASSERT_LT(id, 4u) << typed;
    const uint64_t id_key = caller_.Put(static_cast<uint32_t>(id));
    const uint64_t named_at = caller_.Put(nullptr, 8 * kDepth);
    ASSERT_EQ(caller_.Elem(linux_abi::kMapLookupElem, by_id, id_key, named_at),
              0);
    int copies = 0;
    int names = 0;
    for (size_t i = 0; i < kDepth; ++i) {
      const uint64_t named =
          caller_.Get<uint64_t>(named_at + i * sizeof(uint64_t));
      copies += IsIn(copied.addresses[i], PassFrom) ? 1 : 0;
      names += IsIn(named, PassFrom) ? 1 : 0;
    }
    EXPECT_GE(copied.size, int64_t{8 * 3});
    EXPECT_EQ(copies, 1) << typed;
    EXPECT_EQ(names, 1) << typed;
  }
}

/// Each line is told to all that do not run, whose lines are told to those that
/// still do not: n + n (n - 1) + n (n - 1) (n - 2) runs and no more, since the
/// fourth line inside of lines is EBUSY. All numbers are Linux 6.18's.
TEST_P(RawTracepointTest, ProgramsThatAreToldOfLinesPrintThemLikeOnLinux) {
  const Code printing = {MovImm(1, 'x'), Insn(0x7b, 10, 1, -8, 0),
                         MovReg(1, 10),  Insn(0x07, 1, 0, 0, -8),
                         MovImm(2, 2),   CallHelper(6),
                         MovImm(0, 0),   Exit()};
  const int64_t first = caller_.Load(kRawTracepoint, printing);
  ASSERT_GE(Open("subject_event", first), 0);
  constexpr struct {
    size_t programs;
    uint64_t runs;
    uint64_t missed;
  } kOnLinux[] = {{1, 1, 1},   {2, 4, 6},    {3, 15, 15},
                  {4, 40, 28}, {6, 156, 66}, {8, 400, 120}};
  std::vector<int64_t> programs;
  ProgramStats before{};
  for (const auto& expected : kOnLinux) {
    while (programs.size() < expected.programs) {
      programs.push_back(caller_.Load(kRawTracepoint, printing));
      ASSERT_GE(Open("bpf_trace_printk", programs.back()), 0);
    }
    Pass();
    ProgramStats after{};
    for (const int64_t program : programs) {
      after.runs += StatsOf(program).runs;
      after.missed += StatsOf(program).missed;
    }
    EXPECT_EQ(after.runs - before.runs, expected.runs);
    EXPECT_EQ(after.missed - before.missed, expected.missed);
    before = after;
  }
}

TEST_P(RawTracepointTest, EachAllocationMayFail) {
  const int64_t program = caller_.Load(kRawTracepoint, Returning(0));
  const uint64_t name = caller_.Put("subject_event");
  FailEachAllocation(
      "open a raw tracepoint", caller_,
      [&] {
        const int64_t link = OpenNamed(name, program);
        EXPECT_EQ(SubjectEvent::tracepoint.key.enabled(), link >= 0);
        return link;
      },
      [&](int64_t link) {
        caller_.CloseFd(link);
        EXPECT_FALSE(SubjectEvent::tracepoint.key.enabled());
      });
}

}  // namespace
}  // namespace ebpf
