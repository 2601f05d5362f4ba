// SPDX-License-Identifier: MIT
//
// Linux's events of system calls where these are functions: under its names, to
// its programs and in its files; and nothing of them while nobody asks.
#include "core/base/memory.h"
#include "core/capi/ebpf_trace.h"
#include "ports/hermit/init.h"
#include "testing/guest/clients/loaded_object.h"
#include "testing/guest/demo/start.h"
#include "testing/hermit/application/application.h"
#include "testing/programs/syscalls.h"
#include "testing/programs/syscalls_object.h"

namespace guest {
namespace {

using ebpf::StringView;

constexpr uint8_t kBytes[] = "eBPF";

/// A call of each kind that fails, and leaves nothing.
[[gnu::noinline]] void DoCalls() {
  GUEST_EXPECT(sys_write(SYSCALLS_FD, kBytes, 4) < 0);
  GUEST_EXPECT(sys_close(SYSCALLS_FD) < 0);
  GUEST_EXPECT(sys_open("/no/such/file", 0, 0) < 0);
}

template <typename Function>
const uint8_t* CodeOf(Function* function) {
  return reinterpret_cast<const uint8_t*>(function);
}

/// The beginnings of functions, to be found again.
struct Code {
  static constexpr size_t kSize = 16;
  uint8_t bytes[3][kSize];

  static Code Now() {
    Code code;
    ebpf::CopyBytes(code.bytes[0], CodeOf(&sys_write), kSize);
    ebpf::CopyBytes(code.bytes[1], CodeOf(&sys_close), kSize);
    ebpf::CopyBytes(code.bytes[2], CodeOf(&sys_open), kSize);
    return code;
  }
  bool operator==(const Code& other) const {
    return ebpf::EqualBytes(ebpf::ConstBytes(bytes[0], sizeof(bytes)),
                            ebpf::ConstBytes(other.bytes[0], sizeof(bytes)));
  }
};

/// The files of the trace.
class Trace {
 public:
  Trace() : client_(ebpf_client_create(EBPF_ORIGIN_KERNEL)) {}
  ~Trace() { ebpf_client_delete(client_); }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  void Write(const char* path, StringView text) {
    constexpr uint32_t kWriteOnly = 1;
    const int32_t fd = Open(path, kWriteOnly);
    GUEST_EXPECT_EQ(
        ebpf_write(client_, fd, reinterpret_cast<uint64_t>(text.data()),
                   text.size()),
        text.size());
    GUEST_EXPECT_EQ(ebpf_close(client_, fd), 0);
  }
  /// Whether `trace` has a line with this, which is printed.
  bool Has(StringView wanted) {
    const int32_t fd = Open("/sys/kernel/tracing/trace", 0);
    static char text[8192];
    size_t size = 0;
    for (int64_t got = 1; got > 0 && size < sizeof(text);) {
      got = ebpf_read(client_, fd, reinterpret_cast<uint64_t>(text + size),
                      sizeof(text) - size);
      size += got > 0 ? static_cast<size_t>(got) : 0;
    }
    GUEST_EXPECT_EQ(ebpf_close(client_, fd), 0);
    StringView left(text, size);
    while (!left.empty()) {
      const StringView line = left.First(left.Find('\n'));
      for (size_t at = 0; at < line.size(); ++at) {
        if (line.Substring(at).StartsWith(wanted)) {
          PrintLine(line);
          return true;
        }
      }
      left = left.Substring(ebpf::Min(line.size() + 1, left.size()));
    }
    return false;
  }

 private:
  int32_t Open(const char* path, uint32_t flags) {
    const int64_t fd =
        ebpf_text_open(client_, reinterpret_cast<uint64_t>(path), flags);
    GUEST_EXPECT(fd >= 0);
    return static_cast<int32_t>(fd);
  }

  ebpf_client* const client_;
};

GUEST_TEST(Syscalls, AreEventsOfLinuxsNames) {
  GUEST_ASSERT(StartEbpf() == 0);
  const Code before = Code::Now();
  // Of calls that nobody makes the linker leaves nothing.
  GUEST_ASSERT(ebpf_hermit_trace_syscalls() >= 3);
  GUEST_EXPECT(Code::Now() == before);
  Trace trace;
  trace.Write("/sys/kernel/tracing/events/syscalls/enable", "1");
  GUEST_EXPECT(!(Code::Now() == before));
  DoCalls();
  trace.Write("/sys/kernel/tracing/events/syscalls/enable", "0");
  GUEST_EXPECT(Code::Now() == before);
  GUEST_EXPECT(trace.Has("sys_write(fd: 0x4d, buf: 0x"));
  GUEST_EXPECT(trace.Has("count: 4)"));
  GUEST_EXPECT(trace.Has("sys_write -> 0xfffffffffffff"));
  GUEST_EXPECT(trace.Has("sys_close(fd: 0x4d)"));
  GUEST_EXPECT(trace.Has("sys_close -> 0xfffffffffffff"));
  // sys_open, where Linux has one, or else what a C library makes of it.
  GUEST_EXPECT(trace.Has("sys_open(filename: 0x") ||
               trace.Has("sys_openat(dfd: 0xffffff9c, filename: 0x"));
}

GUEST_TEST(Syscalls, AreToldToPrograms) {
  const Code before = Code::Now();
  {
    LoadedObject object(syscalls_object());
    GUEST_ASSERT(object.loaded());
    GUEST_ASSERT(object.Attach("on_write") > 0);
    GUEST_ASSERT(object.Attach("on_written") > 0);
    DoCalls();
    DoCalls();
    auto seen = object.Variables<syscalls_view>();
    GUEST_EXPECT_EQ(seen.writes, 2);
    GUEST_EXPECT_EQ(seen.results, 2);
    GUEST_EXPECT_EQ(seen.bytes, 8);
    GUEST_EXPECT(seen.result < 0);
    GUEST_EXPECT_EQ(seen.raws, 0);
    GUEST_ASSERT(object.Attach("on_call") > 0);
    DoCalls();
    seen = object.Variables<syscalls_view>();
    GUEST_EXPECT(seen.raws >= 3);
    object.object().Close();
    GUEST_EXPECT(Code::Now() == before);
  }
  ebpf_trace_syscalls_exit();
  DoCalls();
}

}  // namespace
}  // namespace guest
