// SPDX-License-Identifier: MIT
//
// Formats of events beside the host's, and what libtraceevent, with which
// perf and trace-cmd read them, makes of ours and of our records.
#include <cstdint>
#include <memory>
#include <regex>
#include <string>
#include <traceevent/event-parse.h>

#include "core/tracepoints/event_format.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_task.h"
#include "testing/linux_tracefs/host_tracefs.h"

namespace ebpf {

EBPF_TRACEPOINT(Sample);

namespace {

// Some of Linux's, one for each way of writing a field.

/// Characters in the record.
struct TaskRename {
  static constexpr char kSystem[] = "task";
  static constexpr char kName[] = "task_rename";
  struct Record {
    EventHeader header;
    int32_t pid;
    char oldcomm[16];
    char newcomm[16];
    int16_t oom_score_adj;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("pid_t", pid), EBPF_FIELD("char[16]", oldcomm),
      EBPF_FIELD("char[16]", newcomm), EBPF_FIELD("short", oom_score_adj)};
  static constexpr char kPrintFormat[] =
      "\"pid=%d oldcomm=%s newcomm=%s oom_score_adj=%hd\", REC->pid, "
      "REC->oldcomm, REC->newcomm, REC->oom_score_adj";
  static void Fill(Record&) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(TaskRename);

/// An array of numbers.
struct SysEnter {
  static constexpr char kSystem[] = "raw_syscalls";
  static constexpr char kName[] = "sys_enter";
  struct Record {
    EventHeader header;
    int64_t id;
    uint64_t args[6];
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("long", id), EBPF_FIELD("unsigned long[6]", args)};
  static constexpr char kPrintFormat[] =
      "\"NR %ld (%lx, %lx, %lx, %lx, %lx, %lx)\", REC->id, REC->args[0], "
      "REC->args[1], REC->args[2], REC->args[3], REC->args[4], REC->args[5]";
  static void Fill(Record&) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(SysEnter);

/// Text behind the record.
struct IrqHandlerEntry {
  static constexpr char kSystem[] = "irq";
  static constexpr char kName[] = "irq_handler_entry";
  struct Record {
    EventHeader header;
    int32_t irq;
    uint32_t name;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("int", irq), EBPF_FIELD("__data_loc char[]", name)};
  static constexpr char kPrintFormat[] =
      "\"irq=%d name=%s\", REC->irq, __get_str(name)";
  static size_t TextSize(int, const char* name) {
    return RecordText::RoomFor(name);
  }
  static void Fill(Record& record, RecordText& text, int irq,
                   const char* name) {
    record.irq = irq;
    record.name = text.Put(name);
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(IrqHandlerEntry);

/// A pointer.
struct HrtimerCancel {
  static constexpr char kSystem[] = "timer";
  static constexpr char kName[] = "hrtimer_cancel";
  struct Record {
    EventHeader header;
    void* hrtimer;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("void *", hrtimer)};
  static constexpr char kPrintFormat[] = "\"hrtimer=%p\", REC->hrtimer";
  static void Fill(Record&) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(HrtimerCancel);

std::string FormatOf(const TraceEvent& event) {
  char buffer[4096];
  TextWriter writer(buffer, sizeof(buffer));
  PutFormat(writer, event);
  EXPECT_FALSE(writer.truncated());
  return {writer.text().data(), writer.text().size()};
}

std::string WithoutId(const std::string& format) {
  return std::regex_replace(format, std::regex("ID: [0-9]+"), "ID: n");
}

using FormatsTest = TracepointFixture;

TEST_F(FormatsTest, AreTheHosts) {
  std::string reason;
  const std::unique_ptr<HostTracefs> host = HostTracefs::Open(&reason);
  if (host == nullptr) {
    GTEST_SKIP() << "NO ORACLE: " << reason;
  }
  const struct {
    const char* system;
    const char* name;
  } kEvents[] = {{"task", "task_rename"},
                 {"raw_syscalls", "sys_enter"},
                 {"irq", "irq_handler_entry"},
                 {"timer", "hrtimer_cancel"}};
  for (const auto& known : kEvents) {
    const TraceEventRef event = TraceEvents::Find(known.system, known.name);
    ASSERT_TRUE(event) << known.name;
    const std::string theirs = host->Read(
        std::string("events/") + known.system + "/" + known.name + "/format");
    EXPECT_EQ(WithoutId(FormatOf(*event)), WithoutId(theirs)) << known.name;
  }
}

/// libtraceevent, told of an event.
class Reader {
 public:
  explicit Reader(const TraceEvent& event) {
    const std::string format = FormatOf(event);
    const std::string system(event.system().data(), event.system().size());
    EXPECT_EQ(tep_parse_event(tep_.get(), format.data(), format.size(),
                              system.c_str()),
              0);
    event_ = tep_find_event(tep_.get(), event.id());
    EXPECT_NE(event_, nullptr);
  }

  tep_format_field* Field(const char* name) const {
    return tep_find_field(event_, name);
  }
  /// What it shows of a record behind the time.
  std::string Text(std::string record) const {
    tep_record raw{};
    raw.data = record.data();
    raw.size = static_cast<int>(record.size());
    raw.record_size = raw.size;
    trace_seq text;
    trace_seq_init(&text);
    tep_print_event(tep_.get(), &text, &raw, "%s: %s", TEP_PRINT_NAME,
                    TEP_PRINT_INFO);
    std::string shown(text.buffer, text.len);
    trace_seq_destroy(&text);
    return shown;
  }
  uint64_t Number(std::string record, const char* name) const {
    unsigned long long value = 0;
    EXPECT_EQ(tep_read_number_field(Field(name), record.data(), &value), 0);
    return value;
  }
  const tep_event& event() const { return *event_; }

 private:
  struct Free {
    void operator()(tep_handle* tep) const { tep_free(tep); }
  };
  std::unique_ptr<tep_handle, Free> tep_{tep_alloc()};
  tep_event* event_;
};

TEST_F(FormatsTest, AreUnderstoodByWhatReadsLinuxs) {
  const Reader reader(*TraceEvents::Find("sample", "sample_event"));
  const struct {
    const char* name;
    unsigned long flags;
    unsigned offset;
    unsigned size;
    unsigned element_size;
  } kFields[] = {
      {"tiny", TEP_FIELD_IS_SIGNED, 8, 1, 1},
      {"small", 0, 10, 2, 2},
      {"number", TEP_FIELD_IS_SIGNED, 12, 4, 4},
      {"large", TEP_FIELD_IS_LONG, 16, 8, 8},
      {"comm", TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_STRING, 24, 16, 1},
      {"args", TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_LONG, 40, 24, 8},
      {"where", TEP_FIELD_IS_POINTER, 64, 8, 8},
      {"mood", 0, 72, 4, 4},
      {"good", 0, 76, 1, 1},
      {"path", TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_STRING | TEP_FIELD_IS_DYNAMIC,
       80, 4, 1},
  };
  for (const auto& known : kFields) {
    const tep_format_field* const field = reader.Field(known.name);
    ASSERT_NE(field, nullptr) << known.name;
    constexpr unsigned long kTold = TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_POINTER |
                                    TEP_FIELD_IS_SIGNED | TEP_FIELD_IS_STRING |
                                    TEP_FIELD_IS_DYNAMIC | TEP_FIELD_IS_LONG;
    EXPECT_EQ(field->flags & kTold, known.flags) << known.name;
    EXPECT_EQ(static_cast<unsigned>(field->offset), known.offset) << known.name;
    EXPECT_EQ(static_cast<unsigned>(field->size), known.size) << known.name;
    EXPECT_EQ(field->elementsize, known.element_size) << known.name;
  }
  EXPECT_EQ(reader.event().format.nr_fields, 10);
  EXPECT_EQ(reader.event().format.nr_common, 4);
}

TEST_F(FormatsTest, RecordsReadAsWhatWasPassed) {
  SetHostTask(4711, 4700, "task");
  const TraceEventRef event = TraceEvents::Find("sample", "sample_event");
  KeptRecords kept;
  ASSERT_EQ(event->AddConsumer(kept), Status::kOk);
  EBPF_TRACE(Sample, -7, 1ull << 40, "/a/path", Mood::kGood);
  event->RemoveConsumer(kept);
  ASSERT_EQ(kept.records.size(), 1u);

  const Reader reader(*event);
  const std::string& record = kept.records[0];
  EXPECT_EQ(reader.Text(record), "sample_event: number=-7");
  EXPECT_EQ(reader.Number(record, "tiny"), static_cast<uint8_t>(-3));
  EXPECT_EQ(reader.Number(record, "small"), 0xfffeu);
  EXPECT_EQ(reader.Number(record, "large"), 1ull << 40);
  SetHostTask(1, 1, "host");
}

TEST_F(FormatsTest, TextBehindRecordsIsRead) {
  const TraceEventRef event = TraceEvents::Find("irq", "irq_handler_entry");
  KeptRecords kept;
  ASSERT_EQ(event->AddConsumer(kept), Status::kOk);
  EBPF_TRACE(IrqHandlerEntry, 19, "virtio0-input");
  EBPF_TRACE(IrqHandlerEntry, 0, "");
  event->RemoveConsumer(kept);
  ASSERT_EQ(kept.records.size(), 2u);

  const Reader reader(*event);
  EXPECT_EQ(reader.Text(kept.records[0]),
            "irq_handler_entry: irq=19 name=virtio0-input");
  EXPECT_EQ(reader.Text(kept.records[1]), "irq_handler_entry: irq=0 name=");
}

}  // namespace
}  // namespace ebpf
