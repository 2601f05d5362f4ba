// SPDX-License-Identifier: MIT
//
// Programs on trace events, by perf events.
#include <string>
#include <vector>

#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/traced_notes.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {

EBPF_TRACEPOINT(Note);

namespace {

using PerfTracepointProgramTest = TracedNotesTest;

INSTANTIATE_TEST_SUITE_P(, PerfTracepointProgramTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

// --- Programs --------------------------------------------------------------

/// r0 = the field of 8 bytes at `offset`.
Code Field(int16_t offset, uint8_t load = 0x79) {
  return {Insn(load, 0, 1, offset, 0), Exit()};
}

TEST_P(PerfTracepointProgramTest,
       AProgramSeesTheRecordAndDecidesWhatIsCounted) {
  const int64_t event = caller_.OpenEvent(Attr(linux_abi::kPerfSampleRaw, 1));
  ASSERT_EQ(Map(event), 0);
  EXPECT_EQ(SetProgram(event, Load(Field(8))), 0);
  for (uint64_t i = 0; i < 8; ++i) {
    Pass(i);
  }
  // As in Linux, a result's lowest bit is what counts.
  EXPECT_EQ(Count(event), 4u);
  const std::vector<Taken> samples = Samples();
  ASSERT_EQ(samples.size(), 4u);
  for (uint64_t i = 0; i < 4; ++i) {
    const auto record = samples[i].At<Note::Record>(4);
    EXPECT_EQ(record.number, 2 * i + 1);
    // The program found something else there.
    EXPECT_EQ(record.header.type, Note::tracepoint.id);
  }
}

TEST_P(PerfTracepointProgramTest, ProgramsOfSeveralEventsRunOnceEach) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  // lock *(u64 *)value += 1 << 16 * n; r0 = 1
  const auto counting = [&](int32_t step) {
    return Load({LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map)),
                 LoadHigh(0), MovImm(2, step), Insn(0xdb, 1, 2, 0, 0),
                 MovImm(0, 1), Exit()});
  };
  const auto value = [&] {
    const uint64_t to = caller_.Put(uint64_t{0});
    EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                           caller_.Put(uint32_t{0}), to),
              0);
    return caller_.Get<uint64_t>(to);
  };
  PerfEventAttr attr = Attr();
  const int64_t first = caller_.OpenEvent(attr);
  attr.flags = linux_abi::kPerfDisabled;
  const int64_t second = caller_.OpenEvent(attr, -1, 3);  // elsewhere, and off
  EXPECT_EQ(SetProgram(first, counting(1)), 0);
  EXPECT_EQ(SetProgram(second, counting(0x10000)), 0);
  Pass(1);
  std::thread([] {
    HostCpu cpu(2);
    Pass(1);
  }).join();
  EXPECT_EQ(value(), 0x20002u);
  EXPECT_EQ(Count(first), 1u);
  EXPECT_EQ(Count(second), 0u);
  // One that filters does so for all.
  const int64_t third = caller_.OpenEvent(attr);
  EXPECT_EQ(SetProgram(third, Load(Returning(0))), 0);
  Pass(1);
  EXPECT_EQ(Count(first), 1u);
  EXPECT_EQ(value(), 0x30003u);
  caller_.CloseFd(third);
  Pass(1);
  EXPECT_EQ(Count(first), 2u);
  caller_.CloseFd(second);
  Pass(1);
  EXPECT_EQ(value(), 0x40005u);
}

TEST_P(PerfTracepointProgramTest, WhichProgramsItTakes) {
  const int64_t event = caller_.OpenEvent(Attr());
  const int64_t program = Load(Returning(1));
  EXPECT_EQ(SetProgram(event, 77), Minus(Status::kBadFd));
  EXPECT_EQ(SetProgram(event, event), Minus(Status::kInvalid));
  EXPECT_EQ(SetProgram(event, Load(Returning(0), kKprobe)),
            Minus(Status::kInvalid));
  EXPECT_EQ(SetProgram(event, Load(Returning(0), 7)), Minus(Status::kInvalid));
  // Fields end at 24, though there is more in the record.
  EXPECT_EQ(SetProgram(event, Load(Field(kFieldsEnd, 0x61))),
            Minus(Status::kAccess));
  EXPECT_EQ(SetProgram(event, Load(Field(kFieldsEnd, 0x71))),
            Minus(Status::kAccess));
  EXPECT_EQ(SetProgram(event, Load(Field(kFieldsEnd - 4, 0x61))), 0);
  EXPECT_EQ(SetProgram(event, program), Minus(Status::kExists));
  // The same program twice on one tracepoint.
  const int64_t second = caller_.OpenEvent(Attr());
  const int64_t third = caller_.OpenEvent(Attr());
  EXPECT_EQ(SetProgram(second, program), 0);
  EXPECT_EQ(SetProgram(third, program), Minus(Status::kExists));
  EXPECT_EQ(SetProgram(third, Load(Returning(1))), 0);
}

TEST_P(PerfTracepointProgramTest,
       NoMoreThanSixtyFourProgramsAreOnOneTracepoint) {
  std::vector<int64_t> events;
  for (uint32_t i = 0; i < linux_abi::kMaxTracePrograms; ++i) {
    const int64_t program = Load(Returning(1));
    events.push_back(caller_.OpenEvent(Attr()));
    ASSERT_EQ(SetProgram(events.back(), program), 0);
    caller_.CloseFd(program);
  }
  const int64_t event = caller_.OpenEvent(Attr());
  EXPECT_EQ(SetProgram(event, Load(Returning(1))), Minus(Status::kTooBig));
  caller_.CloseFd(events[10]);
  EXPECT_EQ(SetProgram(event, Load(Returning(1))), 0);
}

TEST_P(PerfTracepointProgramTest, TheProgramsOfATracepointCanBeListed) {
  struct Query {
    uint32_t ids_len;
    uint32_t prog_cnt;
    uint32_t ids[4];
  };
  const int64_t first = caller_.OpenEvent(Attr());
  const int64_t second = caller_.OpenEvent(Attr());
  const auto ask = [&](uint32_t room, int64_t result) {
    const uint64_t at = caller_.Put(Query{room, 99, {}});
    EXPECT_EQ(Ioctl(first, linux_abi::kPerfIocQueryBpf, at), result);
    return caller_.Get<Query>(at);
  };
  EXPECT_EQ(ask(4, 0).prog_cnt, 0u);
  EXPECT_EQ(SetProgram(first, Load(Returning(1))), 0);
  EXPECT_EQ(SetProgram(second, Load(Returning(1))), 0);
  const Query both = ask(4, 0);
  EXPECT_EQ(both.prog_cnt, 2u);
  EXPECT_NE(both.ids[0], 0u);
  EXPECT_NE(both.ids[1], both.ids[0]);
  EXPECT_EQ(ask(0, 0).prog_cnt, 2u);
  const Query one = ask(1, Minus(Status::kNoSpace));
  EXPECT_EQ(one.prog_cnt, 2u);
  EXPECT_EQ(one.ids[0], both.ids[0]);
  EXPECT_EQ(one.ids[1], 0u);
  EXPECT_EQ(ask(65, Minus(Status::kTooBig)).prog_cnt, 99u);
  EXPECT_EQ(Ioctl(first, linux_abi::kPerfIocQueryBpf, 0),
            Minus(Status::kFault));
}

TEST_P(PerfTracepointProgramTest, ALinkKeepsTheProgramThereAndTellsOfIt) {
  PerfEventAttr attr = Attr(linux_abi::kPerfSampleRaw, 1);
  const int64_t event = caller_.OpenEvent(attr);
  linux_abi::LinkCreateAttr link_attr{};
  // r0 = the cookie.
  link_attr.prog_fd = static_cast<uint32_t>(
      Load({CallHelper(helper_id::get_attach_cookie), Exit()}));
  link_attr.target_fd = static_cast<uint32_t>(event);
  link_attr.attach_type = 41;  // BPF_PERF_EVENT
  link_attr.details[0] = 0x1235;
  const int64_t link = caller_.Call(linux_abi::kLinkCreate, link_attr);
  ASSERT_GE(link, 0);
  Pass(1);
  EXPECT_EQ(Count(event), 1u);  // the cookie is odd

  const uint64_t name = caller_.Put(nullptr, 32);
  linux_abi::LinkInfo info{};
  info.tracepoint.name = name;
  info.tracepoint.name_size = 32;
  const uint64_t info_at = caller_.Put(info);
  linux_abi::ObjectInfoAttr ask{};
  ask.fd = static_cast<uint32_t>(link);
  ask.info_size = sizeof(info);
  ask.info = info_at;
  ASSERT_EQ(caller_.Call(linux_abi::kObjGetInfoByFd, ask), 0);
  info = caller_.Get<linux_abi::LinkInfo>(info_at);
  EXPECT_EQ(info.perf_event_type, linux_abi::kPerfEventTracepoint);
  EXPECT_EQ(info.tracepoint.name_size, 5u);
  EXPECT_EQ(info.tracepoint.cookie, 0x1235u);
  EXPECT_STREQ(static_cast<const char*>(caller_.At(name)), "note");

  linux_abi::TaskFdQueryAttr query{};
  uint32_t pid;
  uint32_t tgid;
  ebpf_port_task_ids(&pid, &tgid);
  query.pid = pid;
  query.fd = static_cast<uint32_t>(event);
  query.buf = name;
  query.buf_len = 32;
  const uint64_t query_at = caller_.Put(query);
  ASSERT_EQ(caller_.BpfAt(linux_abi::kTaskFdQuery, query_at, sizeof(query)), 0);
  query = caller_.Get<linux_abi::TaskFdQueryAttr>(query_at);
  EXPECT_EQ(query.fd_type, linux_abi::kFdTracepoint);
  EXPECT_EQ(query.buf_len, 4u);

  EXPECT_EQ(caller_.CloseFd(link), 0);
  Pass(2);
  EXPECT_EQ(Count(event), 2u);
}

}  // namespace
}  // namespace ebpf
