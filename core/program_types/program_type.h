// SPDX-License-Identifier: MIT
//
// What a type of program may see, call and return.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// The types by their number in Linux's `enum bpf_prog_type`.
enum class ProgramTypeId : uint32_t {
#define EBPF_PROGRAM_TYPE(number, name, text, packets, attach, privilege) \
  k##name = number,
#include "core/program_types/program_types.def"
#undef EBPF_PROGRAM_TYPE
};

/// What programs are loaded for, by their number in Linux's
/// `enum bpf_attach_type`.
enum class AttachType : uint32_t {
#define EBPF_ATTACH_TYPE(number, name) k##name = number,
#include "core/program_types/attach_types.def"
#undef EBPF_ATTACH_TYPE
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
  kTrustedTyped,      // PTR_TO_BTF_ID | PTR_TRUSTED: to `ContextAnswer::type`
};

struct ContextQuery {
  uint32_t offset;
  uint32_t size;  // 1, 2, 4, 8
  bool write;
  /// bpf_attach_type that the program was loaded for.
  uint32_t attach_type = 0;
  /// Size of pt_regs on this CPU, for the types whose context it is.
  uint32_t context_size = 0;
  /// The loader has CAP_BPF. Linux shows less to others.
  bool capable = true;
};

struct ContextAnswer {
  ContextValue value = ContextValue::kRefused;
  /// The field that holds the bytes, as Linux's UAPI has it: what a narrow load
  /// is made of.
  uint32_t field_offset = 0;
  uint32_t field_size = 0;
  /// For kTrustedTyped: the struct's name in the kernel's BTF.
  const char* type = nullptr;
};

/// What a program may return, inclusive, as signed 32-bit numbers.
struct ReturnRange {
  bool checked = false;  // else: whatever it likes
  int32_t min = 0;
  int32_t max = 0;
};

/// What a program's loader must be allowed to do, beside CAP_BPF. Bits.
enum Privilege : uint8_t {
  kPrivilegeBpf = 0,
  kPrivilegeNetAdmin = 1 << 0,  // CAP_NET_ADMIN
  kPrivilegePerfmon = 1 << 1,   // CAP_PERFMON
  /// Not even CAP_BPF, if unprivileged loads are allowed at all.
  kPrivilegeAnybody = 1 << 2,
};

/// One row of program_types.def, with the rules behind it.
struct ProgramType {
  ProgramTypeId id;
  const char* name;  // as in Linux's libbpf: "kprobe", "socket_filter"

  /// Whether these bytes of the context may be read or written, and what a load
  /// of them gives.
  ContextAnswer (*access)(const ContextQuery& query);

  /// What it may return when it is loaded for this attach type. Of `lsm` only
  /// what does not depend on the hook (lsm.h).
  ReturnRange (*returns)(uint32_t attach_type) = nullptr;

  /// The context has a packet: LD_ABS and LD_IND are allowed.
  bool has_packet = false;
  /// Whether packets may be written through their pointers, and read or written
  /// by helpers that are given them (Linux's may_access_direct_pkt_data). Null:
  /// no. Loads through a pointer that the context gave are not asked for.
  bool (*may_access_packet)(bool write, uint32_t attach_type) = nullptr;

  /// Bit n: it may be loaded for attach type n. All bits: expected_attach_type
  /// is not looked at.
  uint64_t attach_types = ~uint64_t{0};
  /// Of enum Privilege.
  uint8_t privilege = kPrivilegeBpf;
};

/// The type with this number, or null.
const ProgramType* FindProgramType(uint32_t number);

/// What BPF_PROG_LOAD makes of an expected_attach_type: 0 means one of them for
/// types that are younger than the field.
uint32_t EffectiveAttachType(ProgramTypeId type, uint32_t expected);

/// Whether BPF_PROG_LOAD takes this expected_attach_type, after
/// EffectiveAttachType.
bool AcceptsAttachType(const ProgramType& type, uint32_t attach_type);

/// Whether a program of this type may be loaded with BPF_F_SLEEPABLE, as far as
/// the hook does not forbid it (lsm.h).
bool MaySleep(ProgramTypeId type, uint32_t attach_type);

}  // namespace ebpf
