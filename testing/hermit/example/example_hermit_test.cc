// SPDX-License-Identifier: MIT
//
// Has the example trace work whose every call is known. The image is linked
// with the archive of the vendored folder (tools/vendor), not with ours. With
// an argument something is broken (break.h), and a case must notice.
#include "core/base/atomic.h"
#include "core/platform/time.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/example/break.h"
#include "testing/hermit/example/example.h"
#include "testing/hermit/example/trace_itself_object.h"

namespace hermit {
namespace {

constexpr uint64_t kFiles = 3;
constexpr uint64_t kSizes = 6;  // 1, 2, 4, ... bytes
uint64_t wrong = 0;

void Work() {
  static constexpr uint8_t kBytes[1 << (kSizes - 1)] = {};
  for (uint64_t file = 0; file < kFiles; ++file) {
    const int32_t fd =
        sys_open("/tmp/example",
                 kHermitReadWrite | kHermitCreate | kHermitTruncate, 0644);
    wrong += fd < 0;
    for (uint64_t i = 0; i < kSizes; ++i) {
      const size_t size = size_t{1} << i;
      wrong += sys_write(fd, kBytes, size) != static_cast<ptrdiff_t>(size);
    }
    sys_close(fd);
  }
  // One that cannot be written to.
  wrong += sys_write(-1, kBytes, 1) >= 0;
}

bool passed = true;

void Expect(const char* name, uint64_t found, uint64_t expected) {
  guest::BeginTest(name);
  if (found != expected) {
    guest::FailTestEqual(__FILE__, __LINE__, "found", found, expected);
  }
  passed &= guest::EndTest();
}

constinit ebpf::Atomic<bool> begun{false};
constinit ebpf::Atomic<bool> napped{false};

void Nap(uintptr_t /*argument*/) {
  LetInterruptsIn();
  begun.Store(true, ebpf::kRelaxed);
  sys_usleep(100'000);  // longer than 10 ms: the kernel sets its timer
  napped.Store(true, ebpf::kRelaxed);
}

/// Whether the kernel's timer ends a task's nap.
bool TimerComes() {
  constexpr uint64_t kPatience = 3'000'000'000;  // ns
  if (IsBroken("timer")) {
    KeepTimerInterrupts();
  }
  const uint64_t end = ebpf_port_time_ns() + kPatience;
  if (Spawn(&Nap, 0) < 0) {
    return false;
  }
  // Not while it naps: on AArch64 a yield looks after those that nap, too.
  while (!begun.Load(ebpf::kRelaxed)) {
    sys_yield();
  }
  while (!napped.Load(ebpf::kRelaxed) && ebpf_port_time_ns() < end) {
  }
  return napped.Load(ebpf::kRelaxed);
}

/// Ends an image whose first task the kernel has ended.
void Watch(uintptr_t /*argument*/) {
  LetInterruptsIn();
  sys_usleep(2'000'000);
  Expect("Example.IsNotEnded", 1, 0);
  Exit(1);
}

}  // namespace

bool RunApplication() {
  if (IsBroken("read_only_text") || IsBroken("direct_write")) {
    const bool done = MakeReadOnly(reinterpret_cast<uintptr_t>(&sys_write)) &&
                      Spawn(&Watch, 0) >= 0;
    Expect("Example.TextIsReadOnly", done ? 1 : 0, 1);
  }
  static char log[4096];
  findings found = {};
  const ebpf::ConstBytes file = trace_itself_object();
  const int error =
      trace_itself(file.data(), file.size(), Work, &found, log, sizeof(log));
  if (error != 0) {
    guest::Line() << "trace_itself: " << ebpf::StringView(log);
  }
  Expect("Example.TracesItself", static_cast<uint64_t>(error), 0);
  Expect("Example.SeesEachOpen", found.opens, kFiles);
  Expect("Example.SeesEachWrite", found.writes, kFiles * kSizes + 1);
  Expect("Example.AddsUpBytes", found.bytes, kFiles * ((1 << kSizes) - 1) + 1);
  Expect("Example.SeesTheWriteThatFailed", found.failures, 1);
  Expect("Example.CountsWritesOfOneByte", found.sizes[0], kFiles + 1);
  Expect("Example.CountsWritesOf32Bytes", found.sizes[kSizes - 1], kFiles);
  Expect("Example.ChangesNoResult", wrong, 0);
  Expect("Example.LeavesTheKernelItsTimer", TimerComes() ? 1 : 0, 1);
  return passed;
}

}  // namespace hermit
