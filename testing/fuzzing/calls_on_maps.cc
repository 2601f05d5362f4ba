// SPDX-License-Identifier: MIT
//
// testing/fuzzing/calls_process.h: what it writes, maps, test runs, pins.
#include "core/linux_abi/bpf.h"
#include "core/maps/map_spec.h"
#include "testing/fuzzing/calls_process.h"

namespace ebpf::calls_fuzz {

void Process::Write() {
  const size_t at = source_.Number<uint16_t>() % kUserSize;
  const size_t size = source_.Byte();
  if (size <= kUserSize - at) {
    source_.Fill(memory_.data() + at, size);
  }
}

int64_t Process::MapCreate() {
  static constexpr MapType kTypes[] = {
#define EBPF_MAP_TYPE(number, name, create) MapType::k##name,
#include "core/maps/map_types.def"
#undef EBPF_MAP_TYPE
  };
  constexpr size_t kKinds = sizeof(kTypes) / sizeof(kTypes[0]);
  linux_abi::MapCreateAttr attr{};
  const uint8_t choice = source_.Byte();
  const MapType type =
      choice < 240 ? kTypes[choice % kKinds] : static_cast<MapType>(choice);
  attr.map_type = static_cast<uint32_t>(type);
  attr.key_size = 4;
  attr.value_size = source_.Number<uint16_t>() % 600;
  attr.max_entries = source_.Byte() % 32;
  switch (type) {
    case MapType::kRingBuffer:
      attr.key_size = attr.value_size = 0;
      attr.max_entries = 4096u << source_.Byte() % 3;
      break;
    case MapType::kQueue:
    case MapType::kStack:
    case MapType::kBloomFilter:
      attr.key_size = 0;
      break;
    case MapType::kLpmTrie:
      attr.key_size = 5 + source_.Byte() % 16;
      attr.map_flags = linux_abi::kMapNoPrealloc;
      break;
    case MapType::kArrayOfMaps:
    case MapType::kHashOfMaps:
      attr.inner_map_fd = static_cast<uint32_t>(Fd(Kind::kMap));
      attr.value_size = 4;
      break;
    case MapType::kProgArray:
    case MapType::kPerfEventArray:
    case MapType::kCgroupArray:
      attr.value_size = 4;
      break;
    case MapType::kStackTrace:
      attr.value_size = 8 * (1 + source_.Byte() % 127);
      break;
    default:
      break;
  }
  if (source_.Byte() < 12) {
    attr.key_size = source_.Byte() % 40;
  }
  if (source_.Byte() < 24) {
    attr.map_flags = source_.Number<uint16_t>();
  }
  source_.Fill(reinterpret_cast<uint8_t*>(attr.map_name), 2);
  return Got(Call(linux_abi::kMapCreate, attr), Kind::kMap);
}

int64_t Process::MapElem() {
  static constexpr uint32_t kCommands[] = {
      linux_abi::kMapLookupElem, linux_abi::kMapUpdateElem,
      linux_abi::kMapUpdateElem, linux_abi::kMapDeleteElem,
      linux_abi::kMapGetNextKey, linux_abi::kMapLookupAndDeleteElem};
  linux_abi::MapElemAttr attr{};
  const uint32_t command = kCommands[source_.Byte() % 6];
  attr.map_fd = static_cast<uint32_t>(Fd(Kind::kMap));
  attr.key = Address();
  if (command != linux_abi::kMapDeleteElem) {
    // Some maps' values are descriptors.
    const uint8_t kind = source_.Byte();
    attr.value = kind < 64    ? AddressOf(Fd(Kind::kMap))
                 : kind < 96  ? AddressOf(Fd(Kind::kProgram))
                 : kind < 112 ? AddressOf(Fd(Kind::kEvent))
                              : Address();
  }
  attr.flags = source_.Byte() < 128 ? 0 : source_.Byte() % 8;
  return Call(command, attr);
}

int64_t Process::MapBatch() {
  linux_abi::MapBatchAttr attr{};
  const uint32_t command = linux_abi::kMapLookupBatch + source_.Byte() % 4;
  attr.map_fd = static_cast<uint32_t>(Fd(Kind::kMap));
  attr.count =
      source_.Byte() < 240 ? source_.Byte() % 16 : source_.Number<uint32_t>();
  attr.keys = Address();
  attr.values = Address();
  attr.in_batch = Address();
  attr.out_batch = Address();
  attr.elem_flags = source_.Byte() < 200 ? 0 : source_.Byte() % 8;
  return Call(command, attr);
}

}  // namespace ebpf::calls_fuzz
