// SPDX-License-Identifier: MIT
//
// Contexts of packets as they are: programs see Linux's structs, in which four
// bytes stand for pointers, so their loads and stores are rewritten (fixup).
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/program_types/program_type.h"

namespace ebpf {

/// The packet: [meta, data) is what precedes it, [data, end) itself.
struct PacketPointers {
  uint8_t* data;
  uint8_t* end;
  uint8_t* meta;
};

/// The memory around a packet, which it may grow into.
struct PacketRoom {
  uint8_t* head;
  uint8_t* limit;
};

/// What a program of type xdp is run with; programs see struct xdp_md.
struct XdpContext {
  static constexpr uint32_t kFieldBytes = 24;

  PacketPointers packet;
  /// struct xdp_md, but for where the packet is.
  alignas(8) uint8_t fields[kFieldBytes];

  // Not for programs.
  PacketRoom room;
  /// Behind packet.end, up to here, are bytes of the packet that programs reach
  /// by helpers alone (Linux's fragments); packet.end: there are none.
  uint8_t* frags_end;
};

/// The same for struct __sk_buff, its pointers `sk` and `flow_keys` (null, or
/// to what programs may access) included.
struct SkbContext {
  static constexpr uint32_t kFieldBytes = 192;

  PacketPointers packet;
  alignas(8) uint8_t fields[kFieldBytes];

  // Not for programs.
  PacketRoom room;
  uint8_t* mac_header;
  uint8_t* network_header;
};

/// A piece of a context.
struct ContextPlace {
  uint16_t offset;  // as programs see it, and how long it is
  uint16_t size;
  uint16_t place;  // where it is
  /// Four bytes stand for the eight of a pointer.
  bool is_pointer;
};

/// How the contexts of programs of this type are laid out, by offset; empty:
/// just as programs see them.
Span<const ContextPlace> ContextPlaces(ProgramTypeId type);

/// How many bytes Linux keeps of the four of the number at `offset` of this
/// type's context, or 0: all, or it is not such a number. A load of as many
/// gives these, from wherever in the field it is; one of less gives what is
/// there. A store keeps so many.
uint32_t KeptBytes(ProgramTypeId type, uint32_t offset);

}  // namespace ebpf
