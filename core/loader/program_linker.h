// SPDX-License-Identifier: MIT
//
// Makes the instructions of one program from its entry function and the
// subprograms that it calls, with every relocation applied.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/isa/insn.h"
#include "core/loader/object_file.h"
#include "core/memory/vector.h"

namespace ebpf::loader {

/// The entry function comes first; each subprogram of ".text" that it reaches
/// by calls or function references follows, once. Context: task.
class ProgramLinker : public NonCopyable {
 public:
  /// `map_fds[i]` is the descriptor of object.maps()[i].
  ProgramLinker(const ObjectFile& object, Span<const int> map_fds,
                Allocator& allocator, TextWriter& log)
      : object_(object),
        map_fds_(map_fds),
        log_(log),
        insns_(allocator),
        functions_(allocator) {}

  /// kBadExec, kNotSupported, kTooBig, with a line in the log; kNoMemory. Once.
  Status Link(const ProgramDefinition& program);

  isa::ConstInsns insns() const { return insns_.span(); }

 private:
  /// A piece of a section that stands in insns_.
  struct Function {
    uint32_t section;
    uint32_t first_insn;  // in its section
    uint32_t count;
    uint32_t at;  // in insns_
  };

  Status Append(uint32_t section, uint32_t first_insn, uint32_t count);
  /// Where the subprogram that starts at `insn` of ".text" stands; appends it
  /// when it is new.
  Result<uint32_t> PlaceOf(int64_t insn);
  Result<elf::Symbol> FunctionAt(uint32_t section, uint64_t offset) const;

  Status Relocate(const Function& function);
  Status ApplyRelocation(const Function& function,
                         const elf::Relocation& relocation);
  Status RelocateConstant(uint32_t at, const elf::Symbol& symbol);
  Status RelocateCall(uint32_t at, const elf::Symbol& symbol);
  Status ResolvePlainCalls(const Function& function);
  Status SetCallTarget(uint32_t at, int64_t text_insn);
  Status Refuse(Status status, uint32_t at, StringView why);

  const ObjectFile& object_;
  const Span<const int> map_fds_;
  TextWriter& log_;
  Vector<isa::Insn> insns_;
  Vector<Function> functions_;
};

}  // namespace ebpf::loader
