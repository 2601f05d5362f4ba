// SPDX-License-Identifier: MIT
//
// A profile of the real Hermit: its functions, below the application's that
// call them.
#include "core/memory/allocator.h"
#include "core/platform/time.h"
#include "ports/hermit/init.h"
#include "testing/demo/stack_profiler.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/programs/profile_object.h"

namespace hermit {
namespace {

constexpr size_t kSize = 4096;
constexpr int32_t kSeekSet = 0;
constexpr uint64_t kPeriod = 300'000;  // ns
constexpr uint64_t kSamples = 600;
constexpr uint64_t kPatience = 60'000'000'000;  // ns

constinit uint8_t buffer[kSize] = {};
constinit char log_buffer[16 * 1024] = {};

/// Writes to a file and reads it back, over and over.
extern "C" [[gnu::noinline]] bool profiled_file_work(int32_t fd) {
  bool ok = true;
  for (int i = 0; i < 200; ++i) {
    ok = ok && sys_lseek(fd, 0, kSeekSet) == 0 &&
         sys_write(fd, buffer, kSize) == static_cast<ptrdiff_t>(kSize) &&
         sys_lseek(fd, 0, kSeekSet) == 0 &&
         sys_read(fd, buffer, kSize) == static_cast<ptrdiff_t>(kSize);
  }
  return ok;
}

uint64_t AddressOf(const void* function) {
  return reinterpret_cast<uintptr_t>(function);
}

GUEST_TEST(Profile, NamesTheKernelsFunctionsBelowThoseThatCallThem) {
  GUEST_ASSERT(ebpf_hermit_init() == 0);
  const int32_t fd =
      sys_open("/tmp/profiled",
               kHermitReadWrite | kHermitCreate | kHermitTruncate, 0666);
  GUEST_ASSERT(fd > 2);
  ebpf_client* const client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  GUEST_ASSERT(client != nullptr);
  ebpf::TextWriter log(log_buffer, sizeof(log_buffer));
  demo::FoldedStacks* const stacks =
      *ebpf::PortAllocator().New<demo::FoldedStacks>(
          AddressOf(reinterpret_cast<const void*>(&profiled_file_work)));
  uint64_t samples = 0;
  {
    demo::StackProfiler profiler(*reinterpret_cast<ebpf::Client*>(client), log);
    GUEST_ASSERT(IsOk(profiler.object().Open(profile_object())) &&
                 IsOk(profiler.object().Load()));
    GUEST_ASSERT(profiler.Start(kPeriod) == 0);
    const uint64_t end = ebpf_port_time_ns() + kPatience;
    do {
      GUEST_EXPECT(profiled_file_work(fd));
    } while (profiler.Totals().samples < kSamples && ebpf_port_time_ns() < end);
    GUEST_EXPECT(profiler.Stop() == 0);
    samples = profiler.Fold(*stacks);
  }
  const auto count = [stacks](auto* function) {
    return stacks->CountOf(AddressOf(reinterpret_cast<const void*>(function)));
  };
  const uint64_t work = count(&profiled_file_work);
  const uint64_t writes = count(&sys_write);
  const uint64_t reads = count(&sys_read);
  const uint64_t seeks = count(&sys_lseek);
  guest::Line() << "  of " << samples << " samples: " << work
                << " in profiled_file_work, of these " << writes
                << " in sys_write, " << reads << " in sys_read, " << seeks
                << " in sys_lseek";
  // Stacks that meet in one place of the map are lost.
  GUEST_EXPECT(samples * 10 >= kSamples * 7);
  // What is left is the console, the worker and this test itself, and what
  // comes every so often: all the more where the host lets QEMU wait.
  GUEST_EXPECT(work * 10 >= samples * 7);
  GUEST_EXPECT(writes > 0 && reads > 0);
  // All of the work is in calls of the kernel.
  GUEST_EXPECT((writes + reads + seeks) * 10 >= work * 8);

  ebpf::PortAllocator().Delete(stacks);
  ebpf_client_delete(client);
  GUEST_EXPECT(sys_close(fd) == 0);
}

}  // namespace
}  // namespace hermit
