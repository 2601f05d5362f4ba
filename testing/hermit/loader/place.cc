// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/place.h"

#include "testing/hermit/loader/console.h"

namespace hermit {

ebpf::ConstBytes MemoryAt(uint64_t address, uint64_t size) {
  return ebpf::ConstBytes(reinterpret_cast<const uint8_t*>(address), size);
}

MemoryRange Find(ebpf::ConstBytes tree, ebpf::Span<const char* const> path,
                 const char* if_missing) {
  MemoryRange range;
  if (!FindRange(tree, path, &range) || range.size > UINT64_MAX - range.begin) {
    Fail(if_missing);
  }
  return range;
}

LoadedImage Place(const MemoryRange& module, ElfMachine machine,
                  uint64_t begin) {
  if (module.begin < begin) {
    Fail("the image's file lies where the image belongs");
  }
  LoadedImage image;
  const char* why = LoadImage(
      MemoryAt(module.begin, module.size), machine,
      ebpf::Bytes(reinterpret_cast<uint8_t*>(begin), module.begin - begin),
      begin, &image);
  if (why != nullptr) {
    Fail(why);
  }
  Print("[LOADER] Hermit at ");
  PrintHex(begin);
  Print(", ");
  PrintHex(image.size);
  Print(" bytes, ");
  PrintHex(image.relocation_count);
  Print(" relocations, entry ");
  PrintHex(image.entry);
  Print("\n");
  return image;
}

BootInfo BootInfoOf(const LoadedImage& image, uint64_t begin,
                    const MemoryRange& memory, uint64_t device_tree) {
  BootInfo info = {};
  info.memory_begin = memory.begin;
  info.memory_end = memory.begin + memory.size;
  info.device_tree = device_tree;
  info.image_begin = begin;
  info.image_end = begin + image.size;
  info.tls_begin = image.tls.begin;
  info.tls_file_size = image.tls.file_size;
  info.tls_memory_size = image.tls.memory_size;
  info.tls_align = image.tls.align;
  info.platform = kPlatformDeviceTree;
  return info;
}

}  // namespace hermit
