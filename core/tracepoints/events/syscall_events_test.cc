// SPDX-License-Identifier: MIT
#include "core/tracepoints/events/syscall_events.h"

#include <map>
#include <string>
#include <vector>

#include "core/tracepoints/events/raw_syscalls.h"
#include "core/tracepoints/events/syscall_table.h"
#include "core/tracepoints/print_format.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_machine.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

void Enter(int64_t number, uint64_t first = 0, uint64_t second = 0) {
  const uint64_t arguments[kSyscallArguments] = {first, second, 3, 4, 5, 6};
  EBPF_TRACE(RawSyscallsSysEnter, nullptr, number, arguments);
}
void Exit(int64_t number, int64_t result) {
  EBPF_TRACE(RawSyscallsSysExit, nullptr, result, number);
}

TraceEventRef Find(const char* name) {
  return TraceEvents::Find("syscalls", name);
}

std::string TextOf(const TraceEvent& event, const std::string& record) {
  char text[512];
  TextWriter writer(text, sizeof(text));
  PrintRecord(writer, event,
              ConstBytes(reinterpret_cast<const uint8_t*>(record.data()),
                         record.size()));
  return {writer.text().data(), writer.text().size()};
}

class SyscallEventsTest : public TracepointFixture {
 protected:
  SyscallEventsTest() {
    EXPECT_EQ(InitSyscallEvents(PortAllocator(), SyscallNumbers::kX86_64),
              Status::kOk);
  }
  ~SyscallEventsTest() override { ExitSyscallEvents(); }
};

TEST_F(SyscallEventsTest, EachCallHasTwo) {
  size_t calls = 0;
  for (const SyscallInfo& info : SyscallTable()) {
    EXPECT_TRUE(info.x86_64 >= 0 || info.generic >= 0);
    EXPECT_EQ(info.enter_fields.size(), info.argument_count + 1u);
    const bool has_number = info.x86_64 >= 0;
    EXPECT_EQ(bool(TraceEvents::Find("syscalls", info.enter_name)), has_number);
    EXPECT_EQ(bool(TraceEvents::Find("syscalls", info.exit_name)), has_number);
    calls += has_number;
  }
  EXPECT_EQ(calls, 360u);
  EXPECT_EQ(InitSyscallEvents(PortAllocator(), SyscallNumbers::kX86_64),
            Status::kExists);
  EXPECT_EQ(FindTracepoint("sys_enter_read"), nullptr);
}

TEST(SyscallTableTest, NoNumberIsTwoCalls) {
  std::map<int, std::string> x86_64;
  std::map<int, std::string> generic;
  for (const SyscallInfo& info : SyscallTable()) {
    const std::string name(info.enter_name.data(), info.enter_name.size());
    for (const auto& [numbers, number] :
         {std::pair(&x86_64, info.x86_64), std::pair(&generic, info.generic)}) {
      EXPECT_TRUE(number < 0 || numbers->emplace(number, name).second)
          << name << " and " << (*numbers)[number];
    }
  }
  EXPECT_EQ(x86_64[257], "sys_enter_openat");
  EXPECT_EQ(generic[56], "sys_enter_openat");
}

TEST_F(SyscallEventsTest, ACallIsToldUnderItsName) {
  SetHostTask(4711, 4700, "task");
  const TraceEventRef openat = Find("sys_enter_openat");
  const TraceEventRef openat_exit = Find("sys_exit_openat");
  const TraceEventRef getpid = Find("sys_enter_getpid");
  KeptRecords opens;
  KeptRecords results;
  KeptRecords gets;
  Enter(257);  // nobody asks
  ASSERT_EQ(openat->AddConsumer(opens), Status::kOk);
  ASSERT_EQ(openat_exit->AddConsumer(results), Status::kOk);
  ASSERT_EQ(getpid->AddConsumer(gets), Status::kOk);
  Enter(257, 0xffffff9c, 0x7000);
  Exit(257, -2);
  Enter(39, 1, 2);
  Exit(39, 4700);
  Enter(0);
  for (const int64_t number : {-1l, 511l, 512l, 1l << 40, INT64_MIN}) {
    Enter(number);  // no call's
    Exit(number, 0);
  }
  openat->RemoveConsumer(opens);
  openat_exit->RemoveConsumer(results);
  getpid->RemoveConsumer(gets);
  Enter(257);

  ASSERT_EQ(opens.records.size(), 1u);
  ASSERT_EQ(results.records.size(), 1u);
  ASSERT_EQ(gets.records.size(), 1u);
  EXPECT_EQ(opens.records[0].size(), 48u);
  EXPECT_EQ(gets.records[0].size(), 16u);
  EXPECT_EQ(TextOf(*openat, opens.records[0]),
            "dfd: 0xffffff9c, filename: 0x00007000, flags: 0x00000003, mode: "
            "0x00000004");
  EXPECT_EQ(TextOf(*openat_exit, results.records[0]), "0xfffffffffffffffe");
  EXPECT_EQ(TextOf(*getpid, gets.records[0]), "");
  const auto header = opens.At<EventHeader>(0);
  EXPECT_EQ(header.type, openat->id());
  EXPECT_EQ(header.pid, 4711);
  EXPECT_FALSE(RawSyscallsSysEnter::tracepoint.key.enabled());
  EXPECT_FALSE(RawSyscallsSysExit::tracepoint.key.enabled());
  SetHostTask(1, 1, "host");
}

/// As on Linux 6.18.
TEST_F(SyscallEventsTest, ATraceShowsCallsAsCalls) {
  const struct {
    const char* name;
    std::vector<uint64_t> values;
    const char* text;
  } kCases[] = {
      {"sys_enter_close", {9}, "sys_close(fd: 9)"},
      {"sys_enter_close", {10}, "sys_close(fd: 0xa)"},
      {"sys_exit_close", {0}, "sys_close -> 0x0"},
      {"sys_exit_close", {~uint64_t{8}}, "sys_close -> 0xfffffffffffffff7"},
      {"sys_enter_getppid", {}, "sys_getppid()"},
      {"sys_exit_getppid", {0x5d15}, "sys_getppid -> 0x5d15"},
      {"sys_enter_lseek",
       {0x4d, ~uint64_t{4}, 9},
       "sys_lseek(fd: 0x4d, offset: 0xfffffffffffffffb, whence: 9)"},
  };
  for (const auto& one : kCases) {
    const TraceEventRef event = Find(one.name);
    ASSERT_TRUE(event) << one.name;
    std::string record(kSyscallArgumentsOffset, '\0');
    record.append(reinterpret_cast<const char*>(one.values.data()),
                  one.values.size() * sizeof(uint64_t));
    char text[128];
    TextWriter writer(text, sizeof(text));
    const auto bytes = [&record](size_t size) {
      return ConstBytes(reinterpret_cast<const uint8_t*>(record.data()), size);
    };
    EXPECT_TRUE(event->PutOwnText(writer, bytes(record.size())));
    EXPECT_EQ(std::string(writer.text().data(), writer.text().size()),
              one.text);
    TextWriter nothing(text, sizeof(text));
    EXPECT_FALSE(event->PutOwnText(nothing, bytes(record.size() - 1)));
    EXPECT_EQ(nothing.wanted(), 0u);
  }
}

TEST_F(SyscallEventsTest, OneThatIsHeldStaysInMemoryAfterTheEnd) {
  const uint64_t bytes = PortAllocatedBytes();
  {
    TraceEventRef event = Find("sys_enter_close");
    KeptRecords kept;
    ASSERT_EQ(event->AddConsumer(kept), Status::kOk);
    ExitSyscallEvents();
    EXPECT_FALSE(Find("sys_enter_close"));
    Enter(3);
    EXPECT_EQ(kept.records.size(), 0u);
    // Others take their place meanwhile.
    ASSERT_EQ(InitSyscallEvents(PortAllocator(), SyscallNumbers::kX86_64),
              Status::kOk);
    KeptRecords late;
    EXPECT_EQ(event->AddConsumer(late), Status::kNotFound);
    Enter(3);
    EXPECT_EQ(kept.records.size() + late.records.size(), 0u);
    event->RemoveConsumer(kept);
    EXPECT_FALSE(RawSyscallsSysEnter::tracepoint.key.enabled());
    EXPECT_GT(PortAllocatedBytes(), bytes);
  }
  EXPECT_EQ(PortAllocatedBytes(), bytes);
}

TEST_F(SyscallEventsTest, SeveralMayAskForOne) {
  const TraceEventRef event = Find("sys_enter_close");
  KeptRecords first;
  KeptRecords second;
  KeptRecords third(/*takes=*/false);
  ASSERT_EQ(event->AddConsumer(first), Status::kOk);
  ASSERT_EQ(event->AddConsumer(second), Status::kOk);
  ASSERT_EQ(event->AddConsumer(third), Status::kOk);
  Enter(3);
  event->RemoveConsumer(second);
  Enter(3);
  event->RemoveConsumer(second);  // not there any more
  event->RemoveConsumer(first);
  Enter(3);
  ASSERT_EQ(event->AddConsumer(second), Status::kOk);
  event->RemoveConsumer(third);
  Enter(3);
  event->RemoveConsumer(second);
  Enter(3);
  EXPECT_EQ(first.records.size(), 2u);
  EXPECT_EQ(second.records.size(), 2u);
  EXPECT_EQ(third.reserved, 3u);
  EXPECT_FALSE(RawSyscallsSysEnter::tracepoint.key.enabled());
}

TEST(SyscallNumbersTest, OtherCpusHaveOthers) {
  ASSERT_TRUE(InitReadSections());
  ASSERT_EQ(InitStaticKeys(ThisMachine(), PortAllocator()), Status::kOk);
  ASSERT_EQ(InitTracepoints(PortAllocator()), Status::kOk);
  ASSERT_EQ(InitSyscallEvents(PortAllocator(), SyscallNumbers::kGeneric),
            Status::kOk);
  EXPECT_FALSE(Find("sys_enter_open"));  // it has only openat
  {
    const TraceEventRef event = Find("sys_enter_openat");
    KeptRecords kept;
    ASSERT_EQ(event->AddConsumer(kept), Status::kOk);
    Enter(257);
    Enter(56);
    event->RemoveConsumer(kept);
    EXPECT_EQ(kept.records.size(), 1u);
  }
  ExitSyscallEvents();
  ExitSyscallEvents();
  EXPECT_FALSE(Find("sys_enter_openat"));
  ExitTracepoints();
  ExitStaticKeys();
  ExitReadSections();
}

TEST(SyscallEventsMemoryTest, NothingIsLeftWhereItEnds) {
  ASSERT_TRUE(InitReadSections());
  ASSERT_EQ(InitStaticKeys(ThisMachine(), PortAllocator()), Status::kOk);
  ASSERT_EQ(InitTracepoints(PortAllocator()), Status::kOk);
  const uint64_t allocations = ForEachFailingAllocation(
      "syscall_events", [](FailingAllocator& allocator) {
        const Status started =
            InitSyscallEvents(allocator, SyscallNumbers::kX86_64);
        if (!IsOk(started)) {
          EXPECT_EQ(started, Status::kNoMemory);
          EXPECT_FALSE(Find("sys_enter_read"));
          return;
        }
        KeptRecords kept;
        {
          const TraceEventRef event = Find("sys_enter_read");
          const Status first = event->AddConsumer(kept);
          const Status second = event->AddConsumer(kept);
          EXPECT_TRUE(IsOk(first) || IsOk(second));
          Enter(0);
          EXPECT_EQ(kept.records.size(),
                    (IsOk(first) ? 1u : 0u) + (IsOk(second) ? 1u : 0u));
          event->RemoveConsumer(kept);
          event->RemoveConsumer(kept);
          EXPECT_FALSE(RawSyscallsSysEnter::tracepoint.key.enabled());
        }
        ExitSyscallEvents();
      });
  EXPECT_EQ(allocations, 5u);
  ExitTracepoints();
  ExitStaticKeys();
  ExitReadSections();
}

}  // namespace
}  // namespace ebpf
