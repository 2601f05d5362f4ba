// SPDX-License-Identifier: MIT
//
// tools/cli/guarded_run.h's implementation: fork, rlimits, a pipe.
#include "tools/cli/guarded_run.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

/// What the child says at its end.
struct Reply {
  bool done;
  uint64_t result;
  char failure[1024];
};
// A pipe takes it whole or not at all.
static_assert(sizeof(Reply) <= 4096);

void SetLimit(__rlimit_resource resource, uint64_t value) {
  const rlimit limit = {value, value};
  setrlimit(resource, &limit);
}

/// The bytes of address space that this process has.
uint64_t AddressSpace() {
  unsigned long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%lu", &pages) != 1) {
    throw Failure("/proc/self/statm cannot be read");
  }
  std::fclose(file);
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

[[noreturn]] void RunChild(int to_parent, const RunLimits& limits,
                           const std::function<uint64_t()>& body) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGXCPU}) {
    std::signal(signal, SIG_DFL);
  }
  Reply reply = {};
  try {
    SetLimit(RLIMIT_CORE, 0);
    SetLimit(RLIMIT_CPU, limits.seconds + 1);
    SetLimit(RLIMIT_AS, AddressSpace() + limits.more_address_space);
    reply.result = body();
    reply.done = true;
  } catch (const std::exception& exception) {
    std::strncpy(reply.failure, exception.what(), sizeof(reply.failure) - 1);
  }
  const bool told = write(to_parent, &reply, sizeof(reply)) == sizeof(reply);
  _exit(told ? 0 : 1);
}

std::string SignalText(int signal, uint32_t seconds) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
      return "the program crashed: it used memory that is not there";
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
      return fmt::format("the program crashed: {}", strsignal(signal));
    case SIGXCPU:
      return fmt::format("the program did not end within {} s", seconds);
    default:
      return fmt::format("the program was ended by a signal: {}",
                         strsignal(signal));
  }
}

/// Waits for the child's end of the pipe; false: it takes too long.
bool WaitForReply(int from_child, uint32_t seconds, Reply& reply,
                  bool& replied) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    pollfd waiting = {from_child, POLLIN, 0};
    const int count =
        poll(&waiting, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (count > 0) {
      replied = read(from_child, &reply, sizeof(reply)) == sizeof(reply);
      return true;
    }
    if (count == 0) {
      return false;
    }
    if (errno != EINTR) {
      throw Failure(fmt::format("poll: {}", std::strerror(errno)));
    }
  }
}

}  // namespace

uint64_t RunGuarded(const RunLimits& limits,
                    const std::function<uint64_t()>& body) {
  int ends[2];
  if (pipe(ends) != 0) {
    throw Failure(fmt::format("pipe: {}", std::strerror(errno)));
  }
  const pid_t child = fork();
  if (child < 0) {
    throw Failure(fmt::format("fork: {}", std::strerror(errno)));
  }
  if (child == 0) {
    close(ends[0]);
    RunChild(ends[1], limits, body);
  }
  close(ends[1]);
  Reply reply = {};
  bool replied = false;
  const bool in_time = WaitForReply(ends[0], limits.seconds, reply, replied);
  close(ends[0]);
  if (!in_time) {
    kill(child, SIGKILL);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) {
    throw Failure(SignalText(SIGXCPU, limits.seconds));
  }
  if (!replied) {
    throw Failure(WIFSIGNALED(status)
                      ? SignalText(WTERMSIG(status), limits.seconds)
                      : "the program ended the process that ran it");
  }
  if (!reply.done) {
    throw Failure(reply.failure);
  }
  return reply.result;
}

}  // namespace ebpf::cli
