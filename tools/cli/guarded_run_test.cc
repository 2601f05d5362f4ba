// SPDX-License-Identifier: MIT
#include "tools/cli/guarded_run.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

std::string FailureOf(const RunLimits& limits,
                      const std::function<uint64_t()>& body) {
  try {
    RunGuarded(limits, body);
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

TEST(GuardedRunTest, GivesWhatTheBodyReturned) {
  EXPECT_EQ(RunGuarded(RunLimits(), [] { return ~uint64_t{0}; }), ~uint64_t{0});
}

TEST(GuardedRunTest, PassesTheBodysFailureOn) {
  EXPECT_EQ(
      FailureOf(RunLimits(), []() -> uint64_t { throw Failure("it is so"); }),
      "it is so");
}

TEST(GuardedRunTest, KeepsWhatTheBodyDoesInTheChild) {
  int value = 1;
  RunGuarded(RunLimits(), [&value] {
    value = 2;
    return uint64_t{0};
  });
  EXPECT_EQ(value, 1);
}

TEST(GuardedRunTest, SaysThatTheBodyCrashed) {
  EXPECT_EQ(FailureOf(RunLimits(),
                      [] {
                        std::signal(SIGSEGV, SIG_DFL);
                        raise(SIGSEGV);
                        return uint64_t{0};
                      }),
            "the program crashed: it used memory that is not there");
  EXPECT_EQ(FailureOf(RunLimits(),
                      [] {
                        raise(SIGILL);
                        return uint64_t{0};
                      }),
            "the program crashed: Illegal instruction");
}

TEST(GuardedRunTest, SaysThatTheBodyEndedTheProcess) {
  EXPECT_EQ(FailureOf(RunLimits(), []() -> uint64_t { _exit(0); }),
            "the program ended the process that ran it");
}

TEST(GuardedRunTest, GivesTheBodyLimitedMemory) {
  EXPECT_EQ(RunGuarded(RunLimits(),
                       [] {
                         void* memory =
                             mmap(nullptr, size_t{3} << 30, PROT_READ,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                         return uint64_t{memory == MAP_FAILED};
                       }),
            1u);
}

TEST(GuardedRunTest, EndsABodyThatDoesNotEnd) {
  RunLimits limits;
  limits.seconds = 1;
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_EQ(FailureOf(limits,
                      []() -> uint64_t {
                        for (;;) {
                          pause();
                        }
                      }),
            "the program did not end within 1 s");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

}  // namespace
}  // namespace ebpf::cli
