// SPDX-License-Identifier: MIT
//
// A descriptor of a program that was accepted but can never run: it was judged
// by what another kernel has (verifier::Profile::kLinux).
#pragma once

#include "core/btf/btf_object.h"
#include "core/files/file.h"

namespace ebpf {

class JudgedProgramFile final : public File {
 public:
  /// `btf` (or null) are the program's types, `type` its main function's id
  /// there.
  static Result<Ref<File>> Create(Ref<btf::BtfObject> btf, btf::TypeId type,
                                  Allocator& allocator);

  const Ref<btf::BtfObject>& btf() const { return btf_; }
  btf::TypeId type() const { return type_; }

  const char* name() const override { return "anon_inode:bpf-prog"; }
  JudgedProgramFile* AsJudgedProgram() override { return this; }

 private:
  friend class Allocator;

  JudgedProgramFile(Ref<btf::BtfObject> btf, btf::TypeId type,
                    Allocator& allocator)
      : btf_(Move(btf)), type_(type), allocator_(allocator) {}
  void Destroy() override;

  Ref<btf::BtfObject> btf_;
  const btf::TypeId type_;
  Allocator& allocator_;
};

}  // namespace ebpf
