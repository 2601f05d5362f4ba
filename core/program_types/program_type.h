// SPDX-License-Identifier: MIT
//
// What a type of program may see, call and return.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// The types by their number in Linux's `enum bpf_prog_type`.
enum class ProgramTypeId : uint32_t {
#define EBPF_PROGRAM_TYPE(number, name) k##name = number,
#include "core/program_types/program_types.def"
#undef EBPF_PROGRAM_TYPE
};

/// What a load from the context gives, or that an access is refused.
enum class ContextValue : uint8_t {
  kRefused,
  kScalar,
  kPacket,            // PTR_TO_PACKET: where data begins
  kPacketMeta,        // PTR_TO_PACKET_META
  kPacketEnd,         // PTR_TO_PACKET_END
  kFlowKeys,          // PTR_TO_FLOW_KEYS
  kSocket,            // PTR_TO_SOCKET
  kSocketOrNull,      // ... | PTR_MAYBE_NULL
  kSockCommon,        // PTR_TO_SOCK_COMMON
  kSockCommonOrNull,  // ... | PTR_MAYBE_NULL
  kTcpSockOrNull,     // PTR_TO_TCP_SOCK | PTR_MAYBE_NULL
  kBuffer,            // PTR_TO_BUF: raw_tracepoint.w's
  kTypedArgument,     // an argument of the traced function, by BTF
};

struct ContextQuery {
  uint32_t offset;
  uint32_t size;  // 1, 2, 4, 8
  bool write;
  /// bpf_attach_type that the program was loaded for.
  uint32_t attach_type = 0;
  /// Size of pt_regs on this CPU, for the types whose context it is.
  uint32_t context_size = 0;
};

struct ContextAnswer {
  ContextValue value = ContextValue::kRefused;
  /// The field that holds the bytes, as Linux's UAPI has it: what a narrow load
  /// is made of.
  uint32_t field_offset = 0;
  uint32_t field_size = 0;
};

/// What a program may return, inclusive, as signed 32-bit numbers.
struct ReturnRange {
  bool checked = false;  // else: whatever it likes
  int32_t min = 0;
  int32_t max = 0;
};

/// One row of program_types.def, with the rules behind it.
struct ProgramType {
  ProgramTypeId id;
  const char* name;  // as in Linux's libbpf: "kprobe", "socket_filter"

  /// Whether these bytes of the context may be read or written, and what a load
  /// of them gives.
  ContextAnswer (*access)(const ContextQuery& query);

  /// What it may return when it is loaded for this attach type.
  ReturnRange (*returns)(uint32_t attach_type) = nullptr;

  /// The context has a packet: LD_ABS and LD_IND are allowed.
  bool has_packet = false;
  /// Packets may be written through their pointers (for some attach types:
  /// Linux's may_access_direct_pkt_data).
  bool (*may_access_packet)(bool write, uint32_t attach_type) = nullptr;
};

/// The type with this number, or null.
const ProgramType* FindProgramType(uint32_t number);

}  // namespace ebpf
