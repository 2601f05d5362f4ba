// SPDX-License-Identifier: MIT
//
// core/objects/cgroup_link.h's implementation.
#include "core/objects/cgroup_link.h"

#include "core/linux_abi/bpf_attach.h"
#include "core/platform/cgroup.h"

namespace ebpf {

Result<Ref<Link>> CgroupLink::Create(CgroupPlace place, Ref<Program> program,
                                     Allocator& allocator) {
  CgroupLink* link =
      EBPF_TRY(allocator.New<CgroupLink>(Move(place), program, allocator));
  Ref<Link> ref = Ref<Link>::Adopt(link);
  EBPF_TRY(AttachToCgroup(link->place_, Move(program),
                          linux_abi::kAttachAllowMulti, nullptr, link,
                          allocator));
  return ref;
}

uint64_t CgroupLink::cgroup_id() const {
  return attached() ? ebpf_port_cgroup_id(place_.group->handle()) : 0;
}

void CgroupLink::Destroy() {
  LeaveTable();
  DetachLinkFromCgroup(*this);
  allocator_.Delete(this);
}

}  // namespace ebpf
