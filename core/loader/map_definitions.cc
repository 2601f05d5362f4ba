// SPDX-License-Identifier: MIT
//
// core/loader/map_definitions.h's implementation.
#include "core/loader/map_definitions.h"

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

/// The size of the type that `__type(name, type)` gave: type *name.
Result<uint32_t> PointeeSize(const btf::Btf& btf, const btf::Member& member) {
  const btf::Type pointer =
      EBPF_TRY(Resolve(btf, member.type, btf::Kind::kPointer));
  return btf.SizeOf(pointer.size_or_type);
}

/// A size may be given twice, as number and as type, but not differently.
Status SetSize(uint32_t& size, uint32_t value) {
  if (size != 0 && size != value) {
    return Status::kInvalid;
  }
  size = value;
  return Status::kOk;
}

Status ReadMember(const btf::Btf& btf, const btf::Member& member,
                  StringView name, MapSpec& spec) {
  if (name == "type") {
    spec.type = static_cast<MapType>(EBPF_TRY(NumberOf(btf, member)));
    return Status::kOk;
  }
  if (name == "max_entries") {
    spec.max_entries = EBPF_TRY(NumberOf(btf, member));
    return Status::kOk;
  }
  if (name == "map_flags") {
    spec.flags = EBPF_TRY(NumberOf(btf, member));
    return Status::kOk;
  }
  if (name == "key_size") {
    return SetSize(spec.key_size, EBPF_TRY(NumberOf(btf, member)));
  }
  if (name == "value_size") {
    return SetSize(spec.value_size, EBPF_TRY(NumberOf(btf, member)));
  }
  if (name == "key") {
    return SetSize(spec.key_size, EBPF_TRY(PointeeSize(btf, member)));
  }
  if (name == "value") {
    return SetSize(spec.value_size, EBPF_TRY(PointeeSize(btf, member)));
  }
  // pinning, values (map in map), map_extra, numa_node, or unknown.
  return Status::kNotSupported;
}

Status ReadMap(const btf::Btf& btf, btf::TypeId type_id, MapSpec& spec,
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
    const Status status = ReadMember(btf, member, name, spec);
    if (!IsOk(status)) {
      log.Put("member '").Put(name);
      log.Put(status == Status::kNotSupported ? "' is not supported"
                                              : "' is malformed");
      return status;
    }
  }
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
    const Status status = ReadMap(btf, variable.size_or_type, map.spec, log);
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
