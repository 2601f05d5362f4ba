// SPDX-License-Identifier: MIT
//
// Makes the instructions of one program from its entry function and the
// subprograms that it calls, with every relocation applied.
#pragma once

#include <stdint.h>

#include "core/base/optional.h"
#include "core/base/text_writer.h"
#include "core/isa/insn.h"
#include "core/loader/object_file.h"
#include "core/memory/buffer.h"
#include "core/memory/vector.h"

namespace ebpf::loader {

/// Which relocation each instruction of a section has. Context: task.
class RelocationIndex : public NonCopyable {
 public:
  explicit RelocationIndex(Allocator& allocator) : by_insn_(allocator) {}

  /// Once. kBadExec where a relocation is not at an instruction, or two are at
  /// one, with a line in `log`; kNoMemory.
  Status Build(const ObjectFile& object, uint32_t section, TextWriter& log);

  /// The relocation of the section's instruction `insn`, if it has one.
  Optional<elf::Relocation> At(uint64_t insn) const;

 private:
  elf::Section relocations_{};
  Buffer<uint32_t> by_insn_;  // number + 1, or 0; empty: there are none
};

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
        entry_relocations_(allocator),
        text_relocations_(allocator),
        text_places_(allocator),
        insns_(allocator),
        functions_(allocator) {}

  /// kBadExec, kNotSupported, kTooBig, with a line in the log; kNoMemory. Once.
  Status Link(const ProgramDefinition& program);

  isa::ConstInsns insns() const { return insns_.span(); }

  /// Where insns()[at] stands in the object, for source lines.
  struct Place {
    uint32_t section;
    uint32_t insn;  // in the section
  };
  Place PlaceInObject(uint32_t at) const;

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
  Result<uint32_t> PlaceOf(uint64_t insn);
  Status PrepareText();

  /// Applies relocations and resolves calls in one function.
  Status Resolve(const Function& function);
  Status ApplyRelocation(const Function& function, uint32_t at,
                         const elf::Relocation& relocation);
  Status RelocateConstant(uint32_t at, const elf::Symbol& symbol);
  Status RelocateFunction(uint32_t at, const elf::Symbol& symbol);
  Status RelocateCall(uint32_t at, const elf::Symbol& symbol);
  Status ResolvePlainCall(const Function& function, uint32_t at);
  /// The function at `insn` of ".text" becomes what the instruction refers to.
  Status SetTarget(uint32_t at, int64_t text_insn);
  Status Refuse(Status status, uint32_t at, StringView why);

  const ObjectFile& object_;
  const Span<const int> map_fds_;
  TextWriter& log_;
  RelocationIndex entry_relocations_;
  RelocationIndex text_relocations_;
  Buffer<uint32_t> text_places_;  // by instruction of .text: place + 1, or 0
  Vector<isa::Insn> insns_;
  Vector<Function> functions_;
};

}  // namespace ebpf::loader
