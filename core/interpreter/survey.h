// SPDX-License-Identifier: MIT
//
// The last look at a program before it runs: what keeps the loop inside it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/helpers/prototype.h"
#include "core/program/program.h"

namespace ebpf::interpreter {

/// What Survey finds of each slot, as a set.
enum Mark : uint8_t {
  kBeginsInsn = 1,
  kBeginsFunction = 2,  // something calls it
  kIsTarget = 4         // something jumps to it
};

/// Decodes all of `program` and fills in `marks`, one for each slot; counts the
/// calls of C functions in `calls`. kInvalid: what cannot be decoded, leaves
/// the program, writes r10 or calls what is not there; kNotSupported: see
/// InterpreterEngine(). Context: task.
Status Survey(const Program& program, Span<uint8_t> marks, size_t& calls);

/// Whether no path comes to the instruction. Clients leave code in their
/// programs for what a kernel may lack, behind a condition that says so: a call
/// of a helper that is not there is no mistake where the verifier saw that no
/// path comes.
bool IsHole(const Program& program, size_t index);

/// Whether `helper` calls functions of the program that calls it.
bool CallsBack(const HelperPrototype& helper);

/// Whether the instruction reads memory that may not be there.
bool IsProbed(const Program& program, size_t index);

}  // namespace ebpf::interpreter
