// SPDX-License-Identifier: MIT
//
// One program on its way to machine code: what the compiler is given, what it
// works with, and what it gives.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/isa/insn.h"
#include "core/jit/insn_state.h"
#include "core/memory/allocator.h"
#include "core/platform/nofault.h"
#include "core/program/program.h"

namespace ebpf::jit {

struct Options {
  /// Constants of the program do not appear in its image, where they could be
  /// executed (Linux's bpf_jit_harden).
  bool blind_constants = false;
  /// Of blinding; the same seed makes the same image.
  uint64_t seed = 0;
  /// Bits that the CPU's macro assembler explains.
  uint64_t cpu_features = 0;
  /// Where loads of kProbed memory may be tried; without any, a program with
  /// such a load is kNotSupported. See ebpf_port_nofault_ranges.
  ebpf_address_range nofault_ranges[EBPF_MAX_NOFAULT_RANGES] = {};
  size_t nofault_range_count = 0;
};

/// Where a load of kProbed memory is, and where the program goes on when it
/// faults, its register zeroed. Offsets from the image's start.
struct ExceptionEntry {
  uint32_t load;
  uint32_t resume;
  uint8_t dst;  // eBPF's number of the register
};

/// A place in the image, or none.
inline constexpr uint32_t kNoOffset = UINT32_MAX;

struct Compilation {
  // Given.
  isa::ConstInsns insns;
  Span<const InsnFacts> facts;            // or empty
  Span<const ProgramFunction> functions;  // or empty
  Span<const DirectCall> direct_calls;    // or empty
  Options options;
  Allocator* allocator = nullptr;

  /// Called once, or a second time, when what it gave before is no longer
  /// wanted: finds a place for `size` bytes, where `address` is set to, and
  /// memory to write them to (`code`, size and CodeBuffer::kMaxAppend bytes
  /// more). What fails stops the compilation.
  Status (*place)(Compilation& compilation, size_t size) = nullptr;
  void* place_argument = nullptr;

  // Set by `place`.
  uint64_t address = 0;
  Span<uint8_t> code;

  // Given back.
  size_t code_size = 0;     // at most what `place` was asked for
  uint32_t entry = 0;       // a C function: uint64_t(context, stack top)
  uint32_t tail_entry = 0;  // where tail calls go: r10 is set, r1 too
  uint32_t callback_entry = kNoOffset;  // see CallbackStub
  /// One for each instruction and one more, for its `offset` (the line table).
  /// The caller frees it with DeleteArray; empty after an error.
  Span<InsnState> states;
  /// Likewise, only what is needed.
  Span<ExceptionEntry> exceptions;
};

}  // namespace ebpf::jit
