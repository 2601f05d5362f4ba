// SPDX-License-Identifier: MIT
//
// core/btf/btf.h's implementation.
#include "core/btf/btf.h"

#include "core/base/checked.h"
#include "core/base/memory.h"
#include "core/btf/layout.h"

namespace ebpf::btf {
namespace {

struct Blob {
  ConstBytes types;
  ConstBytes strings;
};

Result<Blob> OpenBlob(ConstBytes bytes) {
  constexpr size_t kLeast = 8;  // up to and with the header's own length
  if (bytes.size() < kLeast) {
    return Status::kInvalid;
  }
  // A shorter header has zeros for the rest.
  Header header{};
  CopyBytes(&header, bytes.data(), kLeast);
  if (header.magic != kMagic || header.version != kVersion ||
      header.header_size > bytes.size()) {
    return Status::kInvalid;
  }
  CopyBytes(&header, bytes.data(),
            Min<size_t>(header.header_size, sizeof(Header)));
  // What a newer header has behind ours must be empty for us to understand it.
  if (header.header_size > sizeof(Header) &&
      !AllZero(
          bytes.Subspan(sizeof(Header), header.header_size - sizeof(Header)))) {
    return Status::kInvalid;
  }
  const ConstBytes body = bytes.Subspan(header.header_size);
  if (!body.Contains(header.type_offset, header.type_size) ||
      !body.Contains(header.string_offset, header.string_size)) {
    return Status::kInvalid;
  }
  Blob blob;
  blob.types = body.Subspan(header.type_offset, header.type_size);
  blob.strings = body.Subspan(header.string_offset, header.string_size);
  // Every name ends.
  if (!blob.strings.empty() && blob.strings[blob.strings.size() - 1] != 0) {
    return Status::kInvalid;
  }
  return blob;
}

/// Walks the types from the first on; `index` may be empty. Their number, void
/// included.
Result<uint32_t> WalkTypes(ConstBytes types, Span<uint32_t> index) {
  uint32_t count = 1;
  size_t at = 0;
  while (at < types.size()) {
    if (!types.Contains(at, sizeof(TypeHeader))) {
      return Status::kInvalid;
    }
    const auto header = LoadUnaligned<TypeHeader>(types.data() + at);
    const uint32_t tail = EBPF_TRY(TailSize(header));
    if (!types.Contains(at + sizeof(TypeHeader), tail)) {
      return Status::kInvalid;
    }
    if (!index.empty()) {
      if (count >= index.size()) {
        return Status::kInvalid;
      }
      index[count] = static_cast<uint32_t>(at);
    }
    ++count;
    at += sizeof(TypeHeader) + tail;
  }
  return count;
}

bool RefersToType(Kind kind) {
  switch (kind) {
    case Kind::kPointer:
    case Kind::kTypedef:
    case Kind::kVolatile:
    case Kind::kConst:
    case Kind::kRestrict:
    case Kind::kFunction:
    case Kind::kFunctionProto:
    case Kind::kVariable:
    case Kind::kDeclTag:
    case Kind::kTypeTag:
      return true;
    default:
      return false;
  }
}

}  // namespace

const char* KindName(Kind kind) {
  constexpr const char* kNames[] = {
      "UNKNOWN", "INT",      "PTR",      "ARRAY",      "STRUCT",
      "UNION",   "ENUM",     "FWD",      "TYPEDEF",    "VOLATILE",
      "CONST",   "RESTRICT", "FUNC",     "FUNC_PROTO", "VAR",
      "DATASEC", "FLOAT",    "DECL_TAG", "TYPE_TAG",   "ENUM64"};
  const auto number = static_cast<size_t>(kind);
  return number < sizeof(kNames) / sizeof(kNames[0]) ? kNames[number]
                                                     : kNames[0];
}

Result<uint32_t> TailSize(const TypeHeader& header) {
  const uint32_t count = header.info & 0xffff;
  switch (KindOf(header)) {
    case Kind::kInt:
    case Kind::kVariable:
    case Kind::kDeclTag:
      return uint32_t{4};
    case Kind::kArray:
      return uint32_t{12};
    case Kind::kStruct:
    case Kind::kUnion:
    case Kind::kDataSection:
    case Kind::kEnum64:
      return 12 * count;
    case Kind::kEnum:
    case Kind::kFunctionProto:
      return 8 * count;
    case Kind::kPointer:
    case Kind::kForward:
    case Kind::kTypedef:
    case Kind::kVolatile:
    case Kind::kConst:
    case Kind::kRestrict:
    case Kind::kFunction:
    case Kind::kFloat:
    case Kind::kTypeTag:
      return uint32_t{0};
    default:
      return Status::kInvalid;
  }
}

Result<uint32_t> Btf::CountTypes(ConstBytes bytes) {
  const Blob blob = EBPF_TRY(OpenBlob(bytes));
  return WalkTypes(blob.types, Span<uint32_t>());
}

Result<Btf> Btf::Open(ConstBytes bytes, Span<uint32_t> index, const Btf* base) {
  const Blob blob = EBPF_TRY(OpenBlob(bytes));
  // The empty name is at 0; a base has it already.
  if (index.empty() ||
      (base == nullptr && (blob.strings.empty() || blob.strings[0] != 0))) {
    return Status::kInvalid;
  }
  const uint32_t count = EBPF_TRY(WalkTypes(blob.types, index));
  if (count != index.size()) {
    return Status::kInvalid;
  }
  Btf btf;
  btf.types_ = blob.types;
  btf.strings_ = blob.strings;
  btf.index_ = index;
  if (base != nullptr) {
    btf.base_ = base;
    btf.first_id_ = base->type_count();
    const uint64_t first_name =
        uint64_t{base->first_name_} + base->strings_.size();
    if (base->base_ != nullptr ||
        first_name + blob.strings.size() > UINT32_MAX ||
        uint64_t{btf.first_id_} + count > UINT32_MAX) {
      return Status::kInvalid;
    }
    btf.first_name_ = static_cast<NameOffset>(first_name);
  }
  EBPF_TRY(btf.CheckReferences());
  return btf;
}

Status Btf::CheckReferences() const {
  for (TypeId id = first_id_; id < type_count(); ++id) {
    const Type type = EBPF_TRY(TypeAt(id));
    if (!HasName(type.name) ||
        (RefersToType(type.kind) && type.size_or_type >= type_count())) {
      return Status::kInvalid;
    }
    if (type.kind == Kind::kArray) {
      const Array array = ArrayOf(type);
      if (array.element >= type_count() || array.index >= type_count()) {
        return Status::kInvalid;
      }
    }
    EBPF_TRY(CheckMembers(type));
  }
  return Status::kOk;
}

Status Btf::CheckMembers(const Type& type) const {
  for (uint32_t i = 0; i < type.member_count; ++i) {
    TypeId referred = 0;
    NameOffset name = 0;
    switch (type.kind) {
      case Kind::kStruct:
      case Kind::kUnion: {
        const Member member = MemberAt(type, i);
        referred = member.type;
        name = member.name;
        break;
      }
      case Kind::kDataSection:
        referred = VariableAt(type, i).type;
        break;
      case Kind::kFunctionProto:
        name = ParamAt(type, i).name;
        referred = ParamAt(type, i).type;
        break;
      case Kind::kEnum:
      case Kind::kEnum64:
        name = EnumValueAt(type, i).name;
        break;
      default:
        return Status::kOk;
    }
    if (referred >= type_count() || !HasName(name)) {
      return Status::kInvalid;
    }
  }
  return Status::kOk;
}

Result<StringView> Btf::Name(NameOffset name) const {
  if (name < first_name_) {
    return base_->Name(name);
  }
  name -= first_name_;
  if (name >= strings_.size()) {
    return Status::kInvalid;
  }
  const size_t room = Min<size_t>(strings_.size() - name, kMaxNameSize + 1);
  const StringView text = StringView::FromField(
      reinterpret_cast<const char*>(strings_.data()) + name, room);
  // The table's last byte is zero, so only a long name reaches the end.
  if (text.size() == room) {
    return Status::kInvalid;
  }
  return text;
}

bool Btf::IsNamed(const Type& type, StringView name) const {
  if (type.name < first_name_) {
    return base_->IsNamed(type, name);
  }
  const NameOffset at = type.name - first_name_;
  return strings_.Contains(at, uint64_t{name.size()} + 1) &&
         strings_[at + name.size()] == 0 &&
         EqualBytes(strings_.Subspan(at, name.size()), BytesOf(name));
}

Result<Type> Btf::TypeAt(TypeId id) const {
  if (id >= type_count()) {
    return Status::kInvalid;
  }
  if (id == 0) {
    return Type{Kind::kVoid, false, 0, 0, 0, ConstBytes()};
  }
  if (id < first_id_) {
    return base_->TypeAt(id);
  }
  const size_t at = index_[id - first_id_ + 1];
  const auto header = LoadUnaligned<TypeHeader>(types_.data() + at);
  Type type;
  type.kind = KindOf(header);
  type.kind_flag = (header.info >> 31) != 0;
  type.member_count = static_cast<uint16_t>(header.info & 0xffff);
  type.size_or_type = header.size_or_type;
  type.name = header.name;
  type.tail =
      types_.Subspan(at + sizeof(TypeHeader), EBPF_TRY(TailSize(header)));
  return type;
}

Member Btf::MemberAt(const Type& type, uint32_t index) {
  const auto entry = LoadUnaligned<MemberEntry>(
      type.tail.data() + sizeof(MemberEntry) * size_t{index});
  Member member;
  member.name = entry.name;
  member.type = entry.type;
  // With kind_flag the upper byte is a bit field's width.
  member.bit_offset = type.kind_flag ? entry.offset & 0xffffff : entry.offset;
  member.bit_size = type.kind_flag ? entry.offset >> 24 : 0;
  return member;
}

Array Btf::ArrayOf(const Type& type) {
  return LoadUnaligned<Array>(type.tail.data());
}

SectionVariable Btf::VariableAt(const Type& type, uint32_t index) {
  return LoadUnaligned<SectionVariable>(
      type.tail.data() + sizeof(SectionVariable) * size_t{index});
}

Parameter Btf::ParamAt(const Type& type, uint32_t index) {
  return LoadUnaligned<Parameter>(type.tail.data() +
                                  sizeof(Parameter) * size_t{index});
}

EnumValue Btf::EnumValueAt(const Type& type, uint32_t index) {
  const bool wide = type.kind == Kind::kEnum64;
  const uint8_t* entry = type.tail.data() + size_t{wide ? 12u : 8u} * index;
  const auto low = LoadUnaligned<uint32_t>(entry + 4);
  EnumValue value;
  value.name = LoadUnaligned<uint32_t>(entry);
  if (wide) {
    value.value = uint64_t{LoadUnaligned<uint32_t>(entry + 8)} << 32 | low;
  } else if (type.kind_flag) {
    value.value = static_cast<uint64_t>(int64_t{static_cast<int32_t>(low)});
  } else {
    value.value = low;
  }
  return value;
}

Integer Btf::IntegerOf(const Type& type) {
  const auto word = LoadUnaligned<uint32_t>(type.tail.data());
  Integer integer;
  integer.encoding = static_cast<uint8_t>(word >> 24 & 15);
  integer.bit_offset = static_cast<uint8_t>(word >> 16);
  integer.bits = static_cast<uint8_t>(word);
  return integer;
}

int32_t Btf::TagComponent(const Type& type) {
  return LoadUnaligned<int32_t>(type.tail.data());
}

Linkage Btf::LinkageOf(const Type& type) {
  return static_cast<Linkage>(type.kind == Kind::kVariable
                                  ? LoadUnaligned<uint32_t>(type.tail.data())
                                  : type.member_count);
}

Result<TypeId> Btf::SkipModifiers(TypeId id) const {
  for (uint32_t depth = 0; depth < kMaxTypeDepth; ++depth) {
    const Type type = EBPF_TRY(TypeAt(id));
    switch (type.kind) {
      case Kind::kTypedef:
      case Kind::kVolatile:
      case Kind::kConst:
      case Kind::kRestrict:
      case Kind::kTypeTag:
        id = type.size_or_type;
        break;
      default:
        return id;
    }
  }
  return Status::kInvalid;
}

Result<Type> Btf::Resolve(TypeId id) const {
  return TypeAt(EBPF_TRY(SkipModifiers(id)));
}

bool Btf::IsScalar(TypeId id) const {
  const Result<Type> type = Resolve(id);
  return type.ok() && (type->kind == Kind::kInt || type->kind == Kind::kEnum ||
                       type->kind == Kind::kEnum64);
}

Result<uint32_t> Btf::SizeOf(TypeId id) const {
  uint32_t count = 1;  // of elements, through nested arrays
  for (uint32_t depth = 0; depth < kMaxTypeDepth; ++depth) {
    id = EBPF_TRY(SkipModifiers(id));
    const Type type = EBPF_TRY(TypeAt(id));
    switch (type.kind) {
      case Kind::kArray: {
        const Array array = ArrayOf(type);
        count = EBPF_TRY(CheckedMul(count, array.count));
        id = array.element;
        break;
      }
      case Kind::kVariable:
        id = type.size_or_type;
        break;
      case Kind::kPointer:
        return CheckedMul<uint32_t>(count, 8);
      case Kind::kInt:
      case Kind::kStruct:
      case Kind::kUnion:
      case Kind::kEnum:
      case Kind::kEnum64:
      case Kind::kFloat:
      case Kind::kDataSection:
        return CheckedMul(count, type.size_or_type);
      default:
        return Status::kInvalid;
    }
  }
  return Status::kInvalid;
}

}  // namespace ebpf::btf
