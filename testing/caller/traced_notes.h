// SPDX-License-Identifier: MIT
//
// A tracepoint, perf events on it, and the samples that they take. Whoever
// includes this makes the tracepoint: EBPF_TRACEPOINT(Note) in namespace ebpf.
#pragma once

#include <cstring>
#include <vector>

#include "core/base/memory.h"
#include "core/linux_abi/perf_event.h"
#include "core/ring/perf_layout.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {

using linux_abi::PerfEventAttr;

/// One number, and a text.
struct Note {
  static constexpr char kSystem[] = "perf_test";
  static constexpr char kName[] = "note";
  struct Record {
    EventHeader header;
    uint64_t number;
    uint32_t twice;
    uint32_t text;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("u64", number),
      EBPF_FIELD("u32", twice),
      EBPF_FIELD("__data_loc char[]", text),
  };
  static constexpr char kPrintFormat[] = "\"%llu\", REC->number";
  static size_t TextSize(uint64_t, const char* text) {
    return RecordText::RoomFor(text);
  }
  static void Fill(Record& record, RecordText& texts, uint64_t number,
                   const char* text) {
    record.number = number;
    record.twice = static_cast<uint32_t>(2 * number);
    record.text = texts.Put(text);
  }
  static Tracepoint tracepoint;
};

inline constexpr uint64_t kFieldsEnd = 24;

[[gnu::noinline]] inline void Pass(uint64_t number, const char* text = "abc") {
  EBPF_TRACE(Note, number, text);
  asm volatile("");  // no tail call
}

inline constexpr uint32_t kTracepointProgram = 5;
inline constexpr uint64_t kPage = 4096;

/// A sample of a buffer.
struct Taken {
  ring::PerfRecordHeader header;
  std::vector<uint8_t> body;

  template <typename T = uint64_t>
  T At(size_t offset) const {
    T value{};
    EXPECT_LE(offset + sizeof(T), body.size());
    memcpy(&value, body.data() + offset, sizeof(T));
    return value;
  }
};

/// Of both origins.
class TracedNotesTest : public SyscallTest {
 protected:
  ~TracedNotesTest() override { caller_.client().fds().CloseAll(); }

  PerfEventAttr Attr(uint64_t sample_type = 0, uint64_t period = 0) {
    PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeTracepoint;
    attr.size = sizeof(attr);
    attr.config = Note::tracepoint.id;
    attr.sample_type = sample_type;
    attr.sample_period = period;
    return attr;
  }
  int64_t Ioctl(int64_t fd, uint32_t command, uint64_t argument = 0) {
    return caller_.IoctlFd(fd, command, argument);
  }
  int64_t Load(const std::vector<isa::Insn>& insns,
               uint32_t type = kTracepointProgram) {
    const int64_t program = caller_.Load(type, insns);
    EXPECT_GE(program, 0);
    return program;
  }
  int64_t SetProgram(int64_t event, int64_t program) {
    return Ioctl(event, linux_abi::kPerfIocSetBpf,
                 static_cast<uint64_t>(program));
  }
  std::vector<uint64_t> ReadWords(int64_t fd, size_t room = 64) {
    const uint64_t to = caller_.Put(nullptr, 64);
    const int64_t size = ebpf::Read(caller_.client(), static_cast<int32_t>(fd),
                                    caller_.client().Pointer(to), room);
    std::vector<uint64_t> words;
    for (int64_t at = 0; at + 8 <= size; at += 8) {
      words.push_back(caller_.Get<uint64_t>(to + static_cast<uint64_t>(at)));
    }
    return words;
  }
  uint64_t Count(int64_t fd) {
    const std::vector<uint64_t> words = ReadWords(fd);
    return words.empty() ? ~uint64_t{0} : words[0];
  }
  uint64_t IdOf(int64_t fd) {
    const uint64_t at = caller_.Put(uint64_t{0});
    EXPECT_EQ(Ioctl(fd, linux_abi::kPerfIocId, at), 0);
    return caller_.Get<uint64_t>(at);
  }
  int64_t Map(int64_t fd, uint64_t pages = 2) {
    return Mmap(caller_.client(), static_cast<int32_t>(fd), 0, pages * kPage,
                linux_abi::kProtRead | linux_abi::kProtWrite, &pages_);
  }
  /// As user space reads it: what is in front of it was written before.
  uint64_t Head() const {
    return __atomic_load_n(Position(offsetof(ring::PerfPage, data_head)),
                           __ATOMIC_ACQUIRE);
  }
  /// What is new in the buffer that was mapped last.
  std::vector<Taken> Samples() {
    std::vector<Taken> reads;
    const uint64_t size = pages_.size - kPage;
    while (tail_ < Head()) {
      Taken read;
      read.header = LoadUnaligned<ring::PerfRecordHeader>(pages_.address +
                                                          kPage + tail_ % size);
      for (uint64_t i = sizeof(read.header); i < read.header.size; ++i) {
        read.body.push_back(pages_.address[kPage + (tail_ + i) % size]);
      }
      tail_ += read.header.size;
      reads.push_back(read);
    }
    __atomic_store_n(Position(offsetof(ring::PerfPage, data_tail)), tail_,
                     __ATOMIC_RELEASE);
    return reads;
  }

  MapPages pages_{};
  uint64_t tail_ = 0;

 private:
  uint64_t* Position(size_t offset) const {
    return reinterpret_cast<uint64_t*>(pages_.address + offset);
  }
};

}  // namespace ebpf
