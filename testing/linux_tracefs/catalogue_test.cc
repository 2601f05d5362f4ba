// SPDX-License-Identifier: MIT
//
// The catalogue of events: the host's formats, but for the ids; and what
// libtraceevent makes of them and of records is what our printer does.
#include <regex>
#include <string>

#include "core/tracepoints/event_format.h"
#include "core/tracepoints/events/exceptions.h"
#include "core/tracepoints/events/irq.h"
#include "core/tracepoints/events/net.h"
#include "core/tracepoints/events/power.h"
#include "core/tracepoints/events/raw_syscalls.h"
#include "core/tracepoints/events/sched.h"
#include "core/tracepoints/events/syscall_events.h"
#include "core/tracepoints/events/task.h"
#include "core/tracepoints/events/timer.h"
#include "core/tracepoints/print_format.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_symbols.h"
#include "testing/linux_tracefs/host_tracefs.h"
#include "testing/linux_tracefs/libtraceevent.h"
#include "testing/linux_tracefs/random_record.h"

namespace ebpf {
namespace {

/// Brings them into this program: one of each source.
const Tracepoint* const kUsed[] = {
    &PageFaultUser::tracepoint, &IrqHandlerEntry::tracepoint,
    &NetDevQueue::tracepoint,   &CpuIdle::tracepoint,
    &SchedSwitch::tracepoint,   &TaskNewtask::tracepoint,
    &TimerStart::tracepoint,    &RawSyscallsSysEnter::tracepoint};

std::string StringOf(StringView view) { return {view.data(), view.size()}; }

std::string FormatOf(const TraceEvent& event) {
  char buffer[16384];
  TextWriter writer(buffer, sizeof(buffer));
  PutFormat(writer, event);
  EXPECT_FALSE(writer.truncated());
  return StringOf(writer.text());
}

std::string WithoutId(const std::string& format) {
  return std::regex_replace(format, std::regex("ID: [0-9]+"), "ID: n");
}

std::string Printed(const TraceEvent& event, const std::string& record) {
  char text[4096];
  TextWriter writer(text, sizeof(text));
  PrintRecord(writer, event,
              ConstBytes(reinterpret_cast<const uint8_t*>(record.data()),
                         record.size()),
              PrintStyle::kTools);
  return StringOf(writer.text());
}

class CatalogueTest : public TracepointFixture {
 protected:
  CatalogueTest() {
    EXPECT_EQ(InitSyscallEvents(PortAllocator(), SyscallNumbers::kX86_64),
              Status::kOk);
    for (const Tracepoint* tracepoint : kUsed) {
      EXPECT_NE(tracepoint->id, 0);
    }
  }
  ~CatalogueTest() override { ExitSyscallEvents(); }

  template <typename Body>
  static size_t ForEachEvent(Body body) {
    size_t count = 0;
    for (TraceEventRef event = TraceEvents::Next(0); event;
         event = TraceEvents::Next(event->id())) {
      if (event->system() != "ftrace") {
        body(*event);
        ++count;
      }
    }
    return count;
  }
};

TEST_F(CatalogueTest, FormatsAreTheHosts) {
  std::string reason;
  const std::unique_ptr<HostTracefs> host = HostTracefs::Open(&reason);
  if (host == nullptr) {
    GTEST_SKIP() << "NO ORACLE: " << reason;
  }
  size_t absent = 0;
  const size_t count = ForEachEvent([&](const TraceEvent& event) {
    const std::string theirs =
        host->Read("events/" + StringOf(event.system()) + "/" +
                   StringOf(event.name()) + "/format");
    if (theirs.empty()) {
      ++absent;
      printf("the host has no %s\n", StringOf(event.name()).c_str());
      return;
    }
    EXPECT_EQ(WithoutId(FormatOf(event)), WithoutId(theirs));
  });
  printf("%zu formats are the host's\n", count - absent);
  EXPECT_GE(count, 34u + 2 * 360);
  EXPECT_LE(absent, 20u);
}

TEST_F(CatalogueTest, LibtraceeventReadsRecordsAsOurPrinterDoes) {
  constexpr uint64_t kAddress = 0xffff'8000'0000'1000;
  AddHostSymbol("a_function", kAddress, 0x1000);
  RandomRecords random(8);
  size_t records = 0;
  const size_t count = ForEachEvent([&](const TraceEvent& event) {
    EventReader reader(StringOf(event.system()), FormatOf(event), event.id());
    ASSERT_TRUE(reader.ok()) << StringOf(event.name());
    // It wants more than one, and takes the last one's end from the next.
    reader.AddFunction("a_function", kAddress);
    reader.AddFunction("behind", kAddress + 0x1000);
    const int rounds = event.system() == "syscalls" ? 300 : 5000;
    for (int i = 0; i < rounds; ++i, ++records) {
      std::string record = random.Next(event, kAddress);
      if (event.name() == "timer_start") {
        // libtraceevent 1.7.1 reads `flags & (M | D | P | I)` as
        // `(flags & M) | D | P | I`.
        record[offsetof(TimerStart::Record, flags) + 2] |= 0x38;
      }
      ASSERT_EQ(Printed(event, record), reader.Text(record))
          << StringOf(event.name());
    }
  });
  RemoveHostSymbol(kAddress);
  printf("%zu records of %zu events read alike\n", records, count);
  EXPECT_GT(records, 300'000u);
}

}  // namespace
}  // namespace ebpf
