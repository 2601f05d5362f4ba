// SPDX-License-Identifier: MIT
#include "core/platform/exec_runs.h"

#include <map>
#include <random>
#include <stdlib.h>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

constexpr uint64_t kAnywhere = UINT64_MAX;
constexpr size_t kPage = ExecRuns::kPageSize;

/// A kernel's pages, counted.
struct Kernel {
  static inline std::map<void*, size_t> taken;
  static inline bool is_empty = false;

  static void* Take(size_t count) {
    if (is_empty) {
      return nullptr;
    }
    void* const pages = aligned_alloc(kPage, count * kPage);
    taken[pages] = count;
    return pages;
  }
  static void Give(void* pages, size_t count) {
    EXPECT_EQ(taken[pages], count);
    taken.erase(pages);
    free(pages);
  }
};

class ExecRunsTest : public testing::Test {
 protected:
  ExecRunsTest() { Kernel::is_empty = false; }
  ~ExecRunsTest() override {
    EXPECT_TRUE(Kernel::taken.empty()) << "something was not given back";
  }

  uintptr_t Take(size_t size, uintptr_t near = 0, uint64_t reach = kAnywhere) {
    return reinterpret_cast<uintptr_t>(runs_.Take(size, near, reach));
  }
  bool Give(uintptr_t memory, size_t size) {
    return runs_.Give(reinterpret_cast<void*>(memory), size);
  }

  ExecRuns runs_{{&Kernel::Take, &Kernel::Give}};
};

TEST_F(ExecRunsTest, SmallBlocksShareAPageThatIsGivenBackWithTheLast) {
  const uintptr_t first = Take(1);
  const uintptr_t second = Take(65);
  EXPECT_EQ(first % kPage, 0u);
  EXPECT_EQ(second, first + 64);
  EXPECT_EQ(Take(64), first + 192);
  EXPECT_EQ(Kernel::taken.size(), 1u);
  EXPECT_TRUE(Give(second, 65));
  EXPECT_EQ(Take(128), second) << "what is free is used again";
  EXPECT_TRUE(Give(second, 128));
  EXPECT_TRUE(Give(first, 1));
  EXPECT_EQ(Kernel::taken.size(), 1u);
  EXPECT_TRUE(Give(first + 192, 64));
}

TEST_F(ExecRunsTest, AWholePageIsABlockToo) {
  const uintptr_t page = Take(kPage);
  const uintptr_t small = Take(1);
  EXPECT_EQ(Kernel::taken.size(), 2u);
  EXPECT_TRUE(Give(page, kPage));
  EXPECT_EQ(Kernel::taken.size(), 1u);
  EXPECT_TRUE(Give(small, 1));
}

TEST_F(ExecRunsTest, LargeBlocksHavePagesOfTheirOwn) {
  const uintptr_t large = Take(3 * kPage);
  EXPECT_EQ(Kernel::taken[reinterpret_cast<void*>(large)], 4u);
  const uintptr_t small = Take(64);
  EXPECT_EQ(Kernel::taken.size(), 2u);
  EXPECT_TRUE(Give(large, 3 * kPage));
  EXPECT_TRUE(Give(small, 64));
}

TEST_F(ExecRunsTest, SaysNoToNothingAndToTooMuch) {
  EXPECT_EQ(Take(0), 0u);
  EXPECT_EQ(Take(ExecRuns::kMost + 1), 0u);
  EXPECT_EQ(Take(SIZE_MAX), 0u);
}

TEST_F(ExecRunsTest, WhatIsTooFarAwayGoesBackAtOnce) {
  const uintptr_t near = Take(64);
  EXPECT_EQ(Take(64, near + (uint64_t{1} << 40), kPage), 0u);
  EXPECT_EQ(Take(8 * kPage, near + (uint64_t{1} << 40), kPage), 0u);
  EXPECT_EQ(Kernel::taken.size(), 1u);
  EXPECT_EQ(Take(64, near, kPage), near + 64);
  EXPECT_TRUE(Give(near, 64));
  EXPECT_TRUE(Give(near + 64, 64));
}

TEST_F(ExecRunsTest, KnowsItsMemory) {
  const uintptr_t block = Take(64);
  EXPECT_TRUE(runs_.Contains(block, 64));
  EXPECT_TRUE(runs_.Contains(block + kPage - 1, 1));
  EXPECT_FALSE(runs_.Contains(block + kPage - 1, 2));
  EXPECT_FALSE(runs_.Contains(block - 1, 1));
  EXPECT_FALSE(runs_.Contains(block, SIZE_MAX));
  EXPECT_TRUE(Give(block, 64));
  EXPECT_FALSE(runs_.Contains(block, 64));
  EXPECT_FALSE(Give(block, 64)) << "given back twice";
  EXPECT_TRUE(Give(0, 64)) << "null is nothing";
}

TEST_F(ExecRunsTest, GoesOnWithoutMemory) {
  Kernel::is_empty = true;
  EXPECT_EQ(Take(64), 0u);
  EXPECT_EQ(Take(2 * kPage), 0u);
  Kernel::is_empty = false;
  for (uint64_t n = 1; n <= 2; ++n) {
    FailNthAllocation(n);
    const uintptr_t block = Take(64);
    FailNthAllocation(0);
    EXPECT_EQ(block == 0, n == 1);
    if (block != 0) {
      EXPECT_TRUE(Give(block, 64));
    }
  }
}

TEST_F(ExecRunsTest, NoTwoBlocksMeetWhoeverTakesThem) {
  constexpr uint32_t kCpus = 3;
  std::vector<std::thread> threads;
  for (uint32_t number = 1; number <= kCpus; ++number) {
    threads.emplace_back([this, number] {
      const HostCpu cpu(number);
      std::mt19937 random(number);
      struct Block {
        uint8_t* bytes;
        size_t size;
      };
      std::vector<Block> mine;
      for (int i = 0; i < 3000; ++i) {
        if (mine.size() < 50 && random() % 2 == 0) {
          const size_t size = 1 + random() % (random() % 8 == 0 ? 9000 : 700);
          auto* const bytes =
              static_cast<uint8_t*>(runs_.Take(size, 0, kAnywhere));
          ASSERT_NE(bytes, nullptr);
          std::fill_n(bytes, size, static_cast<uint8_t>(number));
          mine.push_back({bytes, size});
        } else if (!mine.empty()) {
          const Block block = mine.back();
          mine.pop_back();
          for (size_t at = 0; at < block.size; ++at) {
            ASSERT_EQ(block.bytes[at], number);
          }
          ASSERT_TRUE(runs_.Give(block.bytes, block.size));
        }
      }
      for (const Block& block : mine) {
        ASSERT_TRUE(runs_.Give(block.bytes, block.size));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace ebpf
