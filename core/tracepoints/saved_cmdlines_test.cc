// SPDX-License-Identifier: MIT
#include "core/tracepoints/saved_cmdlines.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "core/platform/cpu.h"
#include "core/tracepoints/trace_buffer_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

using OwnedCmdlines = std::unique_ptr<SavedCmdlines, DestroyOwned>;

class SavedCmdlinesTest : public testing::Test {
 protected:
  ~SavedCmdlinesTest() override { SetHostTask(1, 1, "host"); }

  static OwnedCmdlines Make(size_t size) {
    const Result<SavedCmdlines*> made =
        SavedCmdlines::Create(size, PortAllocator());
    EXPECT_TRUE(made.ok());
    return OwnedCmdlines(made.ok() ? *made : nullptr);
  }
  static void NoteAs(SavedCmdlines& cmdlines, uint32_t pid, const char* name,
                     uint64_t time) {
    SetHostTask(pid, pid, name);
    cmdlines.Note(pid, time, ebpf_port_cpu_id());
  }
  static std::string NameOf(const SavedCmdlines& cmdlines, uint32_t pid) {
    char comm[kCommSize];
    cmdlines.Find(pid, comm);
    return comm;
  }
};

TEST_F(SavedCmdlinesTest, ATaskIsKnownByTheNameThatItHad) {
  OwnedCmdlines cmdlines = Make(16);
  NoteAs(*cmdlines, 5, "five", 100);
  NoteAs(*cmdlines, 6, "six", 100);
  EXPECT_EQ(NameOf(*cmdlines, 5), "five");
  EXPECT_EQ(NameOf(*cmdlines, 6), "six");
  EXPECT_EQ(NameOf(*cmdlines, 7), "<...>");
  EXPECT_EQ(NameOf(*cmdlines, 0), "<idle>");
}

TEST_F(SavedCmdlinesTest, AnotherNameIsSeenAfterAWhile) {
  OwnedCmdlines cmdlines = Make(16);
  NoteAs(*cmdlines, 5, "first", 1'000);
  NoteAs(*cmdlines, 5, "second", 2'000);
  EXPECT_EQ(NameOf(*cmdlines, 5), "first");
  NoteAs(*cmdlines, 5, "second", 20'000'000);
  EXPECT_EQ(NameOf(*cmdlines, 5), "second");
}

TEST_F(SavedCmdlinesTest, WhoComesLaterTakesThePlace) {
  OwnedCmdlines cmdlines = Make(16);
  NoteAs(*cmdlines, 5, "five", 100);
  NoteAs(*cmdlines, 21, "later", 100);
  EXPECT_EQ(NameOf(*cmdlines, 5), "<...>");
  EXPECT_EQ(NameOf(*cmdlines, 21), "later");
}

TEST_F(SavedCmdlinesTest, SizesAreRoundedUpAndBounded) {
  EXPECT_EQ(Make(1)->size(), 1u);
  EXPECT_EQ(Make(100)->size(), 128u);
  EXPECT_EQ(Make(32768)->size(), 32768u);
  for (const size_t size : {size_t{0}, size_t{32769}, SIZE_MAX}) {
    EXPECT_EQ(SavedCmdlines::Create(size, PortAllocator()).status(),
              Status::kInvalid);
  }
  ForEachFailingAllocation("saved_cmdlines", [](FailingAllocator& allocator) {
    const Result<SavedCmdlines*> made = SavedCmdlines::Create(16, allocator);
    EXPECT_EQ(made.ok(), !allocator.failed());
    if (made.ok()) {
      (*made)->Destroy();
    }
  });
}

TEST_F(SavedCmdlinesTest, NamesAreWholeWhileOthersWriteThem) {
  OwnedCmdlines cmdlines = Make(1);  // all of them share a place
  std::atomic<bool> done{false};
  std::thread writers[2];
  for (uint32_t writer = 0; writer < 2; ++writer) {
    writers[writer] = std::thread([&, writer] {
      const HostCpu cpu(1 + writer);
      const uint32_t pid = 10 + writer;
      const std::string name(15, static_cast<char>('a' + writer));
      SetHostTask(pid, pid, name.c_str());
      for (uint64_t time = 0; !done; time += 20'000'000) {
        cmdlines->Note(pid, time, 1 + writer);
      }
    });
  }
  int seen = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (seen < 20'000 && std::chrono::steady_clock::now() < end) {
    uint32_t pid;
    char comm[kCommSize];
    if (cmdlines->At(0, &pid, comm)) {
      ++seen;
      ASSERT_TRUE(pid == 10 || pid == 11);
      ASSERT_EQ(std::string(comm),
                std::string(15, static_cast<char>('a' + pid - 10)));
    }
  }
  done = true;
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(seen, 20'000);
}

}  // namespace
}  // namespace ebpf
