// SPDX-License-Identifier: MIT
//
// Tracepoints for tests, and consumers that keep what they get.
#pragma once

#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/trace.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_machine.h"

namespace ebpf {

enum class Mood : uint32_t { kGood = 1, kBad };

/// A field of each kind.
struct Sample {
  static constexpr char kSystem[] = "sample";
  static constexpr char kName[] = "sample_event";
  struct Record {
    EventHeader header;
    int8_t tiny;
    uint16_t small;
    int32_t number;
    uint64_t large;
    char comm[16];
    uint64_t args[3];
    const void* where;
    Mood mood;
    bool good;
    uint32_t path;  // of `text`
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("s8", tiny),       EBPF_FIELD("unsigned short", small),
      EBPF_FIELD("pid_t", number),  EBPF_FIELD("unsigned long", large),
      EBPF_FIELD("char[16]", comm), EBPF_FIELD("unsigned long[3]", args),
      EBPF_FIELD("void *", where),  EBPF_FIELD("enum mood", mood),
      EBPF_FIELD("bool", good),     EBPF_FIELD("__data_loc char[]", path),
  };
  static constexpr char kPrintFormat[] = "\"number=%d\", REC->number";
  static size_t TextSize(int, uint64_t, const char* path, Mood) {
    return RecordText::RoomFor(path);
  }
  static void Fill(Record& record, RecordText& text, int number, uint64_t large,
                   const char* path, Mood mood) {
    record.tiny = -3;
    record.small = 0xfffe;
    record.number = number;
    record.large = large;
    PutText(record.comm, "a name that is too long");
    record.args[0] = large;
    record.args[1] = large + 1;
    record.args[2] = large + 2;
    record.where = path;
    record.mood = mood;
    record.good = mood == Mood::kGood;
    record.path = text.Put(path);
  }
  static Tracepoint tracepoint;
};

/// Keeps each record, or refuses them.
class KeptRecords final : public RecordConsumer {
 public:
  explicit KeptRecords(bool takes = true) : takes_(takes) {}

  void* Reserve(size_t size, const EventPlace& place) override {
    EXPECT_EQ(place.regs, nullptr);
    EXPECT_EQ(place.cpu, ebpf_port_cpu_id());
    ++reserved;
    if (!takes_) {
      return nullptr;
    }
    memory_.assign((size + 7) / 8, 0xa5a5'a5a5'a5a5'a5a5);
    return memory_.data();
  }
  void Commit(void* record, size_t size, const EventPlace& /*place*/) override {
    EXPECT_EQ(record, memory_.data());
    records.emplace_back(static_cast<const char*>(record), size);
  }

  /// Record `index` as the struct that it is.
  template <typename Record>
  Record At(size_t index) const {
    Record record;
    EXPECT_GE(records.at(index).size(), sizeof(record));
    memcpy(&record, records.at(index).data(), sizeof(record));
    return record;
  }

  std::vector<std::string> records;
  uint32_t reserved = 0;

 private:
  const bool takes_;
  std::vector<uint64_t> memory_;
};

/// Keeps the first `count` arguments.
class KeptArguments final : public ArgumentsConsumer {
 public:
  explicit KeptArguments(size_t count) : count_(count) {}

  void Fired(const uint64_t* arguments, const EventPlace& /*place*/) override {
    calls.emplace_back(arguments, arguments + count_);
  }

  std::vector<std::vector<uint64_t>> calls;

 private:
  const size_t count_;
};

/// Starts what tracepoints need, and ends it.
class TracepointFixture : public testing::Test {
 protected:
  TracepointFixture() {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitStaticKeys(ThisMachine(), PortAllocator()), Status::kOk);
    EXPECT_EQ(InitTracepoints(PortAllocator()), Status::kOk);
  }
  ~TracepointFixture() override {
    ExitTracepoints();
    ExitStaticKeys();
    ExitReadSections();
  }
};

}  // namespace ebpf
