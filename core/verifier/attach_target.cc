// SPDX-License-Identifier: MIT
//
// A tracing program names a function, a raw tracepoint by the typedef of its
// callback, a struct_ops one a struct and, as attach_type, its member.
#include "core/verifier/attach_target.h"

namespace ebpf::verifier {
namespace {

using btf::Kind;

constexpr const char* kTracepointPrefix = "btf_trace_";
constexpr const char* kLsmPrefix = "bpf_lsm_";
constexpr const char* kStructOpsPrefix = "bpf_struct_ops_";

/// Hooks that are no place for programs (Linux's bpf_lsm_disabled_hooks).
constexpr const char* kDisabledHooks[] = {
    "vm_enough_memory",   "inode_need_killpriv", "inode_getsecurity",
    "inode_listsecurity", "inode_copy_up_xattr", "getselfattr",
    "getprocattr",        "setprocattr",         "key_getsecurity",
    "audit_rule_match",   "ismaclabel",
};

/// Hooks whose objects are coming or going (Linux's untrusted_lsm_hooks).
constexpr const char* kUntrustedHooks[] = {
    "bpf_map_free",       "bpf_prog_free",     "file_alloc_security",
    "file_free_security", "sk_alloc_security", "sk_free_security",
    "task_free",
};

class Finder {
 public:
  explicit Finder(Verification& v)
      : v_(v),
        btf_(*v.options.attach_target.btf),
        id_(v.options.attach_target.type_id) {}

  Status Find() {
    const Result<btf::Type> type = btf_.TypeAt(id_);
    if (!type.ok() || id_ == 0) {
      return v_.Reject(Message::kTargetInvalid, id_);
    }
    const StringView name = EBPF_TRY(btf_.Name(type->name));
    if (name.empty()) {
      return v_.Reject(Message::kTargetNoName, id_);
    }
    v_.target.btf = &btf_;
    v_.target.name = name.data();
    switch (v_.options.type->id) {
      case ProgramTypeId::kStructOps:
        return FindMember(*type, name);
      case ProgramTypeId::kLsm:
        EBPF_TRY(FindFunction(*type));
        return CheckHook(name);
      default:
        return v_.options.attach_type ==
                       static_cast<uint32_t>(AttachType::kTraceRawTp)
                   ? FindTracepoint(*type, name)
                   : FindTraced(*type, name);
    }
  }

 private:
  Status FindFunction(const btf::Type& type) {
    if (type.kind != Kind::kFunction) {
      return v_.Reject(Message::kTargetNoFunction, id_);
    }
    return SetPrototype(type.size_or_type);
  }

  Status SetPrototype(btf::TypeId id) {
    const btf::Type prototype = EBPF_TRY(btf_.TypeAt(id));
    if (prototype.kind != Kind::kFunctionProto) {
      return Status::kInvalid;
    }
    v_.target.prototype = prototype;
    v_.target.known = true;
    return Status::kOk;
  }

  /// typedef void (*btf_trace_sched_switch)(void *, ...)
  Status FindTracepoint(const btf::Type& type, const StringView& name) {
    if (type.kind != Kind::kTypedef) {
      return v_.Reject(Message::kTargetNoTypedef, id_);
    }
    if (!name.StartsWith(kTracepointPrefix)) {
      return v_.Reject(Message::kTargetWrongName, id_, name.data());
    }
    const btf::Type pointer = EBPF_TRY(btf_.TypeAt(type.size_or_type));
    if (pointer.kind != Kind::kPointer) {
      return Status::kInvalid;
    }
    EBPF_TRY(SetPrototype(pointer.size_or_type));
    v_.target.name = name.data() + StringView(kTracepointPrefix).size();
    v_.target.skipped = 1;
    v_.target.trusted = true;
    return Status::kOk;
  }

  Status FindTraced(const btf::Type& type, const StringView& name) {
    EBPF_TRY(FindFunction(type));
    const auto attach = static_cast<AttachType>(v_.options.attach_type);
    if (attach == AttachType::kTraceIter) {
      v_.target.trusted = true;
      v_.target.iterator = true;
      if (!name.StartsWith("bpf_iter_")) {
        return v_.Reject(Message::kTargetWrongName, id_, name.data());
      }
    }
    return Status::kOk;
  }

  Status CheckHook(const StringView& name) {
    if (!v_.options.gpl_compatible) {
      return v_.Reject(Message::kLsmGpl);
    }
    if (!name.StartsWith(kLsmPrefix)) {
      return v_.Reject(Message::kTargetWrongName, id_, name.data());
    }
    const StringView hook = name.Substring(StringView(kLsmPrefix).size());
    if (IsOneOf(hook, kDisabledHooks)) {
      return v_.Reject(Message::kTargetDisabled, id_, name.data());
    }
    v_.target.trusted = !IsOneOf(hook, kUntrustedHooks);
    return Status::kOk;
  }

  Status FindMember(const btf::Type& type, const StringView& name) {
    if (!v_.options.gpl_compatible) {
      return v_.Reject(Message::kStructOpsGpl);
    }
    if (type.kind != Kind::kStruct || !IsStructOps(name)) {
      return v_.Reject(Message::kNoStructOps, id_);
    }
    const uint32_t index = v_.options.attach_type;
    if (index >= type.member_count) {
      return v_.Reject(Message::kNoStructOpsMember, index, name.data());
    }
    const btf::Member member = btf::Btf::MemberAt(type, index);
    const StringView member_name = EBPF_TRY(btf_.Name(member.name));
    const btf::Type pointer = EBPF_TRY(btf_.Resolve(member.type));
    if (pointer.kind != Kind::kPointer ||
        !IsOk(SetPrototype(pointer.size_or_type))) {
      return v_.Reject(Message::kStructOpsMember, member_name.data(), index,
                       name.data());
    }
    if (!IsSupported(name, member_name)) {
      return v_.Reject(Message::kStructOpsUnsupported, member_name.data(),
                       name.data());
    }
    v_.target.name = member_name.data();
    v_.target.trusted = true;
    return Status::kOk;
  }

  /// Members for which Linux takes no program.
  bool IsSupported(const StringView& name, const StringView& member) const {
    if (name == "bpf_dummy_ops" && v_.options.sleepable) {
      return member == "test_sleepable";
    }
    return !(name == "tcp_congestion_ops" && member == "get_info");
  }

  /// Linux keeps a value of such a type for each kind of struct_ops.
  bool IsStructOps(const StringView& name) const {
    char text[btf::kMaxNameSize + 1];
    TextWriter writer(text, sizeof(text));
    writer.Put(kStructOpsPrefix).Put(name);
    return !writer.truncated() && btf_.Find(Kind::kStruct, writer.text()).ok();
  }

  Verification& v_;
  const btf::Btf& btf_;
  const btf::TypeId id_;
};

bool HasTarget(ProgramTypeId type) {
  return type == ProgramTypeId::kTracing || type == ProgramTypeId::kLsm ||
         type == ProgramTypeId::kStructOps;
}

}  // namespace

Status FindTarget(Verification& v) {
  const ProgramTypeId type = v.options.type->id;
  if (type == ProgramTypeId::kSyscall) {
    return v.options.sleepable ? Status::kOk
                               : v.Reject(Message::kSyscallSleeps);
  }
  if (v.options.sleepable && !MaySleep(type, v.options.attach_type)) {
    return v.Reject(Message::kNotSleepable);
  }
  if (!HasTarget(type)) {
    return Status::kOk;
  }
  // Of what calls programs with arguments only these are here.
  const auto attach = static_cast<AttachType>(v.options.attach_type);
  const bool is_here =
      type == ProgramTypeId::kTracing &&
      (attach == AttachType::kTraceIter || attach == AttachType::kTraceRawTp);
  if (v.options.profile == Profile::kPort && !is_here) {
    return v.Reject(Message::kNotForProfile, "arguments of its functions");
  }
  if (v.options.attach_target.btf == nullptr ||
      v.options.attach_target.type_id == 0) {
    return v.Reject(Message::kTargetMissing);
  }
  return Finder(v).Find();
}

}  // namespace ebpf::verifier
