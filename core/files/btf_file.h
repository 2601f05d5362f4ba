// SPDX-License-Identifier: MIT
//
// A descriptor of a BTF.
#pragma once

#include "core/btf/btf_object.h"
#include "core/files/file.h"

namespace ebpf {

class BtfFile final : public File {
 public:
  static Result<Ref<File>> Create(Ref<btf::BtfObject> btf,
                                  Allocator& allocator);

  const Ref<btf::BtfObject>& btf() const { return btf_; }

  const char* name() const override { return "anon_inode:btf"; }
  void Describe(TextWriter& text) const override;
  BtfFile* AsBtf() override { return this; }

 private:
  friend class Allocator;

  BtfFile(Ref<btf::BtfObject> btf, Allocator& allocator)
      : btf_(Move(btf)), allocator_(allocator) {}
  void Destroy() override;

  Ref<btf::BtfObject> btf_;
  Allocator& allocator_;
};

}  // namespace ebpf
