// SPDX-License-Identifier: MIT
//
// core/loader/map_definitions.h's implementation.
#include "core/loader/map_definitions.h"

#include "core/base/bits.h"

namespace ebpf::loader {
namespace {

/// A definition has a dozen members at most; libbpf knows no more either.
constexpr uint32_t kMaxMembers = 32;

/// The type behind typedefs and the like, and, where `kind` says so, of one
/// kind only.
Result<btf::Type> Resolve(const btf::Btf& btf, btf::TypeId id, btf::Kind kind) {
  const btf::TypeId resolved = EBPF_TRY(btf.SkipModifiers(id));
  const btf::Type type = EBPF_TRY(btf.TypeAt(resolved));
  if (type.kind != kind) {
    return Status::kInvalid;
  }
  return type;
}

/// The number that `__uint(name, number)` gave: int (*name)[number].
Result<uint32_t> NumberOf(const btf::Btf& btf, const btf::Member& member) {
  const btf::Type pointer =
      EBPF_TRY(Resolve(btf, member.type, btf::Kind::kPointer));
  const btf::Type array =
      EBPF_TRY(Resolve(btf, pointer.size_or_type, btf::Kind::kArray));
  return btf::Btf::ArrayOf(array).count;
}

/// The 64-bit number that `__ulong(name, number)` gave, an enumerator, or what
/// `__uint` gave.
Result<uint64_t> LongNumberOf(const btf::Btf& btf, const btf::Member& member) {
  const btf::Type type = EBPF_TRY(btf.Resolve(member.type));
  if (type.kind == btf::Kind::kEnum || type.kind == btf::Kind::kEnum64) {
    if (type.member_count != 1) {
      return Status::kInvalid;
    }
    return btf::Btf::EnumValueAt(type, 0).value;
  }
  return uint64_t{EBPF_TRY(NumberOf(btf, member))};
}

/// The type that `__type(name, type)` gave: type *name.
Result<btf::TypeId> Pointee(const btf::Btf& btf, const btf::Member& member) {
  return EBPF_TRY(Resolve(btf, member.type, btf::Kind::kPointer)).size_or_type;
}

/// A size may be given twice, as number and as type, but not differently.
Status SetSize(uint32_t& size, uint32_t value) {
  if (size != 0 && size != value) {
    return Status::kInvalid;
  }
  size = value;
  return Status::kOk;
}

Status SetType(const btf::Btf& btf, const btf::Member& member,
               btf::TypeId& type, uint32_t& size) {
  type = EBPF_TRY(Pointee(btf, member));
  return SetSize(size, EBPF_TRY(btf.SizeOf(type)));
}

/// A member that a map in a map may have too.
Status ReadShapeMember(const btf::Btf& btf, const btf::Member& member,
                       StringView name, MapShape& shape) {
  MapSpec& spec = shape.spec;
  if (name == "type") {
    spec.type = static_cast<MapType>(EBPF_TRY(NumberOf(btf, member)));
  } else if (name == "max_entries") {
    spec.max_entries = EBPF_TRY(NumberOf(btf, member));
  } else if (name == "map_flags") {
    spec.flags = EBPF_TRY(NumberOf(btf, member));
  } else if (name == "numa_node") {
    shape.numa_node = EBPF_TRY(NumberOf(btf, member));
  } else if (name == "map_extra") {
    spec.extra = EBPF_TRY(LongNumberOf(btf, member));
  } else if (name == "key_size") {
    return SetSize(spec.key_size, EBPF_TRY(NumberOf(btf, member)));
  } else if (name == "value_size") {
    return SetSize(spec.value_size, EBPF_TRY(NumberOf(btf, member)));
  } else if (name == "key") {
    return SetType(btf, member, shape.key_type, spec.key_size);
  } else if (name == "value") {
    return SetType(btf, member, shape.value_type, spec.value_size);
  } else {
    return Status::kNotSupported;
  }
  return Status::kOk;
}

Status ReadInner(const btf::Btf& btf, const btf::Type& type, MapShape& inner) {
  if (type.member_count > kMaxMembers) {
    return Status::kInvalid;
  }
  for (uint32_t i = 0; i < type.member_count; ++i) {
    const btf::Member member = btf::Btf::MemberAt(type, i);
    const StringView name = EBPF_TRY(btf.Name(member.name));
    const Status status = ReadShapeMember(btf, member, name, inner);
    // Pinning and contents of its own: not for what is only a pattern.
    if (!IsOk(status)) {
      return Status::kInvalid;
    }
  }
  return Status::kOk;
}

/// `__array(values, what)`: an array of pointers to what the map holds, maps or
/// programs.
Status ReadValues(const btf::Btf& btf, const btf::Member& member,
                  MapDefinition& map) {
  const btf::Type array =
      EBPF_TRY(Resolve(btf, member.type, btf::Kind::kArray));
  const btf::Type pointer = EBPF_TRY(
      Resolve(btf, btf::Btf::ArrayOf(array).element, btf::Kind::kPointer));
  const btf::Type type = EBPF_TRY(btf.Resolve(pointer.size_or_type));
  map.values_offset = member.bit_offset / 8;
  if (type.kind == btf::Kind::kFunctionProto) {
    return Status::kOk;
  }
  if (type.kind != btf::Kind::kStruct || map.has_inner) {
    return Status::kInvalid;
  }
  map.has_inner = true;
  return ReadInner(btf, type, map.inner);
}

Status ReadMember(const btf::Btf& btf, const btf::Member& member,
                  StringView name, MapDefinition& map) {
  if (name == "values") {
    return ReadValues(btf, member, map);
  }
  if (name == "pinning") {
    const uint32_t how = EBPF_TRY(NumberOf(btf, member));
    map.is_pinned = how == 1;
    return how <= 1 ? Status::kOk : Status::kInvalid;
  }
  return ReadShapeMember(btf, member, name, map);
}

bool IsRing(MapType type) {
  return type == MapType::kRingBuffer || type == MapType::kUserRingBuffer;
}

/// As libbpf: a ring of any size is one of whole pages, and of a power of two.
uint32_t RingSize(uint32_t size) {
  constexpr uint32_t kPageSize = 4096;
  constexpr uint32_t kLargest = 1u << 31;
  if (size == 0 || size > kLargest) {
    return size;
  }
  return Max(kPageSize, static_cast<uint32_t>(RoundUpToPowerOfTwo(size)));
}

/// What libbpf says of its own: the numbers of maps or programs are values.
void CompleteSizes(MapDefinition& map) {
  MapSpec& spec = map.spec;
  if (map.values_offset != 0) {
    spec.key_size = spec.key_size == 0 ? sizeof(uint32_t) : spec.key_size;
    spec.value_size = spec.value_size == 0 ? sizeof(uint32_t) : spec.value_size;
  }
  if (IsRing(spec.type)) {
    spec.max_entries = RingSize(spec.max_entries);
  }
  if (map.has_inner && IsRing(map.inner.spec.type)) {
    map.inner.spec.max_entries = RingSize(map.inner.spec.max_entries);
  }
}

Status ReadMap(const btf::Btf& btf, btf::TypeId type_id, MapDefinition& map,
               TextWriter& log) {
  const Result<btf::Type> type = Resolve(btf, type_id, btf::Kind::kStruct);
  if (!type.ok() || type->member_count > kMaxMembers) {
    log.Put("is not a struct of at most ").PutUnsigned(kMaxMembers);
    log.Put(" members");
    return Status::kInvalid;
  }
  for (uint32_t i = 0; i < type->member_count; ++i) {
    const btf::Member member = btf::Btf::MemberAt(*type, i);
    const StringView name = EBPF_TRY(btf.Name(member.name));
    const Status status = ReadMember(btf, member, name, map);
    if (!IsOk(status)) {
      log.Put("member '").Put(name);
      log.Put(status == Status::kNotSupported ? "' is not supported"
                                              : "' is malformed");
      return status;
    }
  }
  CompleteSizes(map);
  return Status::kOk;
}

}  // namespace

void SetObjectName(char (&field)[MapSpec::kNameSize], StringView name) {
  size_t at = 0;
  for (char c : name) {
    if (at + 1 == sizeof(field)) {
      break;
    }
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '.';
    field[at++] = allowed ? c : '_';
  }
}

Status ReadMapDefinitions(const btf::Btf& btf, const btf::Type& section_type,
                          uint32_t section, Vector<MapDefinition>& maps,
                          TextWriter& log) {
  if (section_type.member_count > kMaxMaps) {
    log.Put("more than ").PutUnsigned(kMaxMaps).Put(" maps\n");
    return Status::kTooBig;
  }
  for (uint32_t i = 0; i < section_type.member_count; ++i) {
    const btf::SectionVariable entry = btf::Btf::VariableAt(section_type, i);
    const btf::Type variable = EBPF_TRY(btf.TypeAt(entry.type));
    const Result<StringView> name = btf.Name(variable.name);
    if (variable.kind != btf::Kind::kVariable || !name.ok()) {
      log.Put("BTF: .maps holds something that is not a named variable\n");
      return Status::kInvalid;
    }
    MapDefinition map{};
    map.name = *name;
    map.section = section;
    map.offset = MapDefinition::kNoPlace;
    log.Put("map '").Put(map.name).Put("': ");
    const size_t start = log.wanted();
    const Status status = ReadMap(btf, variable.size_or_type, map, log);
    if (!IsOk(status)) {
      log.Put(log.wanted() == start ? "malformed type\n" : "\n");
      return status;
    }
    log.Put("ok\n");
    SetObjectName(map.spec.name, map.name);
    EBPF_TRY(maps.PushBack(map));
  }
  return Status::kOk;
}

}  // namespace ebpf::loader
