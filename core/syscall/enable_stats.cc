// SPDX-License-Identifier: MIT
//
// BPF_ENABLE_STATS: a descriptor, and while it is open all runs are measured.
#include "core/files/stats_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/syscall/commands.h"

namespace ebpf {

Result<int> EnableStats(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::EnableStatsAttr>(raw));
  if (!call.client.Capable(linux_abi::kCapSysAdmin)) {
    return Status::kNotPermitted;
  }
  if (attr.type != linux_abi::kStatsRunTime) {
    return Status::kInvalid;
  }
  return call.client.fds().Install(
      EBPF_TRY(StatsFile::Create(*call.system.allocator)));
}

}  // namespace ebpf
