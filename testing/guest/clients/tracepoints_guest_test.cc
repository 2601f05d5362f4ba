// SPDX-License-Identifier: MIT
//
// Programs on tracepoints as Linux's clients write them, in each kernel:
// attached by what their sections name, they see what was passed.
#include "core/memory/this_context.h"
#include "core/tracepoints/trace.h"
#include "testing/guest/clients/loaded_object.h"
#include "testing/guest/kernel/thread.h"
#include "testing/programs/trace_clients.h"
#include "testing/programs/trace_clients_object.h"

namespace guest {
namespace {

/// guest_clients:client_event(number, word, name, text).
struct ClientEvent {
  static constexpr char kSystem[] = "guest_clients";
  static constexpr char kName[] = "client_event";
  struct Record {
    ebpf::EventHeader header;
    int32_t number;
    char name[TRACE_CLIENT_NAME_SIZE];
    uint64_t word;
    uint32_t text;
  };
  static constexpr ebpf::EventField kFields[] = {
      EBPF_FIELD("int", number), EBPF_FIELD("char[8]", name),
      EBPF_FIELD("u64", word), EBPF_FIELD("__data_loc char[]", text)};
  static constexpr char kPrintFormat[] =
      "\"%d %s %llx %s\", REC->number, REC->name, REC->word, __get_str(text)";
  static size_t TextSize(int32_t, uint64_t, const char*, const char* text) {
    return ebpf::RecordText::RoomFor(text);
  }
  static void Fill(Record& record, ebpf::RecordText& texts, int32_t number,
                   uint64_t word, const char* name, const char* text) {
    record.number = number;
    ebpf::PutText(record.name, name);
    record.word = word;
    record.text = texts.Put(text);
  }
  static ebpf::Tracepoint tracepoint;
};
EBPF_TRACEPOINT(ClientEvent);

/// guest_clients:client_buffer(buffer), which may be written.
struct ClientBuffer {
  static constexpr char kSystem[] = "guest_clients";
  static constexpr char kName[] = "client_buffer";
  static constexpr uint32_t kWritableSize = 16;
  struct Record {
    ebpf::EventHeader header;
    uint64_t first;
  };
  static constexpr ebpf::EventField kFields[] = {EBPF_FIELD("u64", first)};
  static constexpr char kPrintFormat[] = "\"%llu\", REC->first";
  static void Fill(Record& record, const uint64_t* buffer) {
    record.first = buffer[0];
  }
  static ebpf::Tracepoint tracepoint;
};
EBPF_TRACEPOINT(ClientBuffer);

constexpr uint64_t kWord = 0x1234'5678'9abc'def0;
constexpr uint32_t kPasses = 30;

/// As often with numbers below zero as not.
[[gnu::noinline]] void PassAll() {
  for (uint32_t i = 0; i < kPasses; ++i) {
    EBPF_TRACE(ClientEvent, i % 2 == 0 ? 7 : -7, kWord + i, "a name", "a text");
  }
}

bool IsText(const char* text, size_t size, ebpf::StringView expected) {
  return ebpf::StringView::FromField(text, size) == expected;
}

GUEST_TEST(TracepointClients, RecordsAreAsTheFormatSays) {
  LoadedObject clients(trace_clients_object());
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("on_record") > 0);
  GUEST_ASSERT(clients.Attach("on_short_record") > 0);
  PassAll();
  const auto seen = clients.Variables<trace_client_view>();
  GUEST_EXPECT_EQ(seen.records, kPasses);
  GUEST_EXPECT_EQ(seen.short_records, kPasses / 2);
  GUEST_EXPECT_EQ(seen.number, -7);
  GUEST_EXPECT_EQ(seen.word, kWord + kPasses - 1);
  GUEST_EXPECT_EQ(seen.text_size, sizeof("a text"));
  GUEST_EXPECT(IsText(seen.name, sizeof(seen.name), "a name"));
  GUEST_EXPECT(IsText(seen.text, sizeof(seen.text), "a text"));
  GUEST_EXPECT_EQ(seen.pid_tgid & 0xffff'ffff, CurrentThread()->id);
  GUEST_EXPECT_EQ(seen.raws, 0);
}

GUEST_TEST(TracepointClients, RawProgramsSeeTheArguments) {
  LoadedObject clients(trace_clients_object());
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("on_arguments") > 0);
  GUEST_ASSERT(clients.Attach("on_short_arguments") > 0);
  PassAll();
  const auto seen = clients.Variables<trace_client_view>();
  GUEST_EXPECT_EQ(seen.raws, kPasses);
  GUEST_EXPECT_EQ(seen.short_raws, kPasses / 2);
  // Words as wide as the argument was, as Linux's.
  GUEST_EXPECT_EQ(seen.raw_number, static_cast<uint32_t>(-7));
  GUEST_EXPECT_EQ(seen.raw_word, kWord + kPasses - 1);
  GUEST_EXPECT(IsText(seen.raw_text, sizeof(seen.raw_text), "a text"));
  GUEST_EXPECT_EQ(seen.records, 0);
}

GUEST_TEST(TracepointClients, AWritableBufferIsWritten) {
  LoadedObject clients(trace_clients_object());
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("on_buffer") > 0);
  uint64_t buffer[2] = {3, 4};
  EBPF_TRACE(ClientBuffer, buffer);
  GUEST_EXPECT_EQ(buffer[0], 7);
  GUEST_EXPECT_EQ(buffer[1], 4);
  GUEST_EXPECT_EQ(clients.Variables<trace_client_view>().writes, 1);
}

/// Wants records, and counts them.
struct CountedRecords final : ebpf::RecordConsumer {
  void* Reserve(size_t /*size*/, const ebpf::EventPlace& /*place*/) override {
    return record;
  }
  void Commit(void* /*record*/, size_t /*size*/,
              const ebpf::EventPlace& /*place*/) override {
    ++count;
  }

  uint64_t record[2] = {};
  uint64_t count = 0;
};

GUEST_TEST(TracepointClients, EachWayOfAPlaceTellsWhoeverWantsIt) {
  // A place may call what was right a moment ago.
  ebpf::Tracepoint& tracepoint = ClientBuffer::tracepoint;
  const ebpf::TraceEventRef event = ebpf::TraceEvents::FindById(tracepoint.id);
  LoadedObject clients(trace_clients_object());
  GUEST_ASSERT(event && clients.loaded());
  CountedRecords records;
  ebpf::FireFunction* ways[4] = {};
  // First to find the ways of nobody, a program, records and both; then to go
  // each in each of these.
  for (uint32_t round = 0; round < 2; ++round) {
    for (uint32_t state = 0; state < 4; ++state) {
      const bool has_program = (state & 1) != 0;
      const bool has_records = (state & 2) != 0;
      const int64_t link = has_program ? clients.Attach("on_buffer") : 0;
      GUEST_ASSERT(link >= 0);
      GUEST_ASSERT(!has_records || IsOk(event->AddConsumer(records)));
      if (round == 0) {
        ways[state] = tracepoint.fire.Load(ebpf::kRelaxed);
      } else {
        for (ebpf::FireFunction* way : ways) {
          records.count = 0;
          uint64_t buffer[2] = {3, 4};
          way(&tracepoint, ebpf::trace::ToWord(&buffer), 0, 0, 0, 0);
          GUEST_EXPECT_EQ(buffer[0], has_program ? 7 : 3);
          GUEST_EXPECT_EQ(records.count, has_records ? 1 : 0);
          GUEST_EXPECT(!has_records || records.record[1] == buffer[0]);
        }
      }
      if (has_records) {
        event->RemoveConsumer(records);
      }
      GUEST_EXPECT(!has_program ||
                   IsOk(clients.object().Detach(static_cast<int>(link))));
    }
  }
  GUEST_EXPECT(ways[0] == ebpf::FireWords && ways[3] == ebpf::FireWords);
  GUEST_EXPECT_EQ(ways[1] != ways[0], ebpf::IsUsualPort());
  GUEST_EXPECT_EQ(ways[2] != ways[0], ebpf::IsUsualPort());
}

GUEST_TEST(TracepointClients, NothingIsOnWhenTheyAreGone) {
  {
    LoadedObject clients(trace_clients_object());
    GUEST_ASSERT(clients.loaded());
    constexpr const char* kPrograms[] = {"on_record", "on_short_record",
                                         "on_arguments", "on_short_arguments"};
    for (const char* program : kPrograms) {
      GUEST_ASSERT(clients.Attach(program) > 0);
      GUEST_EXPECT(ClientEvent::tracepoint.key.enabled());
    }
    PassAll();
    clients.object().Close();
  }
  GUEST_EXPECT(!ClientEvent::tracepoint.key.enabled());
  GUEST_EXPECT(!ClientBuffer::tracepoint.key.enabled());
  PassAll();
}

GUEST_TEST(TracepointClients, ATracepointThatIsNotThereIsNotFound) {
  LoadedObject clients(trace_clients_object());
  GUEST_ASSERT(clients.loaded());
  constexpr auto kNotFound = static_cast<uint64_t>(ebpf::Status::kNotFound);
  const auto says = [&](const char* program, const char* target) {
    return static_cast<uint64_t>(
        clients.object().Attach(clients.IndexOf(program), target).status());
  };
  GUEST_EXPECT_EQ(says("on_record", "guest_clients/absent"), kNotFound);
  GUEST_EXPECT_EQ(says("on_arguments", "absent"), kNotFound);
}

}  // namespace
}  // namespace guest
