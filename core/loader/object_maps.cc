// SPDX-License-Identifier: MIT
//
// The maps of an object, and its BTF (core/loader/object.h).
#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/client_calls.h"
#include "core/loader/kconfig.h"
#include "core/loader/object.h"
#include "core/loader/object_btf.h"
#include "core/platform/cpu.h"

namespace ebpf::loader {
namespace {

/// Kinds whose keys and values Linux takes no BTF for.
bool TakesBtf(MapType type) {
  switch (type) {
    case MapType::kPerfEventArray:
    case MapType::kCgroupArray:
    case MapType::kStackTrace:
    case MapType::kArrayOfMaps:
    case MapType::kHashOfMaps:
    case MapType::kDevMap:
    case MapType::kDevMapHash:
    case MapType::kCpuMap:
    case MapType::kXskMap:
    case MapType::kSockMap:
    case MapType::kSockHash:
    case MapType::kProgArray:
      return false;
    default:
      return true;
  }
}

/// The number of an entry of `values` that a relocation in ".maps" is of.
Result<uint32_t> SlotOf(const MapDefinition& map, uint64_t offset) {
  constexpr uint32_t kPointerSize = 8;
  const uint64_t start = map.offset + map.values_offset;
  if (offset < start || (offset - start) % kPointerSize != 0 ||
      (offset - start) / kPointerSize >= map.spec.max_entries) {
    return Status::kNotFound;
  }
  return static_cast<uint32_t>((offset - start) / kPointerSize);
}

}  // namespace

Status Object::LoadBtf() {
  if (file_.btf() == nullptr || btf_fd_ != 0) {
    return Status::kOk;
  }
  Vector<uint8_t> blob(allocator_);
  EBPF_TRY(MakeKernelBtf(file_, blob, allocator_, log_));
  // The log has a line for each type: only where something is wrong.
  linux_abi::BtfLoadAttr attr{};
  attr.btf = AddressOf(blob.begin());
  attr.btf_size = static_cast<uint32_t>(blob.size());
  const Result<int> loaded =
      CallBpf(client_, kernel_, linux_abi::kBtfLoad, attr);
  if (loaded.ok()) {
    btf_fd_ = *loaded;
    return Status::kOk;
  }
  if (loaded.status() == Status::kNoMemory) {
    return Status::kNoMemory;
  }
  // As libbpf: programs that need none load without.
  Buffer<char> reason(allocator_);  // the log's end
  EBPF_TRY(reason.Allocate(512));
  attr.btf_log_level = 1;
  attr.btf_log_buf = AddressOf(reason.span().data());
  attr.btf_log_size = static_cast<uint32_t>(reason.span().size());
  (void)CallBpf(client_, kernel_, linux_abi::kBtfLoad, attr);
  log_.Put(StringView::FromField(reason.span().data(), reason.span().size()));
  log_.Put("BTF: refused, errno ");
  log_.PutUnsigned(static_cast<uint64_t>(loaded.status())).Put("\n");
  return Status::kOk;
}

Status Object::CreateMaps() {
  EBPF_TRY(LoadBtf());
  for (size_t i = 0; i < map_fds_.span().size(); ++i) {
    if (map_fds_[i] == 0) {
      const Result<int> made = CreateMap(file_.maps()[i]);
      if (!made.ok() && !kernel_.leaves_maps_out) {
        return made.status();
      }
      map_fds_[i] = made.ok() ? *made : 0;
    }
  }
  for (size_t i = 0; i < map_fds_.span().size(); ++i) {
    if (file_.maps()[i].has_inner && map_fds_[i] != 0) {
      EBPF_TRY(SetInitialMaps(i));
    }
  }
  return Status::kOk;
}

Result<int> Object::MakeMap(const MapShape& shape, StringView name,
                            int inner_fd) {
  linux_abi::MapCreateAttr attr{};
  attr.map_type = static_cast<uint32_t>(shape.spec.type);
  attr.key_size = shape.spec.key_size;
  attr.value_size = shape.spec.value_size;
  attr.max_entries = shape.spec.max_entries;
  if (shape.spec.type == MapType::kPerfEventArray && attr.max_entries == 0) {
    attr.max_entries = ebpf_port_cpu_count();  // as libbpf: one for each CPU
  }
  attr.map_flags = shape.spec.flags;
  attr.map_extra = shape.spec.extra;
  attr.numa_node = shape.numa_node;
  attr.inner_map_fd = static_cast<uint32_t>(inner_fd);
  SetObjectName(attr.map_name, name);
  if (btf_fd_ != 0 && shape.value_type != 0 && TakesBtf(shape.spec.type)) {
    attr.btf_fd = static_cast<uint32_t>(btf_fd_);
    attr.btf_key_type_id = shape.key_type;
    attr.btf_value_type_id = shape.value_type;
  }
  Result<int> made = CallBpf(client_, kernel_, linux_abi::kMapCreate, attr);
  if (!made.ok() && attr.btf_fd != 0 && made.status() != Status::kNoMemory) {
    // As libbpf: perhaps without BTF.
    attr.btf_fd = attr.btf_key_type_id = attr.btf_value_type_id = 0;
    made = CallBpf(client_, kernel_, linux_abi::kMapCreate, attr);
  }
  return made;
}

Result<int> Object::CreateMap(const MapDefinition& definition) {
  if (definition.is_pinned && !kernel_.only_judges) {
    log_.Put("map '").Put(definition.name).Put("': cannot be pinned\n");
    return Status::kNotSupported;
  }
  int inner_fd = 0;
  if (definition.has_inner) {
    const Result<int> inner = MakeMap(definition.inner, definition.name, 0);
    if (!inner.ok()) {
      log_.Put("map '").Put(definition.name).Put("': those in it cannot be");
      log_.Put(" created, errno ");
      log_.PutUnsigned(static_cast<uint64_t>(inner.status())).Put("\n");
      return inner.status();
    }
    inner_fd = *inner;
  }
  Result<int> made = MakeMap(definition, definition.name, inner_fd);
  if (inner_fd != 0) {
    CallClose(client_, kernel_, inner_fd);
  }
  if (!made.ok()) {
    log_.Put("map '").Put(definition.name).Put("': cannot be created, errno ");
    log_.PutUnsigned(static_cast<uint64_t>(made.status())).Put("\n");
    return made.status();
  }
  const Status filled = FillMap(definition, *made);
  if (!IsOk(filled)) {
    CallClose(client_, kernel_, *made);
    log_.Put("map '").Put(definition.name).Put("': cannot be filled\n");
    return filled;
  }
  return made;
}

Status Object::FillMap(const MapDefinition& definition, int fd) {
  Buffer<uint8_t> options(allocator_);
  ConstBytes contents = definition.contents;
  if (definition.section == elf::kUndefined) {
    EBPF_TRY(options.Allocate(definition.spec.value_size));
    EBPF_TRY(FillKconfig(*file_.btf(), kernel_, options.span(), log_));
    contents = options.span();
  }
  if (!contents.empty()) {
    const uint32_t key = 0;
    linux_abi::MapElemAttr update{};
    update.map_fd = static_cast<uint32_t>(fd);
    update.key = AddressOf(&key);
    update.value = AddressOf(contents.data());
    EBPF_TRY(
        CallBpf(client_, kernel_, linux_abi::kMapUpdateElem, update).status());
  }
  // Constants that nobody changes any more: the verifier may know them.
  const bool is_data = definition.section != file_.maps_section();
  if (is_data && (definition.spec.flags & linux_abi::kMapReadOnlyProg) != 0) {
    const linux_abi::MapFreezeAttr freeze = {static_cast<uint32_t>(fd)};
    return CallBpf(client_, kernel_, linux_abi::kMapFreeze, freeze).status();
  }
  return Status::kOk;
}

Status Object::SetInitialMaps(size_t outer) {
  const MapDefinition& map = file_.maps()[outer];
  return ForEachInitialValue(
      map, [&](uint32_t slot, const elf::Symbol& symbol) {
        for (size_t i = 0; i < map_fds_.span().size(); ++i) {
          if (file_.maps()[i].section == symbol.section &&
              file_.maps()[i].offset == symbol.value) {
            return SetInitialValue(outer, slot, map_fds_[i]);
          }
        }
        return Status::kBadExec;
      });
}

Status Object::FillProgramArrays() {
  for (size_t i = 0; i < map_fds_.span().size(); ++i) {
    const MapDefinition& map = file_.maps()[i];
    if (map.values_offset != 0 && !map.has_inner && map_fds_[i] != 0) {
      EBPF_TRY(SetInitialPrograms(i));
    }
  }
  return Status::kOk;
}

Status Object::SetInitialPrograms(size_t outer) {
  const MapDefinition& map = file_.maps()[outer];
  return ForEachInitialValue(
      map, [&](uint32_t slot, const elf::Symbol& symbol) {
        for (size_t i = 0; i < programs_.span().size(); ++i) {
          const ProgramDefinition& program = file_.programs()[i];
          if (program.section_index == symbol.section &&
              program.first_insn == symbol.value / sizeof(isa::Insn)) {
            EBPF_TRY(LoadProgram(i, {}));
            return SetInitialValue(outer, slot, programs_[i].fd);
          }
        }
        return Status::kBadExec;
      });
}

template <typename Visit>
Status Object::ForEachInitialValue(const MapDefinition& map, Visit visit) {
  const uint32_t at = file_.RelocationsOf(map.section);
  if (at == 0 || kernel_.only_judges) {
    return Status::kOk;
  }
  const elf::Section relocations = EBPF_TRY(file_.elf().SectionAt(at));
  const uint32_t count = elf::ElfReader::RelocationCount(relocations);
  for (uint32_t i = 0; i < count; ++i) {
    const elf::Relocation relocation =
        elf::ElfReader::RelocationAt(relocations, i);
    const Result<uint32_t> slot = SlotOf(map, relocation.offset);
    if (!slot.ok()) {
      continue;  // another map's
    }
    const elf::Symbol symbol =
        EBPF_TRY(file_.elf().SymbolAt(relocation.symbol));
    const Status status = visit(*slot, symbol);
    if (!IsOk(status)) {
      log_.Put("map '").Put(map.name).Put("': its value ").PutUnsigned(*slot);
      log_.Put(" cannot be set\n");
      return status;
    }
  }
  return Status::kOk;
}

Status Object::SetInitialValue(size_t outer, uint32_t slot, int fd) {
  linux_abi::MapElemAttr update{};
  update.map_fd = static_cast<uint32_t>(map_fds_[outer]);
  update.key = AddressOf(&slot);
  update.value = AddressOf(&fd);
  return CallBpf(client_, kernel_, linux_abi::kMapUpdateElem, update).status();
}

}  // namespace ebpf::loader
