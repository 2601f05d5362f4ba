// SPDX-License-Identifier: MIT
//
// What is known of one register, or of eight bytes of stack that hold one.
#pragma once

#include <stdint.h>

#include "core/btf/btf.h"
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
  kMemory,         // PTR_TO_MEM
  kPacket,         // PTR_TO_PACKET
  kPacketMeta,     // PTR_TO_PACKET_META
  kPacketEnd,      // PTR_TO_PACKET_END
  kFlowKeys,       // PTR_TO_FLOW_KEYS
  kSocket,         // PTR_TO_SOCKET
  kSockCommon,     // PTR_TO_SOCK_COMMON
  kTcpSock,        // PTR_TO_TCP_SOCK
  kXdpSock,        // PTR_TO_XDP_SOCK
  kTraceBuffer,    // PTR_TO_TP_BUFFER
  kBuffer,         // PTR_TO_BUF
  kTyped,          // PTR_TO_BTF_ID
  kDynptr,         // CONST_PTR_TO_DYNPTR; in a slot: the dynptr itself
  kArena,          // PTR_TO_ARENA
  kIterator,       // in a slot only: an open-coded iterator
};

/// What more is known of a pointer; Linux's name in the comment.
enum RegFlag : uint16_t {
  kRegReadOnly = 1 << 0,         // MEM_RDONLY
  kRegUntrusted = 1 << 1,        // PTR_UNTRUSTED
  kRegTrusted = 1 << 2,          // PTR_TRUSTED
  kRegRcu = 1 << 3,              // MEM_RCU
  kRegUser = 1 << 4,             // MEM_USER
  kRegPerCpu = 1 << 5,           // MEM_PERCPU
  kRegAllocated = 1 << 6,        // MEM_ALLOC
  kRegNonOwning = 1 << 7,        // NON_OWN_REF
  kRegDynptrLocal = 1 << 8,      // DYNPTR_TYPE_LOCAL
  kRegDynptrRing = 1 << 9,       // DYNPTR_TYPE_RINGBUF
  kRegDynptrPacket = 1 << 10,    // DYNPTR_TYPE_SKB
  kRegDynptrXdp = 1 << 11,       // DYNPTR_TYPE_XDP
  kRegFirstSlot = 1 << 12,       // of the slots of a dynptr or iterator
  kRegIteratorActive = 1 << 13,  // BPF_ITER_STATE_ACTIVE, else drained
  // kPacket: at the packet's end or behind it; behind it.
  kRegAtPacketEnd = 1 << 14,      // AT_PKT_END
  kRegBeyondPacketEnd = 1 << 15,  // BEYOND_PKT_END
};

/// All zero bytes are an uninitialized register.
struct RegState {
  /// The number; of a pointer, what was added to it besides `offset`.
  ScalarValue value;
  /// kMapPointer, kMapValue, kMapKey: the map.
  const Map* map;
  /// kTyped, kIterator: whose type `detail` is.
  const btf::Btf* btf;
  /// kRingRecord, kMemory, kBuffer: its size. kPacket, kPacketMeta: how many
  /// bytes from the pointer's start on were compared with the end. kFunction:
  /// its first instruction. kTyped, kIterator: the type's id.
  uint32_t memory_size;
  /// Of a pointer: the constant part of what was added. Of a number with an
  /// `id`: by how much it is more than what the id stands for.
  int32_t offset;
  /// Numbers with one `id`, not 0, differ by their `offset`s only; pointers are
  /// null all or none; packet pointers with one id have the same variable part.
  /// Map values: the lookup that gave it, for locks.
  uint32_t id;
  /// The reference that dies when this is released, or 0.
  uint32_t reference;
  /// kMapPointer, kMapValue: the lookup in a map of maps that gave the map.
  /// kMemory: the dynptr that it is a piece of. Or 0.
  uint32_t origin;
  /// kIterator: how often its next() was called on this path.
  uint32_t depth;
  /// RegFlag.
  uint16_t flags;
  RegType type;
  /// A pointer that may still be null.
  bool maybe_null;
  /// kStack: whose stack, as an index of frames.
  uint8_t frame;
  /// In saved states, of a number: it does not matter.
  bool ignored;

  bool Has(uint16_t flag) const { return (flags & flag) != 0; }
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

/// Linux's name of what `reg` is, for the log: "map_value_or_null",
/// "trusted_ptr_".
class TypeName {
 public:
  explicit TypeName(const RegState& reg);
  operator const char*() const { return text_; }  // NOLINT

 private:
  char text_[64];
};

/// Whether a comparison with 0 is decided: it is a pointer, not null, and no
/// arithmetic brings it there.
bool IsKnownNotNull(const RegState& reg);

}  // namespace ebpf::verifier
