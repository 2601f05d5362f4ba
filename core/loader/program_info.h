// SPDX-License-Identifier: MIT
//
// What .BTF.ext says of one linked program: its functions, source lines and
// CO-RE relocations, each at the instruction where it stands now.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/btf/btf_ext.h"
#include "core/btf/core_relo.h"
#include "core/isa/insn.h"
#include "core/loader/object_file.h"
#include "core/memory/vector.h"

namespace ebpf::loader {

/// struct bpf_func_info and bpf_line_info as bpf(2) takes them.
struct FunctionRecord {
  uint32_t insn;
  uint32_t type;
};
struct LineRecord {
  uint32_t insn;
  uint32_t file_name;
  uint32_t line;
  uint32_t line_column;
};

/// A piece of a section that stands in a program.
struct LinkedFunction {
  uint32_t section;
  uint32_t first_insn;  // in its section
  uint32_t count;
  uint32_t at;  // in the program
};

/// What one table of .BTF.ext says of one section's instructions, in their
/// order, so that finding a function's records costs next to nothing: a file
/// may have very many of both. Context: any.
class ExtRecords {
 public:
  ExtRecords() = default;

  /// The records of section number `section`; none where the object has no
  /// such table. kInvalid where they are not in order, one at most for each
  /// instruction.
  static Result<ExtRecords> Find(const ObjectFile& object, btf::ExtTable table,
                                 uint32_t section);

  /// The first record at or behind instruction `insn`, or count().
  uint32_t FirstFrom(uint64_t insn) const;
  uint32_t count() const { return section_.record_count; }
  /// The instruction that record `index` is of, in the section.
  uint32_t InsnAt(uint32_t index) const;
  ConstBytes RecordAt(uint32_t index) const { return section_.RecordAt(index); }

 private:
  btf::ExtSection section_{};
};

/// The functions and source lines of a linked program.
class ProgramInfo : public NonCopyable {
 public:
  explicit ProgramInfo(Allocator& allocator)
      : functions_(allocator), lines_(allocator) {}

  /// kInvalid, kNoMemory. Once.
  Status Read(const ObjectFile& object, Span<const LinkedFunction> functions);

  /// Whether each function has its record: bpf(2) takes all or none.
  bool is_complete() const { return is_complete_; }
  Span<const FunctionRecord> functions() const { return functions_.span(); }
  Span<const LineRecord> lines() const { return lines_.span(); }

 private:
  Vector<FunctionRecord> functions_;
  Vector<LineRecord> lines_;
  bool is_complete_ = false;
};

/// CO-RE, in all functions of one object: which of a kernel's types are none of
/// the program's is remembered from one to the next, as in libbpf. Context:
/// task.
class FieldRelocator : public NonCopyable {
 public:
  /// `object` has been read before the first use. `kernel` has the types to
  /// relocate for; null: none are known, and one relocation is one too many.
  FieldRelocator(const ObjectFile& object, const btf::Btf* kernel,
                 Allocator& allocator, TextWriter& log)
      : object_(object), kernel_(kernel), allocator_(allocator), log_(log) {}
  ~FieldRelocator();

  /// Patches `insns`, those of `function`. `records` are the CO-RE relocations
  /// of its section. kInvalid, kNotFound, with a line in the log; kNoMemory.
  Status Relocate(const ExtRecords& records, const LinkedFunction& function,
                  isa::Insns insns);

 private:
  const ObjectFile& object_;
  const btf::Btf* const kernel_;
  Allocator& allocator_;
  TextWriter& log_;
  btf::CoreRelocator* relocator_ = nullptr;  // owned; null: not needed so far
};

}  // namespace ebpf::loader
