// SPDX-License-Identifier: MIT
//
// Makes the instructions of one program from its entry function and the
// subprograms that it calls, with every relocation applied.
#pragma once

#include <stdint.h>

#include "core/base/optional.h"
#include "core/base/text_writer.h"
#include "core/isa/insn.h"
#include "core/loader/kernel.h"
#include "core/loader/object_file.h"
#include "core/loader/program_info.h"
#include "core/memory/buffer.h"
#include "core/memory/vector.h"

namespace ebpf::loader {

struct Extern;

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
  /// `map_fds[i]` is the descriptor of object.maps()[i]. `fields` relocates for
  /// all programs of the object; null: this one has its own.
  ProgramLinker(const ObjectFile& object, Span<const int> map_fds,
                Allocator& allocator, TextWriter& log,
                const Kernel& kernel = Kernel(),
                FieldRelocator* fields = nullptr)
      : object_(object),
        map_fds_(map_fds),
        log_(log),
        kernel_(kernel),
        own_fields_(object, kernel.CoreTypes(), allocator, log),
        fields_(fields != nullptr ? *fields : own_fields_),
        entry_relocations_(allocator),
        text_relocations_(allocator),
        text_places_(allocator),
        insns_(allocator),
        functions_(allocator) {}

  /// kBadExec, kNotSupported, kTooBig, with a line in the log; kNoMemory. Once.
  Status Link(const ProgramDefinition& program);

  isa::ConstInsns insns() const { return insns_.span(); }
  /// The functions of which insns() consists, the entry first.
  Span<const LinkedFunction> functions() const { return functions_.span(); }

  /// Where insns()[at] stands in the object, for source lines.
  struct Place {
    uint32_t section;
    uint32_t insn;  // in the section
  };
  Place PlaceInObject(uint32_t at) const;

 private:
  Status Append(uint32_t section, uint32_t first_insn, uint32_t count);
  /// Where the subprogram that starts at `insn` of ".text" stands; appends it
  /// when it is new.
  Result<uint32_t> PlaceOf(uint64_t insn);
  Status PrepareText();
  /// CO-RE, in the newest function.
  Status RelocateNewest();

  /// Applies relocations and resolves calls in one function.
  Status Resolve(const LinkedFunction& function);
  Status ApplyRelocation(const LinkedFunction& function, uint32_t at,
                         const elf::Relocation& relocation);
  Status RelocateExtern(uint32_t at, const elf::Symbol& symbol, bool is_call);
  Status RelocateExternCall(uint32_t at, StringView name, const Extern& found);
  Status RelocateExternConstant(uint32_t at, const Extern& found);
  Status RelocateConstant(uint32_t at, const elf::Symbol& symbol);
  Status RelocateFunction(uint32_t at, const elf::Symbol& symbol);
  Status RelocateCall(uint32_t at, const elf::Symbol& symbol);
  Status ResolvePlainCall(const LinkedFunction& function, uint32_t at);
  /// The function at `insn` of ".text" becomes what the instruction refers to.
  Status SetTarget(uint32_t at, int64_t text_insn);
  Status Refuse(Status status, uint32_t at, StringView why);

  const ObjectFile& object_;
  const Span<const int> map_fds_;
  TextWriter& log_;
  const Kernel kernel_;
  FieldRelocator own_fields_;
  FieldRelocator& fields_;
  ExtRecords entry_fields_;  // CO-RE relocations
  ExtRecords text_fields_;
  RelocationIndex entry_relocations_;
  RelocationIndex text_relocations_;
  Buffer<uint32_t> text_places_;  // by instruction of .text: place + 1, or 0
  Vector<isa::Insn> insns_;
  Vector<LinkedFunction> functions_;
};

}  // namespace ebpf::loader
