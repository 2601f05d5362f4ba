// SPDX-License-Identifier: MIT
//
// What may be accessed is the program type's to say (core/program_types); here
// it becomes a register.
#include "core/verifier/context_access.h"

#include "core/verifier/attach_target.h"

namespace ebpf::verifier {
namespace {

Status Refuse(Verification& v, const Access& access) {
  return v.Reject(Message::kBadContextAccess, access.offset, access.size);
}

/// What the program type says. The pointer is as it was given.
ContextAnswer Ask(Verification& v, const Access& access) {
  if (access.offset < 0) {
    return {};
  }
  ContextQuery query{};
  query.offset = static_cast<uint32_t>(access.offset);
  query.size = access.size;
  query.write = access.write;
  query.attach_type = v.options.attach_type;
  query.context_size = v.options.context_size;
  query.capable = v.options.privileged;
  const ContextAnswer answer = v.options.type->access(query);
  if (answer.value != ContextValue::kRefused) {
    v.stats.context_bytes =
        Max(v.stats.context_bytes, query.offset + query.size);
  }
  return answer;
}

RegState OrNull(Verification& v, RegType type) {
  RegState reg = RegState::Pointer(type);
  reg.maybe_null = true;
  reg.id = v.NewId();
  return reg;
}

/// A pointer to an object of the kernel, by the name of its type.
Status LoadTyped(Verification& v, const Access& access, const char* type,
                 RegState& loaded) {
  const btf::Btf* kernel = v.options.kernel_btf;
  if (kernel == nullptr) {
    return Refuse(v, access);
  }
  const Result<btf::TypeId> id =
      kernel->Find(btf::Kind::kStruct, StringView(type));
  if (!id.ok()) {
    return Refuse(v, access);
  }
  loaded = RegState::Pointer(RegType::kTyped);
  loaded.btf = kernel;
  loaded.memory_size = *id;
  loaded.flags = kRegTrusted;
  return Status::kOk;
}

}  // namespace

Status ReadContext(Verification& v, const Access& access, bool sign_extends,
                   RegState& loaded) {
  EBPF_TRY(CheckUnmodified(v, access.base));
  const ContextAnswer answer = Ask(v, access);
  if (answer.value != ContextValue::kScalar && sign_extends) {
    return Refuse(v, access);  // no pointer any more
  }
  switch (answer.value) {
    case ContextValue::kScalar:
      loaded = RegState::UnknownScalar();
      return Status::kOk;
    case ContextValue::kPacket:
      loaded = RegState::Pointer(RegType::kPacket);
      return Status::kOk;
    case ContextValue::kPacketMeta:
      loaded = RegState::Pointer(RegType::kPacketMeta);
      return Status::kOk;
    case ContextValue::kPacketEnd:
      loaded = RegState::Pointer(RegType::kPacketEnd);
      return Status::kOk;
    case ContextValue::kFlowKeys:
      loaded = RegState::Pointer(RegType::kFlowKeys);
      return Status::kOk;
    case ContextValue::kSocket:
      loaded = RegState::Pointer(RegType::kSocket);
      return Status::kOk;
    case ContextValue::kSocketOrNull:
      loaded = OrNull(v, RegType::kSocket);
      return Status::kOk;
    case ContextValue::kSockCommon:
      loaded = RegState::Pointer(RegType::kSockCommon);
      return Status::kOk;
    case ContextValue::kSockCommonOrNull:
      loaded = OrNull(v, RegType::kSockCommon);
      return Status::kOk;
    case ContextValue::kTcpSockOrNull:
      loaded = OrNull(v, RegType::kTcpSock);
      return Status::kOk;
    case ContextValue::kBuffer:
      loaded = RegState::Pointer(RegType::kTraceBuffer);
      return Status::kOk;
    case ContextValue::kTrustedTyped:
      return LoadTyped(v, access, answer.type, loaded);
    case ContextValue::kTypedArgument:
      return LoadArgument(v, access.offset, access.size, loaded);
    case ContextValue::kRefused:
      break;
  }
  return Refuse(v, access);
}

Status WriteContext(Verification& v, const Access& access) {
  EBPF_TRY(CheckUnmodified(v, access.base));
  return Ask(v, access).value == ContextValue::kRefused ? Refuse(v, access)
                                                        : Status::kOk;
}

}  // namespace ebpf::verifier
