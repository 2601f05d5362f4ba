// SPDX-License-Identifier: MIT
//
// A pointer's meaning comes from the struct that it points to, from a suffix of
// its parameter's name ("__sz", "__nullable"), and, where neither decides, from
// the register that is passed: Linux's order.
#include "core/verifier/kfunc_args.h"

#include "core/btf/struct_access.h"
#include "core/verifier/context_type.h"
#include "core/verifier/dynptr.h"
#include "core/verifier/fields.h"
#include "core/verifier/helper_args.h"
#include "core/verifier/memory_access.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

using btf::Kind;

/// BPF_MAX_VAR_SIZ: sizes stay below it.
constexpr uint64_t kMaxSize = 1u << 29;
constexpr uint32_t kMaxNested = 4;
/// What is released is trusted, too.
constexpr uint32_t kTrusts = kKfuncTrustedArgs | kKfuncRelease;

enum class PointerArg : uint8_t {
  kNull,
  kContext,
  kMap,
  kDynptr,
  kIterator,
  kTyped,
  kCallback,
  kConstString,
  kMemory,
  kSizedMemory,
  kObject,   // of the program's own, held
  kCounted,  // the same with a reference count
  kGraph,    // lists, trees, work queues
};

/// Whether `type` is a struct or union of numbers only, nested at most so deep.
bool IsScalarStruct(const btf::Btf& btf, btf::TypeId type) {
  struct Level {
    btf::Type type;
    uint32_t next;
  };
  Level levels[kMaxNested];
  uint32_t depth = 0;
  const Result<btf::Type> top = btf.Resolve(type);
  if (!top.ok() || !btf::IsComposite(top->kind)) {
    return false;
  }
  levels[depth++] = Level{*top, 0};
  while (depth > 0) {
    Level& level = levels[depth - 1];
    if (level.next == level.type.member_count) {
      --depth;
      continue;
    }
    const btf::Member member = btf::Btf::MemberAt(level.type, level.next++);
    Result<btf::Type> inner = btf.Resolve(member.type);
    btf::TypeId id = member.type;
    if (inner.ok() && inner->kind == Kind::kArray) {
      id = btf::Btf::ArrayOf(*inner).element;
      inner = btf.Resolve(id);
    }
    if (inner.ok() && btf::IsComposite(inner->kind) && depth < kMaxNested) {
      levels[depth++] = Level{*inner, 0};
    } else if (!inner.ok() || !btf.IsScalar(id)) {
      return false;
    }
  }
  return true;
}

class Checker {
 public:
  Checker(Verification& v, const KernelFunction& function, KernelCall& call)
      : v_(v), btf_(*v.options.kernel_btf), function_(function), call_(call) {}

  Status Check() {
    const uint32_t count = function_.prototype.member_count;
    if (count > kMaxArguments) {
      return v_.Reject(Message::kKernelArguments, function_.name, count,
                       kMaxArguments);
    }
    for (unsigned i = 0; i < count; ++i) {
      bool with_size = false;
      EBPF_TRY(CheckOne(i, with_size));
      i += with_size ? 1 : 0;
    }
    if (function_.Has(kKfuncRelease) && call_.released == 0) {
      return v_.Reject(Message::kReleaseNothing, function_.name);
    }
    return Status::kOk;
  }

 private:
  btf::Parameter ParameterAt(unsigned index) const {
    return btf::Btf::ParamAt(function_.prototype, index);
  }
  StringView NameAt(unsigned index) const {
    return btf_.Name(ParameterAt(index).name).ValueOr(StringView());
  }
  bool Ends(unsigned index, const char* suffix) const {
    return NameAt(index).EndsWith(suffix);
  }
  RegState& Reg(unsigned index) { return v_.state->reg(index + 1); }

  bool IsSize(unsigned index, const char* suffix) {
    return index < function_.prototype.member_count &&
           btf_.IsScalar(ParameterAt(index).type) && Reg(index).IsScalar() &&
           Ends(index, suffix);
  }

  Status CheckOne(unsigned index, bool& with_size) {
    if (Ends(index, "__ign")) {
      return Status::kOk;
    }
    EBPF_TRY(CheckReadable(v_, index + 1));
    const btf::Type type = EBPF_TRY(btf_.Resolve(ParameterAt(index).type));
    if (btf_.IsScalar(ParameterAt(index).type)) {
      return CheckNumber(index);
    }
    if (type.kind != Kind::kPointer) {
      return v_.Reject(Message::kKernelArgumentKind, index,
                       btf::KindName(type.kind));
    }
    return CheckPointer(index, type, with_size);
  }

  Status CheckNumber(unsigned index) {
    const RegState& reg = Reg(index);
    if (!reg.IsScalar()) {
      return v_.Reject(Message::kNotAScalar, index + 1);
    }
    if (Ends(index, "__k")) {
      return SetConstant(index);
    }
    const StringView name = NameAt(index);
    const bool read_only = name == "rdonly_buf_size";
    if (!read_only && !(name == "rdwr_buf_size")) {
      return Status::kOk;
    }
    if (!reg.IsConstant()) {
      return v_.Reject(Message::kBufferSizeNotConstant, index + 1);
    }
    call_.has_result_size = true;
    call_.result_size = reg.value.bits.value;
    call_.result_read_only = read_only;
    return Status::kOk;
  }

  Status SetConstant(unsigned index) {
    const RegState& reg = Reg(index);
    if (!reg.IsConstant()) {
      return v_.Reject(Message::kNotAConstant, index + 1);
    }
    call_.has_constant = true;
    call_.constant = reg.value.bits.value;
    return Status::kOk;
  }

  Status CheckPointer(unsigned index, const btf::Type& type, bool& with_size) {
    const RegState& reg = Reg(index);
    const bool trusts =
        function_.Has(kKfuncTrustedArgs | kKfuncRcu | kKfuncRelease);
    if (trusts && (reg.IsNull() || reg.maybe_null) &&
        !Ends(index, "__nullable")) {
      return v_.Reject(Message::kPossiblyNull, index);
    }
    EBPF_TRY(NoteReference(index));
    const btf::TypeId pointee = EBPF_TRY(btf_.SkipModifiers(type.size_or_type));
    PointerArg kind{};
    EBPF_TRY(Classify(index, pointee, kind));
    if (kind == PointerArg::kNull) {
      return Status::kOk;
    }
    if (kind == PointerArg::kMap || kind == PointerArg::kTyped ||
        kind == PointerArg::kObject) {
      EBPF_TRY(CheckTrust(index));
    }
    EBPF_TRY(CheckOffset(index, kind));
    return CheckKind(index, kind, pointee, with_size);
  }

  Status NoteReference(unsigned index) {
    const uint32_t reference = Reg(index).reference;
    if (reference == 0) {
      return Status::kOk;
    }
    if (function_.Has(kKfuncRelease)) {
      if (call_.released != 0) {
        return v_.Reject(Message::kSeveralReleased, index + 1);
      }
      call_.released = index + 1;
    }
    call_.reference = reference;
    return Status::kOk;
  }

  Status CheckTrust(unsigned index) {
    const RegState& reg = Reg(index);
    if (!function_.Has(kTrusts | kKfuncRcu) || IsTrusted(reg) ||
        reg.type == RegType::kMapPointer) {
      return Status::kOk;
    }
    if (!function_.Has(kKfuncRcu)) {
      return v_.Reject(Message::kMustBeTrusted, index + 1);
    }
    return reg.Has(kRegRcu) ? Status::kOk
                            : v_.Reject(Message::kMustBeRcu, index + 1);
  }

  /// What may have been added to the pointer.
  Status CheckOffset(unsigned index, PointerArg kind) {
    const RegState& reg = Reg(index);
    if (call_.released == index + 1) {
      return reg.offset != 0 ? v_.Reject(Message::kReleaseOffset, index + 1)
                             : CheckUnmodified(v_, index + 1);
    }
    if (kind == PointerArg::kContext || reg.type == RegType::kMapPointer) {
      return CheckUnmodified(v_, index + 1);
    }
    if (kind == PointerArg::kTyped && reg.offset < 0) {
      return v_.Reject(Message::kNegativePointer, TypeName(reg), index + 1,
                       int{reg.offset});
    }
    if ((kind == PointerArg::kTyped || kind == PointerArg::kMap) &&
        (!reg.value.IsConstant() || reg.value.bits.value != 0)) {
      return v_.Reject(Message::kVariablePointer, TypeName(reg),
                       reg.value.bits);
    }
    return Status::kOk;
  }

  Status Classify(unsigned index, btf::TypeId pointee, PointerArg& kind) {
    const btf::Type type = EBPF_TRY(btf_.TypeAt(pointee));
    const StringView name = btf_.Name(type.name).ValueOr(StringView());
    const bool is_struct = btf::IsComposite(type.kind);
    if (function_.Is(KfuncId::kCastToKernCtx) ||
        IsContextType(v_, btf_, pointee)) {
      kind = PointerArg::kContext;
    } else if (is_struct &&
               (name == "bpf_dynptr" || name == "bpf_dynptr_kern")) {
      kind = PointerArg::kDynptr;
    } else if (IsIterator(index)) {
      kind = PointerArg::kIterator;
    } else if (Ends(index, "__alloc")) {
      kind = PointerArg::kObject;
    } else if (Ends(index, "__refcounted_kptr")) {
      kind = PointerArg::kCounted;
    } else if (name == "bpf_list_head" || name == "bpf_list_node" ||
               name == "bpf_rb_root" || name == "bpf_rb_node" ||
               name == "bpf_wq") {
      kind = PointerArg::kGraph;
    } else if (Ends(index, "__str")) {
      kind = PointerArg::kConstString;
    } else if (Ends(index, "__map")) {
      kind = PointerArg::kMap;
    } else if (IsObject(Reg(index))) {
      kind = PointerArg::kTyped;
      return is_struct
                 ? Status::kOk
                 : v_.Reject(Message::kPointerNotSupported, function_.name,
                             index, btf::KindName(type.kind),
                             name.empty() ? "" : name.data());
    } else if (type.kind == Kind::kFunctionProto) {
      kind = PointerArg::kCallback;
    } else if (Ends(index, "__nullable") && Reg(index).IsNull()) {
      kind = PointerArg::kNull;
    } else {
      return ClassifyMemory(index, pointee, type, kind);
    }
    return Status::kOk;
  }

  Status ClassifyMemory(unsigned index, btf::TypeId pointee,
                        const btf::Type& type, PointerArg& kind) {
    const bool sized = IsSize(index + 1, "__sz") || IsSize(index + 1, "__szk");
    const bool is_void = type.kind == Kind::kVoid;
    if (!(!is_void && btf_.IsScalar(pointee)) &&
        !IsScalarStruct(btf_, pointee) && !(sized && is_void)) {
      const StringView name = btf_.Name(type.name).ValueOr(StringView());
      return v_.Reject(Message::kMustPointToScalar, index,
                       btf::KindName(type.kind),
                       name.empty() ? "" : name.data(), sized ? "void, " : "");
    }
    kind = sized ? PointerArg::kSizedMemory : PointerArg::kMemory;
    return Status::kOk;
  }

  bool IsIterator(unsigned index) const {
    constexpr uint32_t kIterators =
        kKfuncIterNew | kKfuncIterNext | kKfuncIterDestroy;
    return (function_.Has(kIterators) && index == 0) || Ends(index, "__iter");
  }

  static bool IsObject(const RegState& reg) {
    return reg.type == RegType::kTyped || reg.type == RegType::kSocket ||
           reg.type == RegType::kSockCommon || reg.type == RegType::kTcpSock;
  }

  Status CheckKind(unsigned index, PointerArg kind, btf::TypeId pointee,
                   bool& with_size) {
    const RegState& reg = Reg(index);
    switch (kind) {
      case PointerArg::kContext:
        return reg.type == RegType::kContext && !reg.maybe_null
                   ? Status::kOk
                   : v_.Reject(Message::kExpectedContext, index, TypeName(reg));
      case PointerArg::kTyped:
        return CheckTyped(index, pointee);
      case PointerArg::kIterator:
        return CheckIteratorArgument(index, pointee);
      case PointerArg::kMemory:
        return CheckFixedMemory(index, pointee);
      case PointerArg::kSizedMemory:
        with_size = true;
        return CheckSizedMemory(index);
      case PointerArg::kCallback:
        if (reg.type != RegType::kFunction) {
          return v_.Reject(Message::kExpectedFunction, index);
        }
        call_.callback = reg.memory_size;
        return Status::kOk;
      case PointerArg::kMap:
        return CheckMap(index);
      case PointerArg::kDynptr:
        return CheckDynptr(index);
      case PointerArg::kNull:
        return Status::kOk;
      case PointerArg::kObject:
        return CheckObject(index);
      case PointerArg::kCounted:
        return CheckCounted(index);
      case PointerArg::kConstString:
      case PointerArg::kGraph:
        break;
    }
    return v_.Reject(Message::kKernelCallNotSupported, function_.name);
  }

  /// A map of the program, or one of the kernel's objects that are maps.
  Status CheckMap(unsigned index) {
    if (Reg(index).type == RegType::kMapPointer) {
      return Status::kOk;
    }
    return IsObject(Reg(index))
               ? CheckTyped(index,
                            EBPF_TRY(btf_.Find(Kind::kStruct, "bpf_map")))
               : v_.Reject(Message::kNoMapPointer, index + 1);
  }

  Status CheckDynptr(unsigned index) {
    const RegState& reg = Reg(index);
    if (reg.maybe_null ||
        (reg.type != RegType::kStack && reg.type != RegType::kDynptr)) {
      return v_.Reject(Message::kDynptrPointer, index);
    }
    if (!Ends(index, "__uninit")) {
      call_.has_dynptr = true;
      return FindDynptr(v_, index + 1, 0, false, call_.dynptr);
    }
    switch (function_.info->id) {
      case KfuncId::kDynptrFromSkb:
        return MakeDynptr(v_, index + 1, NewDynptr{kRegDynptrPacket, 0});
      case KfuncId::kDynptrFromXdp:
        return MakeDynptr(v_, index + 1, NewDynptr{kRegDynptrXdp, 0});
      case KfuncId::kDynptrClone: {
        const uint16_t type =
            static_cast<uint16_t>(call_.dynptr.flags & kDynptrTypes);
        return MakeDynptr(v_, index + 1,
                          NewDynptr{type, call_.dynptr.reference});
      }
      default:
        return v_.Reject(Message::kKernelCallNotSupported, function_.name);
    }
  }

  /// Objects that programs make, of one CPU's or of all, are told apart.
  Status CheckObject(unsigned index) {
    const RegState& reg = Reg(index);
    if (reg.type != RegType::kTyped || reg.maybe_null ||
        reg.flags != kRegAllocated) {
      return v_.Reject(Message::kExpectedAllocated, index);
    }
    if (reg.reference == 0) {
      return v_.Reject(Message::kObjectNotHeld);
    }
    NoteObject(reg);
    return Status::kOk;
  }

  Status CheckCounted(unsigned index) {
    const RegState& reg = Reg(index);
    if (reg.type != RegType::kTyped || reg.maybe_null ||
        !reg.Has(kRegAllocated) || reg.Has(kRegUntrusted)) {
      return v_.Reject(Message::kObjectNotCountable, index);
    }
    EBPF_TRY(CheckUnmodified(v_, index + 1));
    MapField storage[kMaxFields];
    if (!HasField(FieldsOf(v_, reg, storage), Bit(MapFieldKind::kRefCount))) {
      return v_.Reject(Message::kObjectNoCount, index);
    }
    NoteObject(reg);
    return Status::kOk;
  }

  void NoteObject(const RegState& reg) {
    call_.object_btf = reg.btf;
    call_.object_type = reg.memory_size;
    call_.holds_object = reg.reference != 0;
  }

  /// The type that `reg`, an object, is of.
  Result<btf::TypeId> ObjectType(const RegState& reg) const {
    switch (reg.type) {
      case RegType::kSocket:
        return btf_.Find(Kind::kStruct, "sock");
      case RegType::kSockCommon:
        return btf_.Find(Kind::kStruct, "sock_common");
      case RegType::kTcpSock:
        return btf_.Find(Kind::kStruct, "tcp_sock");
      default:
        return reg.memory_size;
    }
  }

  /// What programs see of an object stands for the object.
  static bool IsProjection(const StringView& seen, const StringView& object) {
    return (seen == "__sk_buff" && object == "sk_buff") ||
           (seen == "xdp_md" && object == "xdp_buff");
  }

  Status CheckTyped(unsigned index, btf::TypeId wanted) {
    const RegState& reg = Reg(index);
    constexpr uint16_t kUnsafe =
        kRegUntrusted | kRegUser | kRegPerCpu | kRegAllocated;
    if (reg.maybe_null || reg.Has(kUnsafe)) {
      return v_.Reject(Message::kExpectedObject, index, TypeName(reg));
    }
    const btf::Btf& of = reg.type == RegType::kTyped ? *reg.btf : btf_;
    const btf::TypeId type = EBPF_TRY(ObjectType(reg));
    const bool strict = function_.Has(kKfuncAcquire) ||
                        (function_.Has(kKfuncRelease) && reg.reference != 0);
    if (reg.offset >= 0 &&
        btf::HasStructAt(of, type, static_cast<uint32_t>(reg.offset), btf_,
                         wanted, strict)) {
      return Status::kOk;
    }
    const btf::Type wanted_type = EBPF_TRY(btf_.TypeAt(wanted));
    const btf::Type found = EBPF_TRY(of.TypeAt(type));
    // Linux takes it at any offset.
    if (reg.offset == 0 && IsProjection(EBPF_TRY(btf_.Name(wanted_type.name)),
                                        EBPF_TRY(of.Name(found.name)))) {
      return Status::kOk;
    }
    return v_.Reject(Message::kOtherObject, function_.name, index,
                     btf::KindName(wanted_type.kind),
                     EBPF_TRY(btf_.Name(wanted_type.name)).data(), index + 1,
                     btf::KindName(found.kind),
                     EBPF_TRY(of.Name(found.name)).data());
  }

  Status CheckIteratorArgument(unsigned index, btf::TypeId type) {
    const btf::Type found = EBPF_TRY(btf_.TypeAt(type));
    const StringView name = btf_.Name(found.name).ValueOr(StringView());
    if (found.kind != Kind::kStruct || !name.StartsWith("bpf_iter_")) {
      return v_.Reject(Message::kExpectedIterator, index);
    }
    if (function_.Has(kKfuncIterNew)) {
      return BeginIterator(v_, index + 1, *function_.info, type);
    }
    EBPF_TRY(
        CheckIterator(v_, index + 1, function_.name, type, call_.iterator));
    call_.has_iterator = true;
    const IteratorPlace& place = call_.iterator;
    call_.reference =
        v_.state->frames[place.frame].slots[place.slot].spilled.reference;
    return Status::kOk;
  }

  /// Reads and writes, whatever the function does with it.
  Status CheckBytes(unsigned index, uint32_t size) {
    RegState& reg = Reg(index);
    const bool maybe_null = reg.maybe_null;
    reg.maybe_null = false;
    Status status = CheckMemory(v_, index + 1, size, true, HelperUse::kReads);
    if (IsOk(status)) {
      status = CheckMemory(v_, index + 1, size, true, HelperUse::kWrites);
    }
    reg.maybe_null = maybe_null;
    return status;
  }

  Status CheckFixedMemory(unsigned index, btf::TypeId pointee) {
    if (Reg(index).IsNull()) {
      return Status::kOk;
    }
    const Result<uint32_t> size = btf_.SizeOf(pointee);
    if (!size.ok()) {
      const btf::Type type = EBPF_TRY(btf_.TypeAt(pointee));
      return v_.Reject(Message::kArgumentSize, index, btf::KindName(type.kind),
                       EBPF_TRY(btf_.Name(type.name)).data(),
                       -static_cast<int>(Status::kInvalid));
    }
    return CheckBytes(index, *size);
  }

  Status CheckSizedMemory(unsigned index) {
    if (!Reg(index).IsNull() || !Ends(index, "__opt")) {
      const Status status = CheckPair(index);
      if (!IsOk(status)) {
        // The errno is that of the access.
        static_cast<void>(v_.Reject(Message::kMemoryPair, index, index + 1));
        return status;
      }
    }
    return Ends(index + 1, "__szk") ? SetConstant(index + 1) : Status::kOk;
  }

  Status CheckPair(unsigned index) {
    const Range<uint64_t>& range = Reg(index + 1).value.wide;
    if (static_cast<int64_t>(range.smin) < 0) {
      return v_.Reject(Message::kNegativeSize, index + 2);
    }
    if (range.umax >= kMaxSize) {
      return v_.Reject(Message::kUnboundedSize, index + 2);
    }
    return CheckBytes(index, static_cast<uint32_t>(range.umax));
  }

  Verification& v_;
  const btf::Btf& btf_;
  const KernelFunction& function_;
  KernelCall& call_;
};

}  // namespace

Status CheckKernelArguments(Verification& v, const KernelFunction& function,
                            KernelCall& call) {
  call = KernelCall{};
  return Checker(v, function, call).Check();
}

}  // namespace ebpf::verifier
