// SPDX-License-Identifier: MIT
//
// From the program that was verified to the one that runs.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/btf/btf.h"
#include "core/helpers/kfuncs.h"
#include "core/isa/insn.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/memory/buffer.h"
#include "core/program/program.h"
#include "core/program_types/program_type.h"
#include "core/verifier/findings.h"
#include "core/verifier/log.h"

namespace ebpf::verifier {

/// What Verify was given and what it found.
struct VerifiedProgram {
  isa::ConstInsns insns;
  Span<Map* const> maps;
  Span<const InsnFacts> facts;
  const Findings& findings;
  /// Its accesses to a context that is laid out otherwise than it sees it are
  /// rewritten (context_layout.h). Null: none are.
  const ProgramType* type = nullptr;
  /// For calls of the kernel's functions: its types, and what runs.
  const btf::Btf* kernel_btf = nullptr;
  const KfuncTable* kfuncs = &kLinuxKfuncs;
};

/// The arrays of ProgramParts of those names, exactly as large as needed.
struct FixedProgram {
  explicit FixedProgram(Allocator& allocator)
      : insns(allocator),
        facts(allocator),
        functions(allocator),
        original_indices(allocator),
        direct_calls(allocator),
        object_types(allocator) {}

  Buffer<isa::Insn> insns;
  Buffer<InsnFacts> facts;
  Buffer<ProgramFunction> functions;
  Buffer<uint32_t> original_indices;
  Buffer<DirectCall> direct_calls;
  /// Of the program's own types, those that it makes objects of.
  Buffer<btf::TypeId> object_types;
};

/// Fills `out`, which is fresh, with a program that does what `program` does,
/// in instructions that engines have (isa::DecodeFixed): without what no path
/// reaches, and with some calls of helpers replaced by what they do. LD_IMM64
/// of a map still names it by its index.
///
/// kAccess: the stacks need more room than a run has (`log` says so);
/// kNoMemory. Context: task.
Status Fixup(const VerifiedProgram& program, Allocator& allocator, Log& log,
             FixedProgram& out);

}  // namespace ebpf::verifier
