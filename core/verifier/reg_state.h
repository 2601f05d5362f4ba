// SPDX-License-Identifier: MIT
//
// What is known of one register, or of eight bytes of stack that hold one.
#pragma once

#include <stdint.h>

#include "core/maps/map.h"
#include "core/verifier/scalar.h"

namespace ebpf::verifier {

enum class RegType : uint8_t {
  kUninitialized,  // or: nobody reads it any more
  kScalar,         // a number, or an address that is used as one
  kContext,        // PTR_TO_CTX
  kMapPointer,     // CONST_PTR_TO_MAP
  kMapValue,       // PTR_TO_MAP_VALUE
  kStack,          // PTR_TO_STACK
  kRingRecord,     // PTR_TO_MEM | MEM_RINGBUF
  kMapKey,         // PTR_TO_MAP_KEY
  kFunction,       // PTR_TO_FUNC
};

/// All zero bytes are an uninitialized register.
struct RegState {
  /// The number; of a pointer, what was added to it besides `offset`.
  ScalarValue value;
  /// kMapPointer, kMapValue, kMapKey: the map.
  const Map* map;
  /// kRingRecord: the record's size. kFunction: its first instruction.
  uint32_t memory_size;
  /// Of a pointer: the constant part of what was added.
  int32_t offset;
  /// Registers with one `id`, not 0, hold the same number, or are null all or
  /// none.
  uint32_t id;
  /// The reference that dies when this is released, or 0.
  uint32_t reference;
  RegType type;
  /// A pointer that may still be null.
  bool maybe_null;
  /// kStack: whose stack, as an index of frames.
  uint8_t frame;
  /// In saved states, of a number: it does not matter.
  bool ignored;

  bool IsPointer() const { return type > RegType::kScalar; }
  bool IsScalar() const { return type == RegType::kScalar; }
  bool IsConstant() const { return IsScalar() && value.IsConstant(); }
  /// The number 0, which helpers take for a null pointer.
  bool IsNull() const { return IsConstant() && value.bits.value == 0; }

  static RegState Scalar(const ScalarValue& value) {
    RegState reg{};
    reg.type = RegType::kScalar;
    reg.value = value;
    return reg;
  }
  static RegState UnknownScalar() { return Scalar(ScalarValue::Unknown()); }
  static RegState Constant(uint64_t word) {
    return Scalar(ScalarValue::Constant(word));
  }
  static RegState Pointer(RegType type) {
    RegState reg{};
    reg.type = type;
    reg.value = ScalarValue::Constant(0);
    return reg;
  }
};

/// Linux's name of what `reg` is, for the log: "map_value_or_null".
const char* TypeName(const RegState& reg);

/// Whether a comparison with 0 is decided: it is a pointer, not null, and no
/// arithmetic brings it there.
bool IsKnownNotNull(const RegState& reg);

}  // namespace ebpf::verifier
