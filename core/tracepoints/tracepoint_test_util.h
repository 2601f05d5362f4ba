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
#include "core/sync/read_section.h"
#include "core/tracepoints/trace.h"
#include "gtest/gtest.h"

namespace ebpf {

/// Keeps each record, or refuses them.
class KeptRecords final : public RecordConsumer {
 public:
  explicit KeptRecords(bool takes = true) : takes_(takes) {}

  void* Reserve(size_t size, const machine::PtRegs* regs) override {
    EXPECT_EQ(regs, nullptr);
    ++reserved;
    if (!takes_) {
      return nullptr;
    }
    memory_.assign((size + 7) / 8, 0xa5a5'a5a5'a5a5'a5a5);
    return memory_.data();
  }
  void Commit(void* record, size_t size,
              const machine::PtRegs* /*regs*/) override {
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

  void Fired(const uint64_t* arguments, uint32_t /*cpu*/) override {
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
    EXPECT_EQ(InitTracepoints(PortAllocator()), Status::kOk);
  }
  ~TracepointFixture() override {
    ExitTracepoints();
    ExitReadSections();
  }
};

}  // namespace ebpf
