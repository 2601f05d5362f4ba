// SPDX-License-Identifier: MIT
//
// A descriptor of a link.
#pragma once

#include "core/files/file.h"
#include "core/objects/link.h"

namespace ebpf {

class LinkFile final : public File {
 public:
  /// `name` is Linux's: it has one for links that were just made and another
  /// for those that were found.
  static Result<Ref<File>> Create(Ref<Link> link, const char* name,
                                  Allocator& allocator);
  static constexpr const char* kMade = "anon_inode:bpf_link";
  static constexpr const char* kFound = "anon_inode:bpf-link";

  const Ref<Link>& link() const { return link_; }

  const char* name() const override { return name_; }
  void Describe(TextWriter& text) const override;
  LinkFile* AsLink() override { return this; }
  Result<Ref<File>> Reopen(uint32_t flags, Allocator& allocator) override;
  /// Each time another walk from the begin.
  Result<Ref<File>> OpenByName(Allocator& allocator) override;

 private:
  friend class Allocator;

  LinkFile(Ref<Link> link, const char* name, Allocator& allocator)
      : link_(Move(link)), name_(name), allocator_(allocator) {}
  void Destroy() override { allocator_.Delete(this); }

  Ref<Link> link_;
  const char* const name_;
  Allocator& allocator_;
};

}  // namespace ebpf
