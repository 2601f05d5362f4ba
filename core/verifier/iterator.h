// SPDX-License-Identifier: MIT
//
// Open-coded iterators: objects on the stack that kernel functions begin, step
// and end. DESIGN.md tells why a loop around one ends by itself.
#pragma once

#include "core/helpers/kfuncs.h"
#include "core/verifier/saved_state.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Where an iterator is: its slot at the lowest address.
struct IteratorPlace {
  uint32_t frame;
  uint32_t slot;
};

/// Register `number` points to room for an iterator of the struct `type`, which
/// begins there now.
Status BeginIterator(Verification& v, unsigned number, const KfuncInfo& kfunc,
                     btf::TypeId type);

/// Register `number` points to an iterator of that type.
Status CheckIterator(Verification& v, unsigned number, const char* function,
                     btf::TypeId type, IteratorPlace& place);

/// The iterator ends; what was got from it is gone.
void EndIterator(Verification& v, const IteratorPlace& place);

/// A step of the iterator, whose result is in r0 already, maybe null: keeps the
/// path on which there is an element for later, and goes on without one.
Status StepIterator(Verification& v, const IteratorPlace& place);

/// That other path, before the arguments are gone.
void TakeElement(Verification& v, const IteratorPlace& place);

/// The iterator that r1 of the current function points to; whether it does.
bool FindIterator(const State& state, IteratorPlace& place);

/// Whether a round of a loop lies between `old`, which this path came through,
/// and the state now, both before a step of one iterator: it gave an element.
bool SteppedSince(const SavedState& old, const State& now);

/// How many elements the iterator gave that r1 points to, on this path.
uint32_t IteratorDepth(const State& state);

/// Whether all paths are walked from where each iterator of `old` began, unless
/// it is the one that is there now.
bool IteratorsWalked(const Verification& v, const SavedState& old,
                     const State& now);

}  // namespace ebpf::verifier
