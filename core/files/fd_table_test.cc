// SPDX-License-Identifier: MIT
#include "core/files/fd_table.h"

#include <atomic>
#include <thread>
#include <vector>

#include "core/files/client.h"
#include "core/linux_abi/perf_event.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

/// A file that tells when it goes, and where.
class TestFile final : public File {
 public:
  static Ref<File> Make(std::atomic<int>& alive) {
    return Ref<File>::Adopt(new TestFile(alive));
  }
  const char* name() const override { return "test"; }

 private:
  explicit TestFile(std::atomic<int>& alive) : alive_(alive) { ++alive_; }
  ~TestFile() = default;
  void Destroy() override {
    EXPECT_FALSE(HostIrqsMasked()) << "a file may wait when it goes";
    --alive_;
    delete this;
  }

  std::atomic<int>& alive_;
};

class FdTableTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(table_.Init(allocator_), Status::kOk); }

  int Install() {
    Result<int> fd = table_.Install(TestFile::Make(alive_));
    return fd.ok() ? *fd : -static_cast<int>(fd.status());
  }

  std::atomic<int> alive_{0};
  FailingAllocator allocator_;
  FdTable table_;
};

TEST_F(FdTableTest, GivesTheLowestFreeNumberFromThreeOn) {
  EXPECT_EQ(Install(), 3);
  EXPECT_EQ(Install(), 4);
  EXPECT_EQ(Install(), 5);
  EXPECT_EQ(table_.Close(4), Status::kOk);

  EXPECT_EQ(Install(), 4);
  EXPECT_EQ(Install(), 6);
}

TEST_F(FdTableTest, ClosingTheOnlyDescriptorEndsTheFile) {
  const int fd = Install();
  EXPECT_EQ(alive_, 1);

  EXPECT_EQ(table_.Close(fd), Status::kOk);

  EXPECT_EQ(alive_, 0);
  EXPECT_EQ(table_.Close(fd), Status::kBadFd);
  EXPECT_EQ(table_.Get(fd).status(), Status::kBadFd);
}

TEST_F(FdTableTest, ACallKeepsItsFileWhenTheDescriptorIsClosedMeanwhile) {
  const int fd = Install();
  {
    Result<Ref<File>> used = table_.Get(fd);
    ASSERT_TRUE(used.ok());
    EXPECT_EQ(table_.Close(fd), Status::kOk);
    EXPECT_EQ(alive_, 1);
    EXPECT_STREQ((*used)->name(), "test");
  }
  EXPECT_EQ(alive_, 0);
}

TEST_F(FdTableTest, TwoDescriptorsOfOneFileCloseOneByOne) {
  const int fd = Install();
  Result<int> other = table_.Install(*Move(table_.Get(fd)));
  ASSERT_TRUE(other.ok());

  EXPECT_EQ(table_.Close(fd), Status::kOk);
  EXPECT_EQ(alive_, 1);
  EXPECT_EQ(table_.Close(*other), Status::kOk);
  EXPECT_EQ(alive_, 0);
}

TEST_F(FdTableTest, NumbersThatAreNotThereAreBad) {
  Install();
  for (int64_t fd :
       {int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{2}, int64_t{4},
        int64_t{511}, int64_t{512}, int64_t{INT32_MAX}, int64_t{INT32_MIN},
        INT64_MAX, INT64_MIN, int64_t{1} << 32 | 3}) {
    EXPECT_EQ(table_.Get(fd).status(), Status::kBadFd) << fd;
    EXPECT_EQ(table_.Close(fd), Status::kBadFd) << fd;
  }
  EXPECT_EQ(alive_, 1);
}

TEST_F(FdTableTest, RefusesMoreThanItHasRoomForAndDropsTheFile) {
  for (int fd = FdTable::kFirstFd; fd < FdTable::kMaxFds; ++fd) {
    ASSERT_EQ(Install(), fd);
  }
  const int all = alive_;

  EXPECT_EQ(Install(), -static_cast<int>(Status::kTooManyFiles));

  EXPECT_EQ(alive_, all);
  EXPECT_EQ(table_.Close(100), Status::kOk);
  EXPECT_EQ(Install(), 100);
}

TEST_F(FdTableTest, CloseAllEndsEveryFile) {
  for (int i = 0; i < 100; ++i) {
    Install();
  }

  table_.CloseAll();

  EXPECT_EQ(alive_, 0);
  EXPECT_EQ(Install(), 3);
}

TEST_F(FdTableTest, ThreadsMayOpenUseAndCloseTheSameNumbers) {
  constexpr int kThreads = 3;
  constexpr int kRounds = 2000;
  std::vector<std::thread> threads;
  for (uint32_t cpu = 1; cpu <= kThreads; ++cpu) {
    threads.emplace_back([this, cpu] {
      HostCpu self(cpu);
      for (int i = 0; i < kRounds; ++i) {
        const int mine = Install();
        ASSERT_GE(mine, 3);
        // Somebody else's, as likely as not closed in this moment.
        for (int fd = 3; fd < 3 + kThreads; ++fd) {
          Result<Ref<File>> file = table_.Get(fd);
          if (file.ok()) {
            EXPECT_STREQ((*file)->name(), "test");
          }
        }
        // Of two that close one number one gets kBadFd, or what a third has
        // opened there since; never a file twice.
        (void)table_.Close(3 + i % kThreads);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  table_.CloseAll();
  EXPECT_EQ(alive_, 0);
}

TEST(FdTableLifeTest, ATableWithOpenFilesClosesThemWhenItGoes) {
  std::atomic<int> alive{0};
  FailingAllocator allocator;
  {
    FdTable table;
    ASSERT_EQ(table.Init(allocator), Status::kOk);
    ASSERT_TRUE(table.Install(TestFile::Make(alive)).ok());
  }
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(allocator.outstanding_blocks(), 0u);
}

TEST(FdTableLifeTest, EachAllocationMayFail) {
  ForEachFailingAllocation("fd table", [](FailingAllocator& allocator) {
    FdTable table;
    const Status status = table.Init(allocator);
    EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
    EXPECT_EQ(table.Get(3).status(), Status::kBadFd);
    EXPECT_EQ(table.Close(3), Status::kBadFd);
  });
}

TEST(FileTest, WhatAKindLacksIsAnsweredAsInLinux) {
  std::atomic<int> alive{0};
  Ref<File> file = TestFile::Make(alive);

  EXPECT_EQ(file->AsMap(), nullptr);
  EXPECT_EQ(file->AsProgram(), nullptr);
  EXPECT_EQ(file->AsPerfEvent(), nullptr);
  Client* const client = *Client::Create(Origin::kKernel, PortAllocator());
  EXPECT_EQ(file->Mmap(*client, 0, 4096, linux_abi::kProtRead).status(),
            Status::kNoDevice);
  client->Delete();
  EXPECT_EQ(file->Poll(), 0x145u);  // DEFAULT_POLLMASK
}

}  // namespace
}  // namespace ebpf
