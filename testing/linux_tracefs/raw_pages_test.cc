// SPDX-License-Identifier: MIT
//
// trace_pipe_raw, as libtraceevent reads its pages: ours, and the host's of the
// same lines.
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <random>
#include <regex>
#include <sched.h>
#include <string>
#include <unistd.h>
#include <vector>

// It does not say so itself.
extern "C" {
#include <traceevent/kbuffer.h>
}

#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/caller/trace_files.h"
#include "testing/host_port/host_clock.h"
#include "testing/linux_tracefs/host_tracefs.h"

namespace ebpf {
namespace {

constexpr char kFile[] = "per_cpu/cpu0/trace_pipe_raw";

struct Entry {
  std::string text;  // of a line
  uint64_t time;
  int size;    // with its header
  int missed;  // before it; -1: nobody knows how many
};

struct Free {
  void operator()(kbuffer* buffer) const { kbuffer_free(buffer); }
};

/// The lines in a page.
void Append(std::string page, std::vector<Entry>& entries) {
  ASSERT_EQ(page.size(), 4096u);
  const std::unique_ptr<kbuffer, Free> buffer(
      kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE));
  ASSERT_EQ(kbuffer_load_subbuffer(buffer.get(), page.data()), 0);
  EXPECT_EQ(kbuffer_start_of_data(buffer.get()), 16);
  int missed = kbuffer_missed_events(buffer.get());
  unsigned long long time = 0;
  for (void* data = kbuffer_read_event(buffer.get(), &time); data != nullptr;
       data = kbuffer_next_event(buffer.get(), &time)) {
    // Of ftrace:print: the header, and an address.
    std::string text(static_cast<const char*>(data) + 16);
    ASSERT_EQ(text.back(), '\n');
    text.pop_back();
    entries.push_back({text, time, kbuffer_curr_size(buffer.get()), missed});
    missed = 0;
  }
}

/// Without their ends, which both add. (Where one is there, the host's record
/// is as long as if it were not.)
std::vector<std::string> Lines(int count, size_t longest) {
  std::mt19937_64 random(5);
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) {
    lines.push_back(std::to_string(i) +
                    std::string(random() % longest, 'a' + i % 26));
  }
  return lines;
}

class RawPagesTest : public SyscallTest {
 protected:
  RawPagesTest() : files_(caller_) {}
  ~RawPagesTest() override {
    ResumeHostTime();
    caller_.client().fds().CloseAll();
  }

  std::vector<Entry> Ours() {
    std::vector<Entry> entries;
    const int64_t fd = files_.Open(kFile, linux_abi::kOpenReadOnly);
    EXPECT_GE(fd, 0);
    for (std::string page = files_.ReadFd(fd, 4096); !page.empty();
         page = files_.ReadFd(fd, 4096)) {
      Append(page, entries);
    }
    files_.CloseFd(fd);
    return entries;
  }

  TraceFiles files_;
};

INSTANTIATE_TEST_SUITE_P(, RawPagesTest, testing::Values(Origin::kKernel),
                         OriginName);

TEST_P(RawPagesTest, LibtraceeventReadsWhatWasWrittenAndWhen) {
  std::mt19937_64 random(7);
  const std::vector<std::string> lines = Lines(1500, 200);
  ASSERT_GT(files_.Write1("buffer_size_kb", "1024"), 0);
  std::vector<uint64_t> times;
  uint64_t time = 1'000'000'000'000;
  for (const std::string& line : lines) {
    // Up to many times what is in an entry's header.
    time += random() >> (29 + random() % 35);
    times.push_back(time);
    SetHostTime(time);
    ASSERT_GT(files_.Write1("trace_marker", line), 0);
  }
  const std::vector<Entry> entries = Ours();
  ASSERT_EQ(entries.size(), lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(entries[i].text, lines[i]);
    ASSERT_EQ(entries[i].time, times[i]) << i;
    ASSERT_EQ(entries[i].missed, 0);
  }
}

TEST_P(RawPagesTest, TellsHowManyWereLost) {
  ASSERT_GT(files_.Write1("buffer_size_kb", "12"), 0);
  const std::vector<std::string> lines = Lines(2000, 100);
  for (const std::string& line : lines) {
    ASSERT_GT(files_.Write1("trace_marker", line), 0);
  }
  std::smatch match;
  const std::string stats = files_.ReadAll("per_cpu/cpu0/stats");
  ASSERT_TRUE(std::regex_search(
      stats, match, std::regex("entries: ([0-9]+)\noverrun: ([0-9]+)")));
  const std::vector<Entry> entries = Ours();
  ASSERT_EQ(entries.size(), std::stoul(match[1]));
  EXPECT_EQ(entries.size() + std::stoul(match[2]), lines.size());
  EXPECT_EQ(entries[0].missed, std::stoi(match[2]));
  EXPECT_EQ(entries[0].text, lines[lines.size() - entries.size()]);
  for (size_t i = 1; i < entries.size(); ++i) {
    ASSERT_EQ(entries[i].missed, 0);
  }
}

TEST_P(RawPagesTest, TheHostsPagesHoldTheSame) {
  std::string reason;
  const std::unique_ptr<HostTracefs> host = HostTracefs::Open(&reason);
  if (host == nullptr) {
    GTEST_SKIP() << "NO ORACLE: " << reason;
  }
  cpu_set_t before;
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  ASSERT_EQ(sched_setaffinity(0, sizeof(first), &first), 0);
  const int fd = host->Open(kFile, O_RDONLY | O_NONBLOCK);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(host->Open("trace_pipe_raw", O_RDONLY), -ENOENT);
  ASSERT_GT(files_.Write1("buffer_size_kb", "1024"), 0);
  const std::vector<std::string> lines = Lines(200, 300);
  for (const std::string& line : lines) {
    ASSERT_EQ(host->Write("trace_marker", line), 0);
    ASSERT_GT(files_.Write1("trace_marker", line), 0);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
  std::vector<Entry> hosts;
  std::string page(4096, '\0');
  while (read(fd, page.data(), page.size()) == 4096) {
    Append(page, hosts);
  }
  close(fd);
  const std::vector<Entry> ours = Ours();
  ASSERT_EQ(ours.size(), lines.size());
  ASSERT_EQ(hosts.size(), lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(ours[i].text, hosts[i].text);
    EXPECT_EQ(ours[i].size, hosts[i].size) << ours[i].text;
  }
}

}  // namespace
}  // namespace ebpf
