// SPDX-License-Identifier: MIT
//
// Names of register types, as Linux's log has them.
#include "core/verifier/reg_state.h"

#include "core/base/text_writer.h"

namespace ebpf::verifier {
namespace {

const char* BaseName(RegType type) {
  switch (type) {
    case RegType::kUninitialized:
      return "?";
    case RegType::kScalar:
      return "scalar";
    case RegType::kContext:
      return "ctx";
    case RegType::kMapPointer:
      return "map_ptr";
    case RegType::kMapValue:
      return "map_value";
    case RegType::kStack:
      return "fp";
    case RegType::kRingRecord:
    case RegType::kMemory:
      return "mem";
    case RegType::kMapKey:
      return "map_key";
    case RegType::kFunction:
      return "func";
    case RegType::kPacket:
      return "pkt";
    case RegType::kPacketMeta:
      return "pkt_meta";
    case RegType::kPacketEnd:
      return "pkt_end";
    case RegType::kFlowKeys:
      return "flow_keys";
    case RegType::kSocket:
      return "sock";
    case RegType::kSockCommon:
      return "sock_common";
    case RegType::kTcpSock:
      return "tcp_sock";
    case RegType::kXdpSock:
      return "xdp_sock";
    case RegType::kTraceBuffer:
      return "tp_buffer";
    case RegType::kBuffer:
      return "buf";
    case RegType::kTyped:
      return "ptr_";
    case RegType::kDynptr:
      return "dynptr_ptr";
    case RegType::kArena:
      return "arena";
    case RegType::kIterator:
      return "iter";
  }
  return "?";
}

}  // namespace

TypeName::TypeName(const RegState& reg) {
  TextWriter writer(text_, sizeof(text_) - 1);
  const auto prefix = [&](uint16_t flag, const char* text) {
    if (reg.Has(flag)) {
      writer.Put(text);
    }
  };
  prefix(kRegReadOnly, "rdonly_");
  if (reg.type == RegType::kRingRecord) {
    writer.Put("ringbuf_");
  }
  prefix(kRegUser, "user_");
  prefix(kRegPerCpu, "percpu_");
  prefix(kRegUntrusted, "untrusted_");
  prefix(kRegTrusted, "trusted_");
  prefix(kRegRcu, "rcu_");
  writer.Put(BaseName(reg.type));
  if (reg.maybe_null) {
    writer.Put(reg.type == RegType::kTyped ? "or_null_" : "_or_null");
  }
  text_[writer.text().size()] = 0;
}

bool IsKnownNotNull(const RegState& reg) {
  if (reg.maybe_null) {
    return false;
  }
  switch (reg.type) {
    case RegType::kMapValue:
    case RegType::kRingRecord:
    case RegType::kMapKey:
    case RegType::kMemory:
    case RegType::kSocket:
    case RegType::kSockCommon:
    case RegType::kTcpSock:
      return true;
    case RegType::kTyped:
      return reg.Has(kRegTrusted) || reg.reference != 0;
    default:
      return false;
  }
}

}  // namespace ebpf::verifier
