// SPDX-License-Identifier: MIT
//
// Programs on tracepoints, by what their sections are called.
#include <cstring>

#include "core/base/memory.h"
#include "core/btf/test_builder.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/loader/object.h"
#include "core/loader/test_objects.h"
#include "core/tracepoints/trace.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf::loader {
namespace {

const char kObject[] = "core/loader/tracepoints.x86_64.bpf.o";

/// loader_test:client_event(word, number).
struct ClientEvent {
  static constexpr char kSystem[] = "loader_test";
  static constexpr char kName[] = "client_event";
  struct Record {
    EventHeader header;
    int64_t number;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("long", number)};
  static constexpr char kPrintFormat[] = "\"%ld\", REC->number";
  static void Fill(Record& record, uint64_t, int64_t number) {
    record.number = number;
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(ClientEvent);

/// loader_test:buffer_event(buffer), which may be written.
struct BufferEvent {
  static constexpr char kSystem[] = "loader_test";
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

/// typedef void (*btf_trace_client_event)(void *, u64, long);
Ref<btf::BtfObject> TypesOfTest() {
  using btf::Kind;
  btf::Builder b;
  const uint32_t word = b.Add(Kind::kInt, b.Name("u64"), 8, {64});
  const uint32_t number = b.Add(Kind::kInt, b.Name("long"), 8, {1u << 24 | 64});
  const uint32_t to_void = b.Add(Kind::kPointer, 0, 0);
  const uint32_t prototype = b.Add(
      Kind::kFunctionProto, 0, 0,
      {b.Name("data"), to_void, b.Name("word"), word, b.Name("number"), number},
      3);
  b.Add(Kind::kTypedef, b.Name("btf_trace_client_event"),
        b.Add(Kind::kPointer, 0, prototype));
  const std::vector<uint8_t> bytes = b.Blob();
  return *btf::BtfObject::Create(ConstBytes(bytes.data(), bytes.size()),
                                 PortAllocator());
}

struct Seen {
  uint64_t raw_runs;
  uint64_t raw;
  uint64_t typed_runs;
  uint64_t typed;
  uint64_t record_runs;
  uint64_t record;
};

class AttachTracepointTest : public testing::Test {
 protected:
  AttachTracepointTest()
      : types_(TypesOfTest()),
        system_(KernelView{.btf = &types_->btf()}),
        caller_(Origin::kKernel),
        bytes_(ReadObject(kObject)),
        log_(buffer_, sizeof(buffer_)),
        object_(caller_.client(), PortAllocator(), log_,
                Kernel{.btf = &types_->btf()}) {
    EXPECT_FALSE(bytes_.empty()) << kObject;
    EXPECT_EQ(object_.Open(ToBytes(bytes_)), Status::kOk) << log();
    EXPECT_EQ(object_.Load(), Status::kOk) << log();
  }
  ~AttachTracepointTest() override {
    object_.Close();
    caller_.client().fds().CloseAll();
  }

  std::string log() const { return {log_.text().data(), log_.text().size()}; }
  size_t IndexOf(StringView name) const {
    for (size_t i = 0; i < object_.program_count(); ++i) {
      if (object_.file().programs()[i].name == name) {
        return i;
      }
    }
    return SIZE_MAX;
  }
  Result<int> Attach(StringView program, StringView target = "",
                     uint64_t offset = 0) {
    return object_.Attach(IndexOf(program), target, offset);
  }
  struct Seen Seen() {
    struct Seen seen{};
    const uint32_t key = 0;
    EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, *object_.MapFd(".bss"),
                           reinterpret_cast<uint64_t>(&key),
                           reinterpret_cast<uint64_t>(&seen)),
              0);
    return seen;
  }

  const Ref<btf::BtfObject> types_;
  TestSystem system_;
  TestCaller caller_;
  std::vector<uint8_t> bytes_;
  char buffer_[1 << 14];
  TextWriter log_;
  Object object_;
};

TEST_F(AttachTracepointTest, RawProgramsAreAttachedToWhatTheirSectionsName) {
  const Result<int> link = Attach("raw");
  ASSERT_TRUE(link.ok()) << log();
  ASSERT_TRUE(Attach("writing").ok()) << log();
  uint64_t buffer[2] = {};

  EBPF_TRACE(ClientEvent, 1, -2);
  EBPF_TRACE(BufferEvent, buffer);

  EXPECT_EQ(Seen().raw_runs, 1u);
  EXPECT_EQ(Seen().raw, static_cast<uint64_t>(-2));
  EXPECT_EQ(buffer[1], 33u);
  EXPECT_EQ(object_.Detach(*link), Status::kOk);
  EXPECT_FALSE(ClientEvent::tracepoint.key.enabled());
}

TEST_F(AttachTracepointTest, RawProgramsAreAttachedToWhatIsNamed) {
  EXPECT_EQ(Attach("raw_of_any").status(), Status::kInvalid);
  ASSERT_TRUE(Attach("raw_of_any", "client_event").ok()) << log();
  EBPF_TRACE(ClientEvent, 7, 8);
  EXPECT_EQ(Seen().raw, 7u);
}

TEST_F(AttachTracepointTest, TypedProgramsAreAttachedToWhatTheyWereLoadedFor) {
  ASSERT_TRUE(Attach("typed").ok()) << log();
  EBPF_TRACE(ClientEvent, 7, 9);
  EXPECT_EQ(Seen().typed_runs, 1u);
  EXPECT_EQ(Seen().typed, 9u);
}

TEST_F(AttachTracepointTest, ProgramsForRecordsGetThem) {
  const Result<int> link = Attach("record");
  ASSERT_TRUE(link.ok()) << log();
  EBPF_TRACE(ClientEvent, 7, 10);
  EXPECT_EQ(Seen().record_runs, 1u);
  EXPECT_EQ(Seen().record, 10u);
  EXPECT_EQ(object_.Detach(*link), Status::kOk);
  EBPF_TRACE(ClientEvent, 7, 11);
  EXPECT_EQ(Seen().record_runs, 1u);

  ASSERT_TRUE(Attach("record_of_any", "loader_test/client_event").ok())
      << log();
}

TEST_F(AttachTracepointTest, WhatCannotBeAttachedSaysSo) {
  EXPECT_EQ(Attach("raw", "nothing").status(), Status::kNotFound);
  EXPECT_EQ(Attach("raw", "client_event", 1).status(), Status::kInvalid);
  EXPECT_EQ(Attach("typed", "client_event", 1).status(), Status::kInvalid);
  // It would read more than there is.
  EXPECT_EQ(Attach("raw", "buffer_event").status(), Status::kInvalid);
  EXPECT_EQ(Attach("typed", "buffer_event").status(), Status::kInvalid);
  EXPECT_EQ(Attach("record", "loader_test/client_event", 1).status(),
            Status::kInvalid);
  EXPECT_EQ(Attach("absent").status(), Status::kNotFound);
  for (const char* target : {"", "client_event", "/client_event", "x/"}) {
    EXPECT_EQ(Attach("record_of_any", target).status(), Status::kInvalid)
        << target;
  }
  const std::string longer(300, 'n');
  EXPECT_EQ(Attach("record", ("x/" + longer).c_str()).status(),
            Status::kNotFound);
  const std::string text = log();
  EXPECT_NE(text.find("raw tracepoint 'nothing': errno 2\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("tracepoint 'loader_test/absent_event': errno 2\n"),
            std::string::npos)
      << text;
  EXPECT_FALSE(ClientEvent::tracepoint.key.enabled());
}

TEST_F(AttachTracepointTest, EachAllocationMayFail) {
  const size_t raw = IndexOf("raw");
  // The object keeps the place for its descriptor.
  EXPECT_EQ(object_.Detach(*object_.Attach(raw, "")), Status::kOk);
  FailEachAllocation(
      "attach a program to a raw tracepoint", caller_,
      [&] {
        const Result<int> link = object_.Attach(raw, "");
        return link.ok() ? int64_t{*link} : Minus(link.status());
      },
      [&](int64_t link) {
        EXPECT_EQ(object_.Detach(static_cast<int>(link)), Status::kOk);
      });
  EXPECT_FALSE(ClientEvent::tracepoint.key.enabled());
}

}  // namespace
}  // namespace ebpf::loader
