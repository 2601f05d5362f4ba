// SPDX-License-Identifier: MIT
//
// Dynptrs at run time: what a program's bpf_dynptr, 16 bytes on its stack that
// the verifier keeps it from touching, says of the memory behind it.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"

namespace ebpf {

/// Whose memory it is.
enum class DynptrKind : uint8_t {
  kNone,    // null: nothing can be done with it
  kLocal,   // a map's value, or a program's own
  kRing,    // a record that a ring buffer reserved
  kPacket,  // a network packet, which is not in one piece
  kXdp,
};

/// Linux's DYNPTR_MAX_SIZE.
inline constexpr uint32_t kMaxDynptrSize = (1u << 24) - 1;

/// Context of all: any. What it takes for granted the verifier has checked.
class Dynptr {
 public:
  /// The one that a program passed to a helper.
  static Dynptr& Of(uint64_t argument) {
    return *reinterpret_cast<Dynptr*>(argument);
  }

  void SetNull() { *this = Dynptr(); }
  /// kTooBig, and it is null then.
  Status Set(DynptrKind kind, void* data, uint64_t size, bool read_only);

  bool is_null() const { return data_ == nullptr; }
  bool read_only() const { return read_only_; }
  DynptrKind kind() const { return kind_; }
  uint32_t size() const { return end_ - begin_; }
  /// Where its object begins: a record, a packet.
  void* object() const { return data_; }
  /// The first byte's place in the object.
  uint32_t begin() const { return begin_; }

  /// Leaves [from, to) of what it is. kOutOfRange, kInvalid (null).
  Status Adjust(uint32_t from, uint32_t to);

  /// The `size` bytes at `offset`; kTooBig. Not for packets.
  Result<Bytes> Piece(uint64_t offset, uint64_t size) const;

 private:
  uint8_t* data_ = nullptr;
  uint32_t begin_ = 0;
  uint32_t end_ : 24 = 0;
  DynptrKind kind_ : 7 = DynptrKind::kNone;
  bool read_only_ : 1 = false;
};
static_assert(sizeof(Dynptr) == 16);

}  // namespace ebpf
