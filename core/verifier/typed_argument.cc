// SPDX-License-Identifier: MIT
//
// LoadArgument of attach_target.h: one 8-byte word of the context for each
// argument of the function that the program is attached to, and behind them its
// result, where there is one already.
#include "core/btf/struct_access.h"
#include "core/verifier/attach_target.h"
#include "core/verifier/object_write.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

using btf::Kind;

/// Arguments of raw tracepoints that may be null: bit n for argument n.
struct NullArguments {
  const char* tracepoint;
  uint32_t arguments;
};
constexpr NullArguments kNullArguments[] = {
    {"sched_pi_setprio", 1 << 1}, {"sched_stick_numa", 1 << 2},
    {"sched_swap_numa", 1 << 2},  {"tcp_send_reset", 1 << 0 | 1 << 1},
    {"kfree_skb", 1 << 3},        {"block_rq_remap", 1 << 0},
};

class Loader {
 public:
  Loader(Verification& v, uint32_t size)
      : v_(v), target_(v.target), btf_(*v.target.btf), size_(size) {}

  Status Load(uint32_t offset, RegState& loaded) {
    if (offset % 8 != 0) {
      return v_.Reject(Message::kArgumentOffset, target_.name, offset);
    }
    const uint32_t number = offset / 8;
    const uint32_t count =
        target_.prototype.member_count >= target_.skipped
            ? target_.prototype.member_count - target_.skipped
            : 0;
    if (number > count) {
      return NoArgument(number);
    }
    btf::TypeId type = target_.prototype.size_or_type;
    btf::NameOffset name = 0;
    if (number == count) {
      EBPF_TRY(CheckResult(number));
    } else {
      const btf::Parameter parameter =
          btf::Btf::ParamAt(target_.prototype, number + target_.skipped);
      type = parameter.type;
      name = parameter.name;
    }
    return Convert(number, type, name, loaded);
  }

 private:
  Status NoArgument(uint32_t number) {
    return v_.Reject(Message::kNoArgument, target_.name, number + 1);
  }

  Status CheckResult(uint32_t number) {
    switch (static_cast<AttachType>(v_.options.attach_type)) {
      case AttachType::kLsmMac:
      case AttachType::kLsmCgroup:
      case AttachType::kTraceFexit:
        return Status::kOk;
      case AttachType::kModifyReturn:
        return btf_.IsScalar(target_.prototype.size_or_type)
                   ? Status::kOk
                   : NoArgument(number);
      default:
        return NoArgument(number);
    }
  }

  Status Convert(uint32_t number, btf::TypeId id, btf::NameOffset name,
                 RegState& loaded) {
    const btf::Type type = EBPF_TRY(btf_.Resolve(id));
    loaded = RegState::UnknownScalar();
    if (btf_.IsScalar(id) || type.kind == Kind::kStruct) {
      return Status::kOk;
    }
    if (type.kind != Kind::kPointer) {
      const StringView of = EBPF_TRY(btf_.Name(type.name));
      return v_.Reject(Message::kArgumentNoPointer, target_.name, number,
                       of.empty() ? "" : of.data(), btf::KindName(type.kind));
    }
    if (size_ != 8) {
      return v_.Reject(Message::kArgumentWord, target_.name, size_);
    }
    const btf::TypeId pointee = EBPF_TRY(btf_.SkipModifiers(type.size_or_type));
    const btf::Type pointed = EBPF_TRY(btf_.TypeAt(pointee));
    if (pointed.kind == Kind::kVoid && target_.iterator) {
      loaded = ElementBytes(name);
      return Status::kOk;
    }
    if (pointed.kind == Kind::kVoid || pointed.kind == Kind::kInt) {
      return Status::kOk;  // nothing that the program could follow
    }
    if (pointed.kind != Kind::kStruct && pointed.kind != Kind::kUnion) {
      return v_.Reject(Message::kArgumentNoStruct, target_.name, number,
                       btf::KindName(pointed.kind));
    }
    const btf::PointerTags tags = btf::TagsOf(btf_, type);
    const uint16_t flags = static_cast<uint16_t>(
        (target_.trusted ? kRegTrusted : 0) | (tags.user ? kRegUser : 0) |
        (tags.per_cpu ? kRegPerCpu : 0));
    loaded = TypedPointer(&btf_, ArgumentPointee(v_, pointee), flags);
    loaded.maybe_null = MayBeNull(number, name);
    loaded.id = loaded.maybe_null ? v_.NewId() : 0;
    return Status::kOk;
  }

  /// What an iterator shows of a map's element: its key, read-only, and its
  /// value. None at the end. Their sizes are the map's, which is known when the
  /// program is attached.
  RegState ElementBytes(btf::NameOffset name) {
    RegState reg = RegState::Pointer(RegType::kBuffer);
    reg.maybe_null = true;
    reg.id = v_.NewId();
    if (btf_.Name(name).ValueOr(StringView()) == StringView("key")) {
      reg.flags = kRegReadOnly;
    }
    return reg;
  }

  bool MayBeNull(uint32_t number, btf::NameOffset name) const {
    if (target_.iterator) {
      // At its end, all but the first, and the map whose elements it shows.
      return number != 0 && !(btf_.Name(name).ValueOr(StringView()) == "map" &&
                              target_.prototype.member_count > 2);
    }
    const StringView text = btf_.Name(name).ValueOr(StringView());
    if (text.EndsWith("__nullable")) {
      return true;
    }
    for (const NullArguments& row : kNullArguments) {
      if (target_.skipped != 0 && StringView(target_.name) == row.tracepoint) {
        return (row.arguments >> number & 1) != 0;
      }
    }
    return false;
  }

  Verification& v_;
  const Target& target_;
  const btf::Btf& btf_;
  const uint32_t size_;
};

}  // namespace

Status LoadArgument(Verification& v, int32_t offset, uint32_t size,
                    RegState& loaded) {
  if (!v.target.known || offset < 0) {
    return v.Reject(Message::kBadContextAccess, offset, size);
  }
  const Status status =
      Loader(v, size).Load(static_cast<uint32_t>(offset), loaded);
  if (IsOk(status)) {
    return Status::kOk;
  }
  return v.Reject(Message::kBadContextAccess, offset, size);
}

}  // namespace ebpf::verifier
