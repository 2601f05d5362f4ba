// SPDX-License-Identifier: MIT
//
// core/objects/kernel_view.h's implementation.
#include "core/objects/kernel_view.h"

#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"

namespace ebpf::kernel_view {
namespace {

/// A function's name, which lives as long as the kernel; null without one.
const char* FunctionName(const btf::Btf& kernel, btf::TypeId id) {
  const Result<btf::Type> type =
      id != 0 ? kernel.TypeAt(id) : Result<btf::Type>(Status::kNotFound);
  if (!type.ok()) {
    return nullptr;
  }
  return kernel.Name(type->name).ValueOr(StringView()).data();
}

}  // namespace

void Fill(const Map& map, MapView& view) {
  const MapSpec& spec = map.spec();
  view = {};
  view.map_type = static_cast<uint32_t>(spec.type);
  view.key_size = spec.key_size;
  view.value_size = spec.value_size;
  view.max_entries = spec.max_entries;
  view.map_extra = spec.extra;
  // These two are of the descriptor that the map was made with.
  view.map_flags =
      spec.flags & ~(linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly);
  view.id = map.id();
  if (const MapBtf* types = map.types()) {
    view.btf_key_type_id = types->key();
    view.btf_value_type_id = types->value();
  }
  CopyBytes(view.name, spec.name, sizeof(view.name));
  view.refcnt = map.ref_count();
  view.usercnt = map.user_count();
  view.frozen = map.frozen();
}

void Fill(const Program& program, const btf::Btf& kernel, WholeProgram& view) {
  const ProgramParts& parts = program.parts();
  ProgramView& all = view.program;
  all = {};
  all.type = static_cast<uint32_t>(parts.type->id);
  all.expected_attach_type = parts.attach_type;
  all.len = static_cast<uint32_t>(parts.insns.size());
  all.jited_len = static_cast<uint32_t>(program.code().size);
  CopyBytes(all.tag, parts.tag, sizeof(all.tag));
  all.aux = &view.aux;

  ProgramAuxView& aux = view.aux;
  aux = {};
  aux.refcnt = program.ref_count();
  aux.used_map_cnt = static_cast<uint32_t>(parts.maps.size());
  aux.func_cnt = static_cast<uint32_t>(parts.functions.size());
  aux.id = program.id();
  aux.attach_btf_id = parts.origin.attach_btf_id;
  aux.func_info_cnt = static_cast<uint32_t>(parts.function_info.size());
  aux.verified_insns = parts.origin.verified_insns;
  aux.attach_func_name = FunctionName(kernel, parts.origin.attach_btf_id);
  aux.func_info = parts.function_info.data();
  aux.load_time = parts.origin.load_time_ns;
  CopyBytes(aux.name, parts.name, sizeof(aux.name));
}

void Fill(const Link& link, const Program& program, const btf::Btf& kernel,
          WholeLink& view) {
  view.link = {};
  view.link.refcnt = link.ref_count();
  view.link.id = link.id();
  view.link.type = link.type();
  Fill(program, kernel, view.attached);
  view.link.prog = &view.attached.program;
}

}  // namespace ebpf::kernel_view
