// SPDX-License-Identifier: MIT
//
// CO-RE, "compile once, run everywhere": patches instructions that depend on
// the layout of a kernel's types for the kernel at hand.
// [kernel.org Documentation/bpf/llvm_reloc.rst]
#pragma once

#include "core/base/text_writer.h"
#include "core/btf/btf.h"
#include "core/btf/core_spec.h"

namespace ebpf::btf {

/// struct bpf_core_relo, in .BTF.ext and in bpf(2)'s `core_relos`.
struct CoreRelocation {
  uint32_t insn_offset;  // bytes from the program's (in .BTF.ext: section's)
  TypeId type;           // of the program's BTF
  NameOffset access;     // text "0:1:2" there
  CoreKind kind;
};
static_assert(sizeof(CoreRelocation) == 16);

/// What a relocation comes to.
struct CoreResult {
  /// What the instruction holds now, if `validate`, and what it shall hold.
  uint64_t old_value = 0;
  uint64_t new_value = 0;
  bool validate = false;
  /// Nothing fits: the instruction becomes a call that no verifier accepts, so
  /// that a program runs if it never comes there.
  bool poison = false;
  /// For loads and stores of whole fields (0: none): the field's bytes.
  uint32_t old_size = 0;
  uint32_t new_size = 0;
  /// Its size changed in a way that no other load size makes good.
  bool wrong_size = false;
};

/// The helper that a poisoned instruction calls: the verifier says
/// "invalid func unknown#195896080".
inline constexpr int32_t kPoisonedCall = 195896080;

/// Relocates an object's programs, one instruction after the other, against one
/// kernel's types. Some KiB large: allocate it, do not put it on a kernel's
/// stack. Context: task.
///
/// One relocator does all of an object, since what it learns is kept: a
/// kernel's type that did not fit once, where another of its name did, is none
/// of that program's type from then on, as in libbpf.
class CoreRelocator {
 public:
  /// `local` is the program's BTF, `target` the kernel's, quick if it has
  /// tables (BtfObject); both and `log` (or null) outlive the relocator.
  CoreRelocator(const Btf& local, const Btf& target, TextWriter* log)
      : local_(local), target_(target), log_(log), matcher_(local, target) {}

  /// Finds what the kernel says. kInvalid: the relocation is malformed or the
  /// kernel's types contradict each other; kNotSupported: the type has no name;
  /// kTooBig: a bit field that no load reads, an access too deep.
  Result<CoreResult> Resolve(const CoreRelocation& relocation);

  /// Resolves it and patches the instruction at `relocation.insn_offset` of
  /// `code`. Additionally kInvalid: that instruction cannot be patched or holds
  /// something unexpected; kOutOfRange: the offset fits no load.
  Status Apply(const CoreRelocation& relocation, Bytes code);

  /// Writes the relocation as libbpf does to its users:
  /// "<byte_off> [7] struct task_struct.pid (0:4 @ offset 1320)".
  void Describe(const CoreRelocation& relocation, TextWriter& out);

 private:
  Result<CoreResult> ResolveAmongCandidates(const CoreRelocation& relocation,
                                            StringView name, Kind kind);
  bool IsRuledOut(TypeId local, TypeId candidate) const;
  void RuleOut(TypeId local, TypeId candidate);
  Status Complain(const CoreRelocation& relocation, StringView what);

  const Btf& local_;
  const Btf& target_;
  TextWriter* const log_;
  SpecMatcher matcher_;
  CoreSpec local_spec_;
  CoreSpec candidate_spec_;

  struct RuledOut {
    TypeId local;
    TypeId candidate;
  };
  // Beyond these nothing is ruled out any more: each relocation is judged by
  // itself then, as the kernel does it.
  static constexpr uint32_t kMaxRuledOut = 128;
  RuledOut ruled_out_[kMaxRuledOut];
  uint32_t ruled_out_count_ = 0;
};

/// Patches the instruction at `offset` of `code` as `result` says; see
/// CoreRelocator::Apply. `log` may be null.
Status PatchInsn(const CoreResult& result, Bytes code, uint32_t offset,
                 TextWriter* log);

}  // namespace ebpf::btf
