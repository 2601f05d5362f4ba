// SPDX-License-Identifier: MIT
//
// core/platform/log.h: a buffer that any context can append to, and abort.
#include "testing/host_port/host_log.h"

#include <algorithm>
#include <atomic>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/platform/log.h"
#include "core/platform/version.h"

EBPF_PORT_WRITTEN_FOR(3);

namespace ebpf {
namespace {

constexpr size_t kLogSize = 1 << 20;
char g_log[kLogSize];
std::atomic<size_t> g_log_end{0};

void WriteToStderr(const char* text, size_t size) {
  // Nothing can be done where that fails.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, size);
}

}  // namespace

std::string HostLog() {
  return std::string(g_log, std::min(g_log_end.load(), kLogSize));
}

void ClearHostLog() { g_log_end = 0; }

}  // namespace ebpf

extern "C" {

void ebpf_port_log(const char* text, size_t size) {
  static const bool echo = getenv("EBPF_HOST_LOG") != nullptr;
  const size_t at = ebpf::g_log_end.fetch_add(size);
  if (at < ebpf::kLogSize) {
    memcpy(ebpf::g_log + at, text, std::min(size, ebpf::kLogSize - at));
  }
  if (echo) {
    ebpf::WriteToStderr(text, size);
  }
}

void ebpf_port_panic(const char* what) {
  ebpf::WriteToStderr("PANIC: ", 7);
  ebpf::WriteToStderr(what, strlen(what));
  ebpf::WriteToStderr("\n", 1);
  abort();
}

}  // extern "C"
