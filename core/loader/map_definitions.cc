// SPDX-License-Identifier: MIT
//
// core/loader/map_definitions.h's implementation.
#include "core/loader/map_definitions.h"

namespace ebpf::loader {
namespace {

/// The number that `__uint(name, number)` gave: int (*name)[number].
Result<uint32_t> NumberOf(const btf::Btf& btf, const btf::Member& member) {
  const btf::Type pointer =
      EBPF_TRY(btf.TypeAt(EBPF_TRY(btf.SkipModifiers(member.type))));
  if (pointer.kind != btf::Kind::kPointer) {
    return Status::kInvalid;
  }
  const btf::Type array =
      EBPF_TRY(btf.TypeAt(EBPF_TRY(btf.SkipModifiers(pointer.size_or_type))));
  if (array.kind != btf::Kind::kArray) {
    return Status::kInvalid;
  }
  return btf::Btf::ArrayOf(array).count;
}

/// The size of the type that `__type(name, type)` gave: type *name.
Result<uint32_t> PointeeSize(const btf::Btf& btf, const btf::Member& member) {
  const btf::Type pointer =
      EBPF_TRY(btf.TypeAt(EBPF_TRY(btf.SkipModifiers(member.type))));
  if (pointer.kind != btf::Kind::kPointer) {
    return Status::kInvalid;
  }
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
                  MapSpec& spec) {
  if (member.name == "type") {
    spec.type = static_cast<MapType>(EBPF_TRY(NumberOf(btf, member)));
    return Status::kOk;
  }
  if (member.name == "max_entries") {
    spec.max_entries = EBPF_TRY(NumberOf(btf, member));
    return Status::kOk;
  }
  if (member.name == "map_flags") {
    spec.flags = EBPF_TRY(NumberOf(btf, member));
    return Status::kOk;
  }
  if (member.name == "key_size") {
    return SetSize(spec.key_size, EBPF_TRY(NumberOf(btf, member)));
  }
  if (member.name == "value_size") {
    return SetSize(spec.value_size, EBPF_TRY(NumberOf(btf, member)));
  }
  if (member.name == "key") {
    return SetSize(spec.key_size, EBPF_TRY(PointeeSize(btf, member)));
  }
  if (member.name == "value") {
    return SetSize(spec.value_size, EBPF_TRY(PointeeSize(btf, member)));
  }
  // pinning, values (map in map), map_extra, numa_node, or unknown.
  return Status::kNotSupported;
}

Status ReadMap(const btf::Btf& btf, btf::TypeId type_id, MapSpec& spec,
               TextWriter& log) {
  const btf::Type type =
      EBPF_TRY(btf.TypeAt(EBPF_TRY(btf.SkipModifiers(type_id))));
  if (type.kind != btf::Kind::kStruct) {
    log.Put("is not a struct");
    return Status::kInvalid;
  }
  for (uint32_t i = 0; i < type.member_count; ++i) {
    const btf::Member member = EBPF_TRY(btf.MemberAt(type, i));
    const Status status = ReadMember(btf, member, spec);
    if (!IsOk(status)) {
      log.Put("member '").Put(member.name);
      log.Put(status == Status::kNotSupported ? "' is not supported"
                                              : "' is malformed");
      return status;
    }
  }
  return Status::kOk;
}

}  // namespace

void SetMapName(MapSpec& spec, StringView name) {
  size_t at = 0;
  for (char c : name) {
    if (at + 1 == MapSpec::kNameSize) {
      break;
    }
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '.';
    spec.name[at++] = allowed ? c : '_';
  }
}

Status ReadMapDefinitions(const btf::Btf& btf, const btf::Type& section_type,
                          uint32_t section, Vector<MapDefinition>& maps,
                          TextWriter& log) {
  for (uint32_t i = 0; i < section_type.member_count; ++i) {
    const btf::SectionVariable entry = btf::Btf::VariableAt(section_type, i);
    const btf::Type variable = EBPF_TRY(btf.TypeAt(entry.type));
    if (variable.kind != btf::Kind::kVariable) {
      log.Put("BTF: .maps holds something that is not a variable\n");
      return Status::kInvalid;
    }
    MapDefinition map{};
    map.name = variable.name;
    map.section = section;
    log.Put("map '").Put(variable.name).Put("': ");
    const size_t start = log.wanted();
    const Status status = ReadMap(btf, variable.size_or_type, map.spec, log);
    if (!IsOk(status)) {
      log.Put(log.wanted() == start ? "malformed type\n" : "\n");
      return status;
    }
    log.Put("ok\n");
    SetMapName(map.spec, map.name);
    EBPF_TRY(maps.PushBack(map));
  }
  return Status::kOk;
}

}  // namespace ebpf::loader
