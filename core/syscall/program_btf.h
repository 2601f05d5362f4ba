// SPDX-License-Identifier: MIT
//
// What a client of BPF_PROG_LOAD tells of its program by BTF: types, functions,
// source lines, CO-RE relocations.
#pragma once

#include <stdint.h>

#include "core/btf/btf_object.h"
#include "core/isa/insn.h"
#include "core/linux_abi/bpf.h"
#include "core/memory/buffer.h"
#include "core/program/program.h"
#include "core/syscall/commands.h"
#include "core/verifier/verifier.h"

namespace ebpf {

/// Context: task.
class ProgramBtf : public NonCopyable {
 public:
  ProgramBtf(const Call& call, const linux_abi::ProgLoadAttr& attr)
      : call_(call),
        attr_(attr),
        functions_(*call.system.allocator),
        lines_(*call.system.allocator) {}

  /// Copies in what there is; what it says of the program the verifier checks.
  /// kBadFd, kInvalid, kTooBig, kFault, kNoMemory; with the reason in `log`
  /// where Linux gives one. Once.
  Status CopyIn(verifier::Log& log);

  /// Patches `insns` for this kernel's types. kInvalid, kTooBig, kFault,
  /// kNoMemory; what is wrong is in `log`.
  Status Relocate(isa::Insns insns, verifier::Log& log) const;

  /// What CopyIn got, which lives as long as this.
  void Describe(verifier::Options& options) const;

  /// What is left of functions and lines in a program of which `original` says
  /// where each instruction came from and that begins its functions at
  /// `functions`, by its own instructions, exactly as large as needed.
  /// kNoMemory.
  Status Adjust(Span<const uint32_t> original,
                Span<const ProgramFunction> functions,
                Buffer<verifier::FunctionInfo>& function_info,
                Buffer<verifier::LineInfo>& line_info) const;

  /// The program's types, or null; and its main function's there, or 0.
  const Ref<btf::BtfObject>& btf() const { return btf_; }
  btf::TypeId main_type() const {
    return functions_.span().empty() ? 0 : functions_[0].type_id;
  }

 private:
  const Call& call_;
  const linux_abi::ProgLoadAttr& attr_;
  Ref<btf::BtfObject> btf_;
  Buffer<verifier::FunctionInfo> functions_;
  Buffer<verifier::LineInfo> lines_;
};

}  // namespace ebpf
