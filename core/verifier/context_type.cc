// SPDX-License-Identifier: MIT
//
// Contexts are known by the names of their structs, which are Linux's, not by
// what these hold. Where the context has no struct of its own, tagged arguments
// may be void pointers, or what Linux allows besides.
#include "core/verifier/context_type.h"

namespace ebpf::verifier {
namespace {

using btf::Kind;

constexpr const char* kUserRegs = "bpf_user_pt_regs_t";

// bpf_attach_type.
constexpr uint32_t kTraceRawTracepoint = 23;
constexpr uint32_t kTraceFentry = 24;
constexpr uint32_t kTraceFexit = 25;
constexpr uint32_t kModifyReturn = 26;
constexpr uint32_t kTraceIterator = 28;

/// The struct that programs of `type` see as their context, or null.
const char* ContextName(ProgramTypeId type) {
  switch (static_cast<uint32_t>(type)) {
    case 1:   // socket_filter
    case 3:   // sched_cls
    case 4:   // sched_act
    case 8:   // cgroup_skb
    case 10:  // lwt_in
    case 11:  // lwt_out
    case 12:  // lwt_xmit
    case 14:  // sk_skb
    case 19:  // lwt_seg6local
    case 22:  // flow_dissector
      return "__sk_buff";
    case 2:  // kprobe: bpf_user_pt_regs_t
      return "pt_regs";
    case 6:
      return "xdp_md";
    case 7:
      return "bpf_perf_event_data";
    case 9:
      return "bpf_sock";
    case 13:
      return "bpf_sock_ops";
    case 15:
      return "bpf_cgroup_dev_ctx";
    case 16:
      return "sk_msg_md";
    case 17:  // raw_tracepoint
    case 24:  // raw_tracepoint_writable
      return "bpf_raw_tracepoint_args";
    case 18:
      return "bpf_sock_addr";
    case 21:
      return "sk_reuseport_md";
    case 23:
      return "bpf_sysctl";
    case 25:
      return "bpf_sockopt";
    case 30:
      return "bpf_sk_lookup";
    case 32:
      return "bpf_nf_ctx";
    default:
      return nullptr;
  }
}

/// The kernel's own struct behind a context.
const char* KernelName(const StringView& context) {
  return context == "__sk_buff" ? "sk_buff"
         : context == "xdp_md"  ? "xdp_buff"
                                : "";
}

/// Whether `id`, up to const and its like, is the typedef of the registers.
bool IsUserRegs(const btf::Btf& btf, btf::TypeId id) {
  for (uint32_t i = 0; i < btf::kMaxTypeDepth; ++i) {
    const Result<btf::Type> type = btf.TypeAt(id);
    if (!type.ok()) {
      return false;
    }
    switch (type->kind) {
      case Kind::kTypedef: {
        const Result<StringView> name = btf.Name(type->name);
        return name.ok() && *name == kUserRegs;
      }
      case Kind::kConst:
      case Kind::kVolatile:
      case Kind::kRestrict:
      case Kind::kTypeTag:
        id = type->size_or_type;
        break;
      default:
        return false;
    }
  }
  return false;
}

bool IsWord(const btf::Type& type) {
  return type.kind == Kind::kInt && type.size_or_type == 8;
}

/// What Linux takes for the context by the type of the program besides its
/// struct.
bool IsAlsoContext(const Verification& v, const btf::Type& type,
                   const StringView& name) {
  switch (static_cast<uint32_t>(v.options.type->id)) {
    case 2:  // kprobe
    case 7:  // perf_event
      return btf::IsComposite(type.kind) && name == "pt_regs";
    case 17:  // raw_tracepoint
    case 24:  // raw_tracepoint_writable
      return IsWord(type);
    case 26:  // tracing
      switch (v.options.attach_type) {
        case kTraceRawTracepoint:
          return IsWord(type) || (btf::IsComposite(type.kind) &&
                                  name == "bpf_raw_tracepoint_args");
        case kTraceIterator:
          return btf::IsComposite(type.kind) && name.StartsWith("bpf_iter__");
        case kTraceFentry:
        case kTraceFexit:
        case kModifyReturn:
          return IsWord(type);
        default:
          return false;
      }
    case 27:  // struct_ops
    case 29:  // lsm
      return IsWord(type);
    case 5:   // tracepoint
    case 28:  // ext
    case 31:  // syscall
      return true;
    default:
      return false;
  }
}

}  // namespace

bool IsContextType(const Verification& v, const btf::Btf& btf,
                   btf::TypeId pointee) {
  const ProgramTypeId program = v.options.type->id;
  if (static_cast<uint32_t>(program) == 2 && IsUserRegs(btf, pointee)) {
    return true;
  }
  const char* context = ContextName(program);
  const Result<btf::Type> type = btf.Resolve(pointee);
  if (context == nullptr || !type.ok() || type->kind != Kind::kStruct) {
    return false;
  }
  const Result<StringView> name = btf.Name(type->name);
  // Where somebody made a struct of the typedef.
  const bool is_typedef =
      static_cast<uint32_t>(program) == 2 && name.ok() && *name == kUserRegs;
  return name.ok() && !name->empty() &&
         (*name == context || *name == KernelName(context) || is_typedef);
}

Status CheckContextType(Verification& v, btf::TypeId pointee,
                        unsigned argument) {
  const btf::Btf& btf = *v.options.btf;
  const uint32_t program = static_cast<uint32_t>(v.options.type->id);
  if ((program == 2 || program == 7) && IsUserRegs(btf, pointee)) {
    return Status::kOk;
  }
  const btf::Type type = EBPF_TRY(btf.Resolve(pointee));
  if (type.kind == Kind::kVoid) {
    return Status::kOk;
  }
  const StringView name = EBPF_TRY(btf.Name(type.name));
  if (name.empty()) {
    return v.Reject(Message::kContextNoName, argument);
  }
  if (IsAlsoContext(v, type, name)) {
    return Status::kOk;
  }
  const char* context = ContextName(v.options.type->id);
  if (context == nullptr) {
    return v.Reject(Message::kContextNotVoid, argument);
  }
  if (!btf::IsComposite(type.kind) || !(name == context)) {
    return v.Reject(Message::kContextNotStruct, argument, context);
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
