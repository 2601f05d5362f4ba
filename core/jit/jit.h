// SPDX-License-Identifier: MIT
//
// The engine that compiles. core/jit/README.md tells how.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/machine/machine_ops.h"
#include "core/program/engine.h"

namespace ebpf {

/// Linux's bpf_jit_harden, for programs that are loaded from now on.
void SetJitBlinding(bool on);

/// The compiler for `machine`, whose CPUs have `cpu_features` (bits of
/// arch/<isa>/macro_assembler.h). Null if it has none, or this kernel gives no
/// executable memory. Prepare: kInvalid for what the verifier would not have
/// let through, kNotSupported, kTooBig, kNoMemory, and what the port says.
/// Context: task.
Engine* InitJit(const machine::MachineOps& machine, uint64_t cpu_features,
                Allocator& allocator);

/// No program of it is left. Context: task.
void ExitJit();

/// For the port's fault hook: whether `pc` is a load of memory that may not be
/// there, in a compiled program. If so `*resume` is where to go on, and the
/// register `*dst` (eBPF's number) is to be zeroed. Context: any.
bool FindJitFixup(uint64_t pc, uint64_t* resume, uint8_t* dst);

/// A compiled program as a symbol.
struct JitSymbol {
  uint64_t begin;
  uint64_t size;
  char name[48];  // as FindJitSymbol's

  friend bool operator<(const JitSymbol& a, const JitSymbol& b) {
    return a.begin < b.begin;
  }
};

/// The first programs whose images begin at `from` or above it, in order, as
/// many as there are places; how many those are. A walk sees each program once
/// that is there all the time; each call goes over all of them. Context: task,
/// in a read section.
size_t ListJitSymbols(uint64_t from, Span<JitSymbol> symbols);

/// The program whose image contains `address`; its name as a symbol
/// ("bpf_prog_<tag>_<name>", ended by a zero) is written to `name`, and the
/// index of the instruction, in what the client loaded, to `*insn`. False if
/// there is none. Context: any, in a read section.
bool FindJitSymbol(uint64_t address, char (&name)[48], uint64_t* begin,
                   uint64_t* size, uint32_t* insn);

}  // namespace ebpf
