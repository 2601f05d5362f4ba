// SPDX-License-Identifier: MIT
//
// A descriptor of a program.
#pragma once

#include "core/files/file.h"
#include "core/program/program.h"

namespace ebpf {

class ProgramFile final : public File {
 public:
  static Result<Ref<File>> Create(Ref<Program> program, Allocator& allocator);

  const Ref<Program>& program() const { return program_; }

  const char* name() const override { return "anon_inode:bpf-prog"; }
  void Describe(TextWriter& text) const override;
  ProgramFile* AsProgram() override { return this; }
  Result<Ref<File>> Reopen(uint32_t /*flags*/, Allocator& allocator) override {
    return Create(program_, allocator);
  }

 private:
  friend class Allocator;

  ProgramFile(Ref<Program> program, Allocator& allocator)
      : program_(Move(program)), allocator_(allocator) {}
  void Destroy() override;

  Ref<Program> program_;
  Allocator& allocator_;
};

}  // namespace ebpf
