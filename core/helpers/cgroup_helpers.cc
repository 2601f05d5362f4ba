// SPDX-License-Identifier: MIT
//
// The helper on arrays of cgroups.
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/maps/cgroup_array_map.h"

namespace ebpf::helpers {

/// long bpf_current_task_under_cgroup(map, index): 1, 0 or -errno.
uint64_t CurrentTaskUnderCgroup(uint64_t map, uint64_t index, uint64_t,
                                uint64_t, uint64_t) {
  const CgroupArrayMap& groups =
      CgroupArrayMap::From(*reinterpret_cast<Map*>(map));
  const auto entry = static_cast<uint32_t>(index);
  if (entry >= groups.spec().max_entries) {
    return AsResult(Status::kTooBig);
  }
  const Cgroup* const group = groups.At(entry);
  if (group == nullptr) {
    return AsResult(Status::kTryAgain);
  }
  return group->HasCurrentTask() ? 1 : 0;
}

}  // namespace ebpf::helpers
