// SPDX-License-Identifier: MIT
//
// Values at a hit, of memory that does what it likes meanwhile.
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>

#include "core/tracepoints/fetch_argument.h"
#include "core/tracepoints/trace.h"
#include "core/tracepoints/trace_event.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_nofault.h"
#include "testing/host_port/host_trap.h"
#include "testing/host_port/host_user.h"

namespace ebpf {
namespace {

class FetchTest : public testing::Test {
 protected:
  /// An argument of what stands at `address`.
  void Parse(const void* address, const std::string& type) {
    text_ = "a=+0(\\" + std::to_string(reinterpret_cast<uint64_t>(address)) +
            "):" + type;
    place_.registers = HostMachineOps().registers;
    ProbeError error;
    argument_ = FetchArgument();
    ASSERT_EQ(ParseFetchArgument({text_.data(), text_.size()}, 0, place_,
                                 argument_, error),
              Status::kOk)
        << text_;
  }
  const machine::PtRegs& regs() const {
    return reinterpret_cast<const machine::PtRegs&>(registers_);
  }
  FetchSource source() const { return {*place_.registers, regs()}; }
  size_t fields() const { return argument_.type->size * argument_.count(); }
  size_t TextSize() const {
    return FetchedTextSize(argument_, source(), kMaxEventRecord);
  }
  /// Into a record of just that size, whose next byte ASan sees. All texts are
  /// in it, and end.
  void FetchInto(size_t size) {
    record_.reset(new uint8_t[size]);
    memset(record_.get(), 0xa5, size);
    RecordText text(record_.get(), fields(), size);
    Fetch(argument_, source(), record_.get(), text);
    const size_t at = size - text.room().size();
    ASSERT_GE(at, fields());
    ASSERT_LE(at, size);
    for (size_t i = 0; i < argument_.count(); ++i) {
      const uint32_t location = Location(i);
      const size_t begin = location & 0xffff;
      const size_t length = location >> 16;
      ASSERT_GE(begin, fields());
      ASSERT_LE(begin + length, at);
      if (length != 0) {
        ASSERT_EQ(strnlen(TextAt(begin), length), length - 1);
      }
    }
  }
  uint32_t Location(size_t index) const {
    uint32_t location;
    memcpy(&location, record_.get() + sizeof(location) * index,
           sizeof(location));
    return location;
  }
  const char* TextAt(size_t begin) const {
    return reinterpret_cast<const char*>(record_.get()) + begin;
  }
  std::string Text(size_t index = 0) const {
    const uint32_t location = Location(index);
    return location >> 16 == 0
               ? ""
               : std::string(TextAt(location & 0xffff), (location >> 16) - 1);
  }

  std::string text_;
  FetchPlace place_;
  FetchArgument argument_;
  uint64_t registers_[64] = {};
  std::unique_ptr<uint8_t[]> record_;
};

TEST_F(FetchTest, ATextTakesWhatItIsLong) {
  for (const size_t length : {0, 1, 61, 62, 63, 64, 65, 125, 126, 127, 1000}) {
    const std::string text(length, 'x');
    Parse(text.c_str(), "string");
    EXPECT_EQ(TextSize(), length + 1) << length;
    FetchInto(fields() + TextSize());
    EXPECT_EQ(Text(), text);
  }
}

TEST_F(FetchTest, NoMoreIsAskedForThanARecordHas) {
  const std::string text(10'000, 'x');
  Parse(text.c_str(), "string");
  EXPECT_GE(TextSize(), kMaxEventRecord);
  EXPECT_LT(TextSize(), kMaxEventRecord + 64);
  FetchInto(kMaxEventRecord);
  EXPECT_EQ(Text(), text.substr(0, kMaxEventRecord - fields() - 1));
}

TEST_F(FetchTest, TextsAreCutAtTheRecordsEnd) {
  const char* texts[4] = {"first", "", "the third one", nullptr};
  Parse(texts, "string[4]");
  const std::string full[4] = {"first", "", "the third one", "(fault)"};
  size_t all = 0;
  for (const std::string& one : full) {
    all += one.size() + 1;
  }
  ASSERT_EQ(TextSize(), all);
  for (size_t room = 0; room <= all; ++room) {
    FetchInto(fields() + room);
    size_t left = room;
    for (size_t i = 0; i < 4; ++i) {
      const size_t took = left < full[i].size() + 1 ? left : full[i].size() + 1;
      EXPECT_EQ(Text(i), full[i].substr(0, took == 0 ? 0 : took - 1))
          << room << ", " << i;
      left -= took;
    }
  }
}

TEST_F(FetchTest, ATextThatRunsIntoNothingIsAFault) {
  const auto page = static_cast<size_t>(getpagesize());
  auto* pages =
      static_cast<char*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(mprotect(pages + page, page, PROT_NONE), 0);
  memset(pages, 'x', page);
  for (const size_t length : {1, 5, 7, 8, 63, 64, 100}) {
    Parse(pages + page - length, "string");
    ASSERT_GE(TextSize(), 8u) << length;
    FetchInto(fields() + TextSize());
    EXPECT_EQ(Text(), "(fault)") << length;
  }
  // A number, too, of which a part is there.
  Parse(pages + page - 4, "u64");
  record_.reset(new uint8_t[8]);
  RecordText none(record_.get(), 8, 8);
  Fetch(argument_, source(), record_.get(), none);
  uint64_t number;
  memcpy(&number, record_.get(), sizeof(number));
  EXPECT_EQ(number, 0u);
  munmap(pages, 2 * page);
}

/// Counts what it reads.
std::atomic<size_t> bytes_read{0};
bool CountingCopy(void* to, uintptr_t from, size_t size) {
  const iovec local = {to, size};
  const iovec remote = {reinterpret_cast<void*>(from), size};
  const ssize_t read = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  bytes_read += read > 0 ? static_cast<size_t>(read) : 0;
  return read == static_cast<ssize_t>(size);
}

// Interrupts are masked meanwhile.
TEST_F(FetchTest, ManyTextsReadNoMoreThanARecordHolds) {
  const auto page = static_cast<size_t>(getpagesize());
  auto* pages =
      static_cast<char*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(mprotect(pages + page, page, PROT_NONE), 0);
  memset(pages, 'x', page);
  SetHostNofaultCopy(CountingCopy);
  // Long ones, and ones that are as long and end where nothing is.
  for (const size_t before : {page, size_t{1500}}) {
    const char* texts[64];
    for (const char*& text : texts) {
      text = pages + page - before;
    }
    Parse(texts, "string[64]");
    bytes_read = 0;
    const size_t size = TextSize();
    EXPECT_LT(bytes_read, kMaxEventRecord + 2 * 64 + sizeof(texts));
    bytes_read = 0;
    FetchInto(Min(fields() + size, kMaxEventRecord));
    EXPECT_LT(bytes_read, kMaxEventRecord + 2 * 64 + sizeof(texts)) << before;
    EXPECT_EQ(Text(), before == page
                          ? std::string(kMaxEventRecord - fields() - 1, 'x')
                          : "(fault)");
  }
  SetHostNofaultCopy(nullptr);
  munmap(pages, 2 * page);
}

TEST_F(FetchTest, WhatIsNotTheKernelsMayBeTheProcesss) {
  HostUserMemory user(4096);
  const uint64_t text = user.Put("its own", 8);
  Parse(reinterpret_cast<const void*>(text), "string");
  EXPECT_EQ(TextSize(), 8u);
  FetchInto(fields() + TextSize());
  EXPECT_EQ(Text(), "its own");
  const uint64_t texts[2] = {text, 0};
  Parse(reinterpret_cast<const void*>(user.Put(texts, sizeof(texts))),
        "string[2]");
  FetchInto(fields() + TextSize());
  EXPECT_EQ(Text(0), "its own");
  EXPECT_EQ(Text(1), "(fault)");
  Parse(reinterpret_cast<const void*>(text), "x8[3]");
  record_.reset(new uint8_t[3]);
  RecordText none(record_.get(), 3, 3);
  Fetch(argument_, source(), record_.get(), none);
  EXPECT_EQ(memcmp(record_.get(), "its", 3), 0);
}

/// Its length is another one each time that somebody looks.
TEST_F(FetchTest, ATextMayChangeBetweenItsSizeAndItsBytes) {
  struct Hostile {
    char bytes[512];
    const char* texts[3];
  };
  auto hostile = std::make_unique<Hostile>();
  memset(hostile->bytes, 'x', sizeof(hostile->bytes));
  hostile->bytes[sizeof(hostile->bytes) - 1] = 0;
  for (const char*& text : hostile->texts) {
    text = hostile->bytes;
  }
  std::atomic<bool> stop{false};
  std::thread other([&] {
    std::atomic_ref<char> end(hostile->bytes[3]);
    std::atomic_ref<const char*> text(hostile->texts[1]);
    while (!stop) {
      end.store(0, std::memory_order_relaxed);
      text.store(nullptr, std::memory_order_relaxed);
      end.store('x', std::memory_order_relaxed);
      text.store(hostile->bytes, std::memory_order_relaxed);
    }
  });
  Parse(hostile->texts, "string[3]");
  size_t grew = 0;
  size_t shrank = 0;
  for (int i = 0; (grew == 0 || shrank == 0) && i < 1'000'000; ++i) {
    const size_t size = TextSize();
    FetchInto(fields() + size);
    if (HasFatalFailure()) {
      break;
    }
    size_t took = 0;
    for (size_t k = 0; k < 3; ++k) {
      took += Location(k) >> 16;
    }
    shrank += took < size;
    grew += took == size && TextSize() > size;
  }
  stop = true;
  other.join();
  EXPECT_GT(grew, 0u);
  EXPECT_GT(shrank, 0u);
}

}  // namespace
}  // namespace ebpf
