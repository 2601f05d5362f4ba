// SPDX-License-Identifier: MIT
//
// testing/guest/maps/storm.h's implementation.
#include "testing/guest/maps/storm.h"

#include "core/files/client.h"
#include "core/files/perf_event_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/memory/allocator.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/thread.h"
#include "testing/programs/map_storm_object.h"

namespace guest::maps {
namespace {

// The programs' places in the object.
enum { kTask, kTick, kTrap, kDriver, kProbed };

constexpr const char* kTickFunction = "_ZN5guest11TickThreadsEj";

}  // namespace

Storm::Storm(ebpf_client* client)
    : client_(client),
      log_(log_buffer_, sizeof log_buffer_),
      object_(*reinterpret_cast<ebpf::Client*>(client), ebpf::PortAllocator(),
              log_) {}

bool Storm::Load() {
  if (IsOk(object_.Open(map_storm_object())) && IsOk(object_.Load()) &&
      maps_.Find(client_, object_)) {
    return true;
  }
  Line() << log_.text();
  return false;
}

bool Storm::Run(size_t program) const {
  ebpf::linux_abi::ProgTestRunAttr attr = {};
  attr.prog_fd = static_cast<uint32_t>(object_.program(program).fd);
  return ebpf_bpf(client_, ebpf::linux_abi::kProgTestRun,
                  reinterpret_cast<uint64_t>(&attr), sizeof(attr)) == 0;
}

bool Storm::RunTask() const { return Run(kTask); }

bool Storm::RunDriver() const { return Run(kDriver); }

bool Storm::AttachToTicks() {
  const ebpf::Result<int> link = object_.Attach(kTick, kTickFunction);
  ticks_ = link.ok() ? *link : -1;
  return link.ok();
}

int Storm::AttachTrap(const char* function) {
  const ebpf::Result<int> link = object_.Attach(kTrap, function);
  return link.ok() ? *link : -1;
}

bool Storm::AttachProbed(const char* function, bool second, Probed* probed) {
  // What was loaded before stays with its event.
  object_.Unload(kProbed);
  if (!IsOk(object_.LoadProgram(kProbed, ebpf::loader::LoadRequest()))) {
    return false;
  }
  ebpf::Result<int> link = ebpf::Status::kBadSequence;
  const ebpf::StringView cpu = machine::kName;
  const uint64_t step = cpu == "x86_64" ? 1 : cpu == "riscv64" ? 2 : 4;
  uint64_t offset = second ? step : 0;
  while (!link.ok() && link.status() == ebpf::Status::kBadSequence) {
    link = object_.Attach(kProbed, function, offset);
    offset += step;
  }
  if (!link.ok()) {
    link = object_.Attach(kProbed, function);
  }
  if (!link.ok()) {
    return false;
  }
  ebpf::FdTable& fds = reinterpret_cast<ebpf::Client*>(client_)->fds();
  probed->link = *link;
  probed->event = ebpf::Ref<ebpf::PerfEvent>::Share(
      (*fds.Get(*link))->AsPerfEvent()->event());
  probed->program =
      (*fds.Get(object_.program(kProbed).fd))->AsProgram()->program();
  return true;
}

bool Storm::Detach(int link) { return IsOk(object_.Detach(link)); }

storm_counts Storm::Counted() const {
  storm_counts of_cpu[kMaxCpus] = {};
  const uint32_t zero = 0;
  storm_counts sum = {};
  if (maps_.counts.Lookup(&zero, of_cpu) == 0) {
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      Add(sum, of_cpu[cpu]);
    }
  }
  return sum;
}

void Add(storm_counts& sum, const storm_counts& more) {
  // Nothing but counts of one type is in there.
  auto* to = reinterpret_cast<uint64_t*>(&sum);
  const auto* from = reinterpret_cast<const uint64_t*>(&more);
  for (size_t i = 0; i < sizeof(sum) / sizeof(*to); ++i) {
    to[i] += from[i];
  }
}

}  // namespace guest::maps
