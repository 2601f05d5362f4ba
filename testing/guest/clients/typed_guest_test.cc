// SPDX-License-Identifier: MIT
//
// Programs of SEC("tp_btf/...") and SEC("perf_event") in each kernel, loaded
// with the types that it gives: on one of Linux's events, and on its clock.
#include "core/btf/btf_object.h"
#include "core/linux_abi/perf_event.h"
#include "core/tracepoints/events/power.h"
#include "testing/guest/clients/loaded_object.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/programs/trace_clients.h"
#include "testing/programs/trace_typed_object.h"

namespace guest {
namespace {

namespace abi = ebpf::linux_abi;

/// What a client reads from /sys/kernel/btf/vmlinux.
ebpf::Ref<ebpf::btf::BtfObject> KernelTypes() {
  size_t size = 0;
  const void* const types = ebpf_kernel_types(&size);
  return *ebpf::btf::BtfObject::Create(
      ebpf::ConstBytes(static_cast<const uint8_t*>(types), size),
      ebpf::PortAllocator());
}

GUEST_TEST(TypedClients, ArgumentsHaveTheTypesOfTheKernel) {
  const auto types = KernelTypes();
  LoadedObject clients(trace_typed_object(), {.btf = &types->btf()});
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("on_typed") > 0);
  GUEST_ASSERT(clients.Attach("on_frequency") > 0);
  for (uint32_t i = 1; i <= 20; ++i) {
    EBPF_TRACE(ebpf::CpuFrequency, i * 1000, 3);
  }
  const auto seen = clients.Variables<trace_typed_view>();
  GUEST_EXPECT_EQ(seen.typed, 20);
  GUEST_EXPECT_EQ(seen.frequency, 20'000);
  GUEST_EXPECT_EQ(seen.cpu, 3);
  GUEST_EXPECT_EQ(seen.records, 20);
  GUEST_EXPECT_EQ(seen.state, 20'000);
}

GUEST_TEST(TypedClients, AProgramRunsAtTheClock) {
  constexpr uint64_t kPeriod = 5'000'000;    // ns
  constexpr uint64_t kTime = 2'000'000'000;  // ns, at most
  const auto types = KernelTypes();
  LoadedObject clients(trace_typed_object(), {.btf = &types->btf()});
  GUEST_ASSERT(clients.loaded());
  abi::PerfEventAttr attr = {};
  attr.type = abi::kPerfTypeSoftware;
  attr.size = sizeof(attr);
  attr.config = abi::kPerfCpuClock;
  attr.sample_period = kPeriod;
  const int64_t fd = ebpf_perf_event_open(
      clients.client(), reinterpret_cast<uintptr_t>(&attr), -1,
      static_cast<int32_t>(machine::CpuId()), -1, abi::kPerfFlagFdCloexec);
  GUEST_ASSERT(fd > 0);
  const size_t index = clients.IndexOf("on_sample");
  GUEST_EXPECT_EQ(
      -ebpf_ioctl(clients.client(), static_cast<int32_t>(fd),
                  abi::kPerfIocSetBpf,
                  static_cast<uint64_t>(clients.object().program(index).fd)),
      0);
  const uint64_t end = machine::Nanoseconds() + kTime;
  trace_typed_view seen = {};
  while (seen.samples < 5 && machine::Nanoseconds() < end) {
    seen = clients.Variables<trace_typed_view>();
    SafePoint();
  }
  GUEST_EXPECT(seen.samples >= 5);
  GUEST_EXPECT_EQ(seen.period, kPeriod);
  GUEST_EXPECT_EQ(-ebpf_close(clients.client(), static_cast<int32_t>(fd)), 0);
}

}  // namespace
}  // namespace guest
