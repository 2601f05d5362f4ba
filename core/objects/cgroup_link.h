// SPDX-License-Identifier: MIT
//
// A program on a group of tasks, for as long as the link lives.
#pragma once

#include "core/base/atomic.h"
#include "core/objects/cgroup_programs.h"
#include "core/objects/link.h"

namespace ebpf {

class CgroupLink final : public Link {
 public:
  /// What AttachToCgroup says, with kAttachAllowMulti.
  static Result<Ref<Link>> Create(CgroupPlace place, Ref<Program> program,
                                  Allocator& allocator);

  linux_abi::LinkType type() const override { return linux_abi::kLinkCgroup; }
  const char* type_name() const override { return "cgroup"; }
  const CgroupLink* AsCgroup() const override { return this; }
  /// kNoLink: the group was removed, or the link detached.
  Status Update(Ref<Program> program, const Program* expected) override {
    return ReplaceCgroupLink(*this, Move(program), expected);
  }
  Status Detach() override {
    DetachLinkFromCgroup(*this);
    return Status::kOk;
  }

  /// The group's, 0 where it is attached to none any more.
  uint64_t cgroup_id() const;
  AttachType attach_type() const { return place_.type; }

  // For cgroup_programs.cc, which changes it while it is attached.
  const CgroupPlace& place() const { return place_; }
  bool attached() const { return attached_.Load(kRelaxed); }
  void SetAttached(bool attached) { attached_.Store(attached, kRelaxed); }
  Allocator& allocator() const { return allocator_; }
  Status SetProgram(Ref<Program> program) {
    return Replace(Move(program), nullptr);
  }

 private:
  friend class Allocator;

  CgroupLink(CgroupPlace place, Ref<Program> program, Allocator& allocator)
      : Link(Move(program)), place_(Move(place)), allocator_(allocator) {}
  ~CgroupLink() = default;
  void Destroy() override;

  const CgroupPlace place_;
  Allocator& allocator_;
  Atomic<bool> attached_{false};
};

}  // namespace ebpf
