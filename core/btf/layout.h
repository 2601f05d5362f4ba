// SPDX-License-Identifier: MIT
//
// The bytes of a BTF blob. [kernel.org Documentation/bpf/btf] Internal to
// core/btf.
#pragma once

#include "core/btf/btf.h"

namespace ebpf::btf {

struct Header {
  uint16_t magic;
  uint8_t version;
  uint8_t flags;
  uint32_t header_size;
  uint32_t type_offset;
  uint32_t type_size;
  uint32_t string_offset;
  uint32_t string_size;
};
static_assert(sizeof(Header) == 24);

inline constexpr uint16_t kMagic = 0xeb9f;
inline constexpr uint8_t kVersion = 1;

struct TypeHeader {
  uint32_t name;
  uint32_t info;  // bits 0-15 vlen, 24-28 kind, 31 kind_flag
  uint32_t size_or_type;
};
static_assert(sizeof(TypeHeader) == 12);

/// Bits of `info` that mean something.
inline constexpr uint32_t kInfoMask = 0x9f00ffff;

struct MemberEntry {
  uint32_t name;
  uint32_t type;
  uint32_t offset;
};

inline Kind KindOf(const TypeHeader& header) {
  return static_cast<Kind>((header.info >> 24) & 31);
}

/// The bytes behind the header of a type of this kind, or kInvalid.
Result<uint32_t> TailSize(const TypeHeader& header);

}  // namespace ebpf::btf
