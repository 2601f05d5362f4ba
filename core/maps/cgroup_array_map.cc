// SPDX-License-Identifier: MIT
//
// core/maps/cgroup_array_map.h's implementation.
#include "core/maps/cgroup_array_map.h"

#include "core/linux_abi/bpf.h"
#include "core/maps/array_map.h"
#include "core/platform/cgroup.h"
#include "core/sync/read_section.h"

namespace ebpf {

Result<Ref<Cgroup>> Cgroup::Get(int fd, Allocator& allocator) {
  Cgroup* const group = EBPF_TRY(allocator.New<Cgroup>(allocator));
  group->handle_ = ebpf_port_cgroup_get(fd);
  if (group->handle_ == nullptr) {
    allocator.Delete(group);
    return Status::kBadFd;
  }
  return Ref<Cgroup>::Adopt(group);
}

bool Cgroup::HasCurrentTask() const {
  return ebpf_port_task_under_cgroup(handle_);
}

void Cgroup::Destroy() {
  WaitForReaders();
  ebpf_port_cgroup_put(handle_);
  allocator_.Delete(this);
}

void CgroupArrayMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

Status CgroupArrayMap::Set(uint32_t index, int fd) {
  if (index >= groups_.count()) {
    return Status::kTooBig;
  }
  Ref<Cgroup> group = EBPF_TRY(Cgroup::Get(fd, allocator_));
  (void)groups_.Put(index, Move(group));
  return Status::kOk;
}

Status CgroupArrayMap::Clear(uint32_t index) {
  if (index >= groups_.count()) {
    return Status::kTooBig;
  }
  const Ref<Cgroup> old = groups_.Put(index, Ref<Cgroup>());
  return old ? Status::kOk : Status::kNotFound;
}

Status CgroupArrayMap::NextKey(ConstBytes key, Bytes next) {
  return NextArrayKey(spec(), key, next);
}

Result<Ref<Map>> CreateCgroupArrayMap(const MapSpec& spec,
                                      Allocator& allocator) {
  if (spec.value_size != sizeof(uint32_t)) {
    return Status::kInvalid;
  }
  EBPF_TRY(CheckArraySpec(spec, linux_abi::kMapNumaNode |
                                    linux_abi::kMapReadOnly |
                                    linux_abi::kMapWriteOnly));
  CgroupArrayMap* map =
      EBPF_TRY(allocator.New<CgroupArrayMap>(spec, allocator));
  return AdoptIfOk(map, map->groups_.Init(spec.max_entries), allocator);
}

}  // namespace ebpf
