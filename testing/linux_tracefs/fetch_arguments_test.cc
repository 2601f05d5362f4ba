// SPDX-License-Identifier: MIT
//
// Arguments of named probes beside the host's: which it takes, and how it says
// what is wrong, and where. The host is asked by its uprobe_events, whose
// arguments Linux reads as those of kprobe_events; what differs there (symbols,
// places in files, $arg, how far $stack reaches) is not asked.
#include <cstdio>
#include <fcntl.h>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include "core/machine/machine_ops.h"
#include "core/tracepoints/fetch_argument.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_trap.h"
#include "testing/linux_tracefs/host_tracefs.h"

namespace ebpf {
namespace {

constexpr char kEvents[] = "../../uprobe_events";
constexpr char kErrors[] = "../../error_log";

/// "", or what is wrong and where, counted from the argument's beginning.
struct Verdict {
  bool taken = false;
  std::string error;
  long position = 0;
};

class FetchArgumentsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    host_ = HostTracefs::Open(&reason);
    if (host_ == nullptr) {
      GTEST_SKIP() << "NO ORACLE: " << reason;
    }
    char path[256] = {};
    ASSERT_GT(readlink("/proc/self/exe", path, sizeof(path) - 1), 0);
    group_ = "ebpf_test_" + std::to_string(getpid());
    head_ = ":" + group_ + "/e " + path + ":0x1234 ";
    if (!Host("p", "%ax").taken) {
      GTEST_SKIP() << "NO ORACLE: this Linux has no uprobe_events for " << path;
    }
  }

  Verdict Host(const std::string& kind, const std::string& argument) {
    const std::string head = kind + head_;
    host_->Put(kErrors, "\n", O_WRONLY | O_TRUNC);
    Verdict verdict;
    verdict.taken =
        host_->Put(kEvents, head + argument + "\n", O_WRONLY | O_APPEND) > 0;
    if (verdict.taken) {
      EXPECT_GT(
          host_->Put(kEvents, "-:" + group_ + "/e\n", O_WRONLY | O_APPEND), 0);
      return verdict;
    }
    const std::string log = host_->Get(kErrors);
    const size_t begin = log.find("error: ") + 7;
    verdict.error = log.substr(begin, log.find('\n', begin) - begin);
    const size_t command = log.find("  Command: ") + 11;
    const size_t line = log.find('\n', command) + 1;
    verdict.position = static_cast<long>(log.find('^', line) - line) - 11 -
                       static_cast<long>(head.size());
    return verdict;
  }

  static Verdict Ours(const std::string& kind, const std::string& argument) {
    FetchPlace place;
    place.registers = HostMachineOps().registers;
    place.is_return = kind == "r";
    FetchArgument understood;
    ProbeError error;
    Verdict verdict;
    verdict.taken = IsOk(ParseFetchArgument({argument.data(), argument.size()},
                                            0, place, understood, error));
    const StringView words = ProbeErrorText(error.kind);
    verdict.error.assign(words.data(), words.size());
    verdict.position = static_cast<long>(error.position);
    return verdict;
  }

  std::unique_ptr<HostTracefs> host_;
  std::string group_;
  std::string head_;
};

/// Arguments that are nearly right.
class RandomArguments {
 public:
  std::string Next() {
    std::string text =
        Pick({"", "", "a=", "abc=", "1a=", "a-b=", "=",
              "_x=", "common_pid1=", "abcdefghijklmnopqrstuvwxyzabcde=",
              "abcdefghijklmnopqrstuvwxyzabcdef="}) +
        Way(random_() % 4) + Type();
    while (random_() % 6 == 0) {
      Damage(text);
    }
    return text;
  }

 private:
  std::string Way(unsigned loads) {
    if (random_() % 60 == 0) {
      loads = 10 + random_() % 8;
    }
    std::string text = Base();
    for (unsigned i = 0; i < loads; ++i) {
      text = Pick({"+", "+", "-", "+u", "-u"}) +
             Pick({"0", "8", "0x10", "1", "z", "", "-8", "+8", "010", "09",
                   "9223372036854775807", "9223372036854775808"}) +
             "(" + text + ")";
    }
    return text;
  }
  std::string Base() {
    return Pick({"%ax",     "%di",    "%r8",    "%flags",  "%rax",     "%",
                 "$retval", "$stack", "$comm",  "$stack3", "$stackx",  "$foo",
                 "\\5",     "\\-5",   "\\0x5x", "\\",      "\\\"ab\"", "\\\"a",
                 "@0x1000", "@1z",    "%ax",    "%cx",     "foo",      "5"});
  }
  std::string Type() {
    std::string text =
        Pick({"", "", ":u8", ":s16", ":x32", ":u64", ":char", ":string",
              ":ustring", ":b4@2/8", ":b1@63/64", ":b9@0/8", ":b0@0/8",
              ":bx@1/8", ":b1@1/9", ":foo", ":", ":string", ":b1@2"});
    if (random_() % 4 == 0) {
      text += Pick({"[3]", "[0]", "[64]", "[65]", "[x]", "[", "[3]x", "[-1]",
                    "[0x4]", "[3"});
    }
    return text;
  }
  /// Takes a character away, doubles it, or puts one there.
  void Damage(std::string& text) {
    const size_t at = random_() % (text.size() + 1);
    switch (random_() % 3) {
      case 0:
        text.erase(at, 1);
        break;
      case 1:
        text.insert(at, text.substr(at, 1));
        break;
      default:
        text.insert(at, Pick({"(", ")", ":", "+", "-", "[", "]", "$", "%", "=",
                              "\\", "\"", "0", "x", "b", "u", "@"}));
    }
  }
  std::string Pick(const std::vector<std::string>& of) {
    return of[random_() % of.size()];
  }

  std::mt19937 random_{17};
};

/// $arg, which files' probes do not have; and a name that a record has already,
/// which ProbeDefinition sees.
bool IsNotAsked(const std::string& text) {
  return text.empty() || text.find("$arg") != std::string::npos ||
         text.find("common_pid=") == 0;
}

/// What the host refuses of a file's probe, and kprobes have.
bool IsOfKprobesOnly(const std::string& error) {
  return error == "Symbol is not available with uprobe";
}

TEST_F(FetchArgumentsTest, TheHostTakesAndRefusesTheSameWithTheSameWords) {
  RandomArguments random;
  int taken = 0;
  int refused = 0;
  int differ = 0;
  int others = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string kind = i % 4 == 0 ? "r" : "p";
    const std::string argument = random.Next();
    if (IsNotAsked(argument)) {
      continue;
    }
    const Verdict host = Host(kind, argument);
    // "@+1" is a place in a file, and an error with kprobes.
    if (IsOfKprobesOnly(host.error) ||
        (host.taken && argument.find("@+") != std::string::npos)) {
      ++others;
      continue;
    }
    const Verdict ours = Ours(kind, argument);
    ++(host.taken ? taken : refused);
    const bool same = host.taken == ours.taken &&
                      (host.taken || (host.error == ours.error &&
                                      host.position == ours.position));
    if (!same && ++differ <= 20) {
      ADD_FAILURE() << kind << " " << argument << "\n  host: " << host.taken
                    << " " << host.error << "@" << host.position
                    << "\n  ours: " << ours.taken << " " << ours.error << "@"
                    << ours.position;
    }
  }
  printf("%d taken, %d refused with the same words, %d differ, %d of files\n",
         taken, refused, differ, others);
  EXPECT_GT(taken, 1000);
  EXPECT_GT(refused, 1000);
  EXPECT_EQ(differ, 0);
}

}  // namespace
}  // namespace ebpf
