// SPDX-License-Identifier: MIT
//
// Lines of kprobe_events beside those of the host's uprobe_events, in random
// order: which probes an event gets and loses, what is shown, what is refused,
// in which words and where. Nothing is switched on.
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include "core/tracepoints/probe_event_test_util.h"
#include "gtest/gtest.h"
#include "testing/linux_tracefs/host_tracefs.h"

namespace ebpf {
namespace {

constexpr char kEvents[] = "../../uprobe_events";
constexpr char kErrors[] = "../../error_log";

/// A line's end: 0 or an errno, and "words, word number, character".
struct Verdict {
  int error = 0;
  std::string text;
  bool operator==(const Verdict&) const = default;
};

/// What error_log says, of a place that has another name elsewhere.
std::string Understood(const std::string& log) {
  const size_t begin = log.find("error: ");
  if (begin == std::string::npos) {
    return "";
  }
  const std::string words =
      log.substr(begin + 7, log.find('\n', begin) - begin - 7);
  const size_t command = log.find("  Command: ") + 11;
  const size_t line = log.find('\n', command) + 1;
  const size_t caret = log.find('^', line) - line - 11;
  const std::string before = log.substr(command, line - 1 - command);
  size_t number = 0;
  size_t word = 0;
  for (size_t i = 0; i < caret && i < before.size(); ++i) {
    if (before[i] == ' ') {
      ++number;
      word = i + 1;
    }
  }
  // Behind the end Linux counts a blank that is not there.
  if (caret > before.size()) {
    return words + ", the end";
  }
  return words + ", " + std::to_string(number) + ", " +
         std::to_string(caret - word);
}

std::string Replaced(std::string text, const std::string& what,
                     const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos;) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
  return text;
}

class ProbeLinesTest : public NamedProbeTest {
 protected:
  void SetUp() override {
    std::string reason;
    host_ = HostTracefs::Open(&reason);
    if (host_ == nullptr) {
      GTEST_SKIP() << "NO ORACLE: " << reason;
    }
    char path[256] = {};
    ASSERT_GT(readlink("/proc/self/exe", path, sizeof(path) - 1), 0);
    path_ = path;
    group_ = "ebpf_test_" + std::to_string(getpid());
    if (Host("p:G/a 0").error != 0) {
      GTEST_SKIP() << "NO ORACLE: this Linux has no uprobe_events for " << path;
    }
    EXPECT_EQ(Host("-:G/").error, 0);
  }
  void TearDown() override {
    if (host_ != nullptr) {
      (void)Host("-:G/");
      EXPECT_EQ(HostShown(), "");
    }
  }

  /// The second word of `line` is the number of a place.
  std::string ForHost(const std::string& line) const {
    return Placed(Replaced(line, "G", group_), [&](int place) {
      char offset[32];
      snprintf(offset, sizeof(offset), ":0x%016x", 0x1234 + place);
      return path_ + offset;
    });
  }
  static std::string ForUs(const std::string& line) {
    return Placed(line, &Place);
  }
  static std::string Place(int number) {
    constexpr const char* kPlaces[] = {"kernel_add", "kernel_add+1",
                                       "kernel_add+4", "kernel_add+8"};
    return kPlaces[number];
  }
  template <typename Name>
  static std::string Placed(const std::string& line, const Name& name) {
    const size_t blank = line.find(' ');
    return blank == std::string::npos
               ? line
               : line.substr(0, blank + 1) + name(line[blank + 1] - '0') +
                     line.substr(blank + 2);
  }

  Verdict Host(const std::string& line) {
    host_->Put(kErrors, "\n", O_WRONLY | O_TRUNC);
    const int64_t done =
        host_->Put(kEvents, ForHost(line) + "\n", O_WRONLY | O_APPEND);
    return {done < 0 ? static_cast<int>(-done) : 0,
            Understood(host_->Get(kErrors))};
  }
  Verdict Ours(const std::string& line) {
    ClearTraceErrors();
    const Status status = Write(ForUs(line));
    return {static_cast<int>(status), Understood(ErrorLog())};
  }
  /// As ours would be shown.
  std::string HostShown() {
    std::string shown;
    const std::string all = host_->Get(kEvents);
    for (size_t at = 0; at < all.size();) {
      const size_t end = all.find('\n', at);
      const std::string line = all.substr(at, end - at + 1);
      shown += line.find(group_) != std::string::npos ? line : "";
      at = end + 1;
    }
    for (int place = 0; place < 4; ++place) {
      shown = Replaced(shown, ForHost("x " + std::to_string(place)).substr(2),
                       Place(place));
    }
    return Replaced(shown, group_, "G");
  }

  std::unique_ptr<HostTracefs> host_;
  std::string path_;
  std::string group_;
};

class RandomLines {
 public:
  std::string Next() {
    const std::string event = Pick({"a", "b"});
    if (random_() % 4 == 0) {
      return "-:G/" + event + Pick({"", " 0", " 1", " 2"}) +
             Pick({"", "", " a=%ax"});
    }
    const bool is_return = random_() % 5 == 0;
    const std::string place =
        is_return ? "0" : std::to_string(random_() % 4);  // an entry
    return (is_return ? "r:G/" : "p:G/") + event + " " + place +
           Pick({"", " a=%ax", " a=%bx", " a=%ax:u8", " b=%ax", " a=%ax b=%bx",
                 " a=%bx b=%ax", " a=%ax b=%bx:u16", " %cx", " a=+0(%ax):u8[2]",
                 " a=+0(%ax):u8[3]", " a=%ax b=%bx c=%cx", " a=$comm",
                 " a=+0(%di):string", " a=%zz"});
  }

 private:
  std::string Pick(const std::vector<std::string>& of) {
    return of[random_() % of.size()];
  }

  std::mt19937 random_{17};
};

TEST_F(ProbeLinesTest, EventsGetAndLoseTheSameProbesWithTheSameWords) {
  RandomLines random;
  int taken = 0;
  int refused = 0;
  int several = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string line = random.Next();
    // "-:a a=%ax" has no place.
    const size_t blank = line.find(' ');
    if (blank != std::string::npos && line[blank + 1] == 'a') {
      continue;
    }
    const Verdict host = Host(line);
    const Verdict ours = Ours(line);
    ++(host.error == 0 ? taken : refused);
    ASSERT_EQ(host.error, ours.error) << line << "\n" << host.text;
    ASSERT_EQ(host.text, ours.text) << line;
    const std::string shown = Shown();
    ASSERT_EQ(HostShown(), shown) << "after " << line;
    const size_t first = shown.find("G/a ");
    several += first != std::string::npos &&
               shown.find("G/a ", first + 1) != std::string::npos;
  }
  printf(
      "%d lines taken, %d refused with the same words, %d times an event "
      "had several probes\n",
      taken, refused, several);
  EXPECT_GT(taken, 500);
  EXPECT_GT(refused, 500);
  EXPECT_GT(several, 200);
}

}  // namespace
}  // namespace ebpf
