// SPDX-License-Identifier: MIT
//
// Dynptrs: two slots of stack that describe memory which only helpers access,
// or, given to callbacks and global functions, a pointer to such.
#pragma once

#include "core/helpers/prototype.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

inline constexpr uint32_t kDynptrSlots = 2;
/// What a dynptr is of, of its RegFlags.
inline constexpr uint16_t kDynptrTypes =
    kRegDynptrLocal | kRegDynptrRing | kRegDynptrPacket | kRegDynptrXdp;

/// Where an object of `count` slots lies that register `number` points to.
struct StackObject {
  Frame* frame;
  /// The slot with its lowest address; the others are those before it.
  uint32_t slot;
};

/// Whether `number`, which is kStack, points to such a place on the stack,
/// which may have to grow first (`kOutOfRange` then). `kind`: "dynptr".
/// Refuses what is misplaced.
enum class Placement : uint8_t { kThere, kOutOfRange, kRefused };
Placement PlaceObject(Verification& v, unsigned number, uint32_t count,
                      const char* kind, StackObject& object);

/// The dynptr that register `number` points to, for a helper or kernel function
/// that takes one of `type`, any if that is 0. `changes`: it must not be one
/// that others own. `dynptr` is its state.
Status FindDynptr(Verification& v, unsigned number, uint16_t type, bool changes,
                  RegState& dynptr);

/// What a new dynptr is.
struct NewDynptr {
  uint16_t type;  // one of kDynptrTypes, perhaps kRegReadOnly
  /// Of a ring's record: that of the dynptr that it is a copy of; 0: it takes
  /// one.
  uint32_t reference;
};

/// Makes a dynptr where register `number` points to.
Status MakeDynptr(Verification& v, unsigned number, const NewDynptr& made);

/// A slot of a dynptr is about to be overwritten: the dynptr is none any more,
/// nor are pointers into it. Refuses what holds a reference.
Status DestroyDynptr(Verification& v, Frame& frame, uint32_t slot);

/// A ring's dynptr was given back by a helper: argument `number`.
Status ReleaseDynptr(Verification& v, unsigned number);

}  // namespace ebpf::verifier
