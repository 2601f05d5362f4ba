// SPDX-License-Identifier: MIT
//
// core/objects/iterator_link.h's implementation.
#include "core/objects/iterator_link.h"

namespace ebpf {

IteratorLink::IteratorLink(const IteratorTarget& target, Ref<Program> program,
                           Ref<Map> map, const btf::Btf& kernel,
                           Allocator& allocator)
    : Link(Move(program)),
      target_(target),
      map_(Move(map)),
      kernel_(kernel),
      allocator_(allocator) {
  if (map_) {
    map_->AcquireUser();
  }
}

IteratorLink::~IteratorLink() {
  if (map_) {
    map_->ReleaseUser(this);
  }
}

Result<Ref<Link>> IteratorLink::Create(const IteratorTarget& target,
                                       Ref<Program> program, Ref<Map> map,
                                       const btf::Btf& kernel,
                                       Allocator& allocator) {
  if (map) {
    EBPF_TRY(CheckElementsFor(*program, *map));
  }
  IteratorLink* link = EBPF_TRY(allocator.New<IteratorLink>(
      target, Move(program), Move(map), kernel, allocator));
  return Ref<Link>::Adopt(link);
}

Status IteratorLink::Update(Ref<Program> program, const Program* expected) {
  const Ref<Program> now = this->program();
  if (expected != nullptr && now.get() != expected) {
    return Status::kNotPermitted;
  }
  if (&program->type() != &now->type() ||
      program->parts().attach_type != now->parts().attach_type ||
      program->parts().origin.attach_btf_id !=
          now->parts().origin.attach_btf_id) {
    return Status::kInvalid;
  }
  if (map_) {  // Linux leaves that out
    EBPF_TRY(CheckElementsFor(*program, *map_));
  }
  return Replace(Move(program), expected);
}

void IteratorLink::Destroy() {
  LeaveTable();
  allocator_.Delete(this);
}

}  // namespace ebpf
