// SPDX-License-Identifier: MIT
//
// Linux asks each kind of program, and each kind of struct_ops: these are the
// ones of 6.12 that let programs write.
#include "core/verifier/object_write.h"

#include "core/btf/struct_access.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

using btf::Kind;

/// The way to a field: names from the outer struct to the inner ones.
struct Path {
  const char* names[4];
  /// It may be entered anywhere, not only at its begin.
  bool anywhere;
};

/// Of struct tcp_sock.
constexpr Path kOfTcpSock[] = {
    {{"inet_conn", "icsk_inet", "sk", "sk_pacing_rate"}, false},
    {{"inet_conn", "icsk_inet", "sk", "sk_pacing_status"}, false},
    {{"inet_conn", "icsk_ca_priv"}, true},
    {{"inet_conn", "icsk_ack", "pending"}, false},
    {{"snd_cwnd"}, false},
    {{"snd_cwnd_cnt"}, false},
    {{"snd_cwnd_stamp"}, false},
    {{"snd_ssthresh"}, false},
    {{"ecn_flags"}, false},
    {{"app_limited"}, false},
};
/// Of a connection that the firewall tracks, and of one that it does not yet.
constexpr Path kOfConnection[] = {{{"mark"}, false}};
constexpr Path kOfNewConnection[] = {{{"ct", "mark"}, false}};

bool HasName(const btf::Btf& btf, btf::TypeId id, const char* name) {
  const Result<btf::Type> type = btf.TypeAt(id);
  return type.ok() && type->kind == Kind::kStruct &&
         btf.Name(type->name).ValueOr(StringView()) == StringView(name);
}

bool IsCongestionControl(const Verification& v) {
  const AttachTarget& target = v.options.attach_target;
  return v.options.type->id == ProgramTypeId::kStructOps &&
         target.btf != nullptr &&
         HasName(*target.btf, target.type_id, "tcp_congestion_ops");
}

/// The fields of `reg`'s struct that this program may write.
Span<const Path> WritableFields(const Verification& v, const RegState& reg) {
  const StringView name(StructName(reg));
  const ProgramTypeId type = v.options.type->id;
  if (name == "tcp_sock" && IsCongestionControl(v)) {
    return kOfTcpSock;
  }
  const bool on_packets = type == ProgramTypeId::kXdp ||
                          type == ProgramTypeId::kSchedCls ||
                          type == ProgramTypeId::kSchedAct;
  if (on_packets && name == "nf_conn") {
    return kOfConnection;
  }
  if (on_packets && name == "nf_conn___init") {
    return kOfNewConnection;
  }
  return {};
}

/// Bytes [begin, end) of a struct.
struct FieldBytes {
  uint32_t begin;
  uint32_t end;
};

Result<FieldBytes> Find(const btf::Btf& btf, btf::TypeId type,
                        const Path& path) {
  FieldBytes bytes{0, 0};
  for (const char* name : path.names) {
    if (name == nullptr) {
      break;
    }
    const btf::Member member =
        EBPF_TRY(btf::FindMember(btf, type, StringView(name)));
    if (member.bit_size != 0 || member.bit_offset % 8 != 0) {
      return Status::kNotFound;
    }
    const btf::Elements elements = EBPF_TRY(btf::ElementsOf(btf, member.type));
    bytes.begin += member.bit_offset / 8;
    bytes.end = bytes.begin + elements.total;
    type = elements.element;
  }
  return bytes;
}

}  // namespace

btf::TypeId ArgumentPointee(const Verification& v, btf::TypeId pointee) {
  if (!IsCongestionControl(v)) {
    return pointee;
  }
  const btf::Btf& btf = *v.options.attach_target.btf;
  const Result<btf::TypeId> tcp_sock =
      btf.Find(Kind::kStruct, StringView("tcp_sock"));
  return tcp_sock.ok() && HasName(btf, pointee, "sock") ? *tcp_sock : pointee;
}

Status CheckObjectWrite(Verification& v, const RegState& reg, uint32_t offset,
                        uint32_t size) {
  const Span<const Path> fields = WritableFields(v, reg);
  if (fields.empty() || !IsTrusted(reg)) {
    return v.Reject(Message::kOnlyRead);
  }
  for (const Path& path : fields) {
    const Result<FieldBytes> field = Find(*reg.btf, reg.memory_size, path);
    if (!field.ok() || offset < field->begin || offset >= field->end ||
        (offset != field->begin && !path.anywhere)) {
      continue;
    }
    return size <= field->end - offset
               ? Status::kOk
               : v.Reject(Message::kWriteBeyondMember, offset, size,
                          StructName(reg), field->end);
  }
  return v.Reject(Message::kNotWritableMember, StructName(reg), offset);
}

bool AllowedForMember(const Verification& v, const HelperPrototype& helper) {
  return helper.id != helper_id::setsockopt ||
         v.options.type->id != ProgramTypeId::kStructOps ||
         (IsCongestionControl(v) &&
          StringView(v.target.name) != StringView("release"));
}

}  // namespace ebpf::verifier
