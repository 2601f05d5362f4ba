// SPDX-License-Identifier: MIT
//
// A program for an iterator as an object: each file that is opened by it runs
// the program for the objects that there are.
#pragma once

#include "core/objects/iterator.h"
#include "core/objects/link.h"

namespace ebpf {

class IteratorLink final : public Link {
 public:
  /// `program` was loaded for `target`, which accepts it; `map` is null but for
  /// targets that are of one. `kernel` outlives it. CheckElementsFor's errors,
  /// kNoMemory.
  static Result<Ref<Link>> Create(const IteratorTarget& target,
                                  Ref<Program> program, Ref<Map> map,
                                  const btf::Btf& kernel, Allocator& allocator);

  linux_abi::LinkType type() const override { return linux_abi::kLinkIterator; }
  const char* type_name() const override { return "iter"; }
  const IteratorLink* AsIterator() const override { return this; }

  /// For a program of the same target, which reads no more of the elements than
  /// there is. Files that are open go on with the one before.
  Status Update(Ref<Program> program, const Program* expected) override;

  const IteratorTarget& target() const { return target_; }
  const Ref<Map>& map() const { return map_; }

  /// A walk for a file. kNoMemory.
  Result<ObjectWalk*> Begin() const {
    return target_.begin({kernel_, map_}, allocator_);
  }

 private:
  friend class Allocator;

  IteratorLink(const IteratorTarget& target, Ref<Program> program, Ref<Map> map,
               const btf::Btf& kernel, Allocator& allocator);
  ~IteratorLink();
  void Destroy() override;

  const IteratorTarget& target_;
  const Ref<Map> map_;
  const btf::Btf& kernel_;
  Allocator& allocator_;
};

}  // namespace ebpf
