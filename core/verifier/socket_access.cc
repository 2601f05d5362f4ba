// SPDX-License-Identifier: MIT
//
// core/program_types has the fields of each kind of socket.
#include "core/verifier/socket_access.h"

#include "core/program_types/sock_pointers.h"

namespace ebpf::verifier {
namespace {

using AccessRule = ContextAnswer (*)(const ContextQuery& query);

AccessRule RuleOf(RegType type) {
  switch (type) {
    case RegType::kSocket:
      return SockAccess;
    case RegType::kSockCommon:
      return SockCommonAccess;
    case RegType::kTcpSock:
      return TcpSockAccess;
    case RegType::kXdpSock:
      return XdpSockAccess;
    default:
      return FlowKeysAccess;
  }
}

/// Whether the bytes at `offset` are a field that is a number.
bool IsNumber(const Verification& v, const RegState& reg, int64_t offset,
              const Access& access) {
  if (offset < 0 || offset > UINT16_MAX) {
    return false;
  }
  ContextQuery query{};
  query.offset = static_cast<uint32_t>(offset);
  query.size = access.size;
  query.write = access.write;
  query.capable = v.options.privileged;
  return RuleOf(reg.type)(query).value == ContextValue::kScalar;
}

}  // namespace

Status CheckSocket(Verification& v, const Access& access) {
  const RegState& reg = v.state->reg(access.base);
  const unsigned name = access.base;
  if (access.write) {
    return v.Reject(Message::kCannotWriteInto, name, TypeName(reg));
  }
  // Nothing is ever added to it, as pointer_alu sees to.
  const int64_t offset = int64_t{reg.offset} + access.offset;
  if (reg.value.IsConstant() && reg.value.bits.value == 0 &&
      IsNumber(v, reg, offset, access)) {
    return Status::kOk;
  }
  return v.Reject(Message::kOutsideSocket, name, TypeName(reg), offset,
                  access.size);
}

Status CheckFlowKeys(Verification& v, const Access& access) {
  const RegState& reg = v.state->reg(access.base);
  // pointer_alu adds known numbers only.
  const int64_t offset = int64_t{reg.offset} + access.offset;
  if (reg.value.IsConstant() && reg.value.bits.value == 0 &&
      IsNumber(v, reg, offset, access)) {
    return Status::kOk;
  }
  return v.Reject(Message::kOutsideFlowKeys, offset, access.size);
}

Status CheckBuffer(Verification& v, const Access& access) {
  const RegState& reg = v.state->reg(access.base);
  const unsigned name = access.base;
  const bool read_only = reg.Has(kRegReadOnly);
  if (access.write && read_only) {
    return v.Reject(Message::kCannotWriteInto, name, TypeName(reg));
  }
  const int64_t offset = int64_t{reg.offset} + access.offset;
  if (offset < 0) {
    const char* kind = reg.type == RegType::kTraceBuffer ? "tracepoint"
                       : read_only                       ? "rdonly"
                                                         : "rdwr";
    return v.Reject(Message::kOutsideBuffer, name, kind, offset, access.size);
  }
  if (!reg.value.IsConstant() || reg.value.bits.value != 0) {
    return v.Reject(Message::kVariableBuffer, name, offset, reg.value.bits);
  }
  uint32_t& most =
      read_only ? v.stats.read_only_buffer_bytes : v.stats.buffer_bytes;
  most = Max(most, static_cast<uint32_t>(offset) + access.size);
  return Status::kOk;
}

}  // namespace ebpf::verifier
