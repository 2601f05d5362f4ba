// SPDX-License-Identifier: MIT
//
// Boots a Hermit image in QEMU's q35: finds it, places it, and describes the
// machine by a device tree of its own.
#include <stdint.h>

#include "core/base/text_writer.h"
#include "testing/hermit/loader/boot_info.h"
#include "testing/hermit/loader/console.h"
#include "testing/hermit/loader/device_tree_writer.h"
#include "testing/hermit/loader/elf_image.h"
#include "testing/hermit/loader/place.h"

namespace hermit {
namespace {

// Behind the loader (image.ld).
constexpr uint64_t kImageBegin = 0x400000;
constexpr uint64_t kStackSize = 0x8000;
constexpr uint64_t kMaxDeviceTree = 4096;
constexpr uint64_t kSerialPort = 0x3f8;
/// What boot.S has mapped.
constexpr uint64_t kMappedEnd = 1 << 30;
constexpr uint64_t kLargePage = 2 << 20;

// [pvh: start_of_day_structures]
struct StartInfo {
  uint32_t magic;
  uint32_t version;
  uint32_t flags;
  uint32_t module_count;
  uint64_t modules;
  uint64_t command_line;
  uint64_t acpi;
  uint64_t memory_map;
  uint32_t memory_count;
  uint32_t reserved;
};
static_assert(sizeof(StartInfo) == 56);

struct Module {
  uint64_t begin;
  uint64_t size;
  uint64_t command_line;
  uint64_t reserved;
};

struct MemoryEntry {
  uint64_t begin;
  uint64_t size;
  uint32_t type;
  uint32_t reserved;
};

constexpr uint32_t kMagic = 0x336ec578;
constexpr uint32_t kMemory = 1;

/// What boot.S needs of it all.
struct Handoff {
  uint64_t entry;
  const BootInfo* boot_info;
  /// The *lowest* byte of the kernel's boot stack: the kernel adds its size.
  uint8_t* stack;
};

alignas(4096) uint8_t kernel_stack[kStackSize];
alignas(16) uint8_t device_tree[kMaxDeviceTree];
BootInfo boot_info;
Handoff handoff;

/// The memory behind the first MiB, as far as it is mapped.
MemoryRange FindMemory(const StartInfo& start) {
  const auto* entries = reinterpret_cast<const MemoryEntry*>(start.memory_map);
  for (uint32_t i = 0; i < start.memory_count; ++i) {
    const MemoryEntry& entry = entries[i];
    if (entry.type == kMemory && entry.begin <= kImageBegin &&
        kImageBegin < entry.begin + entry.size) {
      const uint64_t end = (entry.begin + entry.size) & ~(kLargePage - 1);
      return {entry.begin, (end < kMappedEnd ? end : kMappedEnd) - entry.begin};
    }
  }
  Fail("no memory where the kernel belongs");
}

void WriteDeviceTree(const MemoryRange& memory, ebpf::StringView arguments) {
  char name[32];
  ebpf::TextWriter text(name, sizeof(name));
  text.Put("memory@").PutHex(memory.begin);
  DeviceTreeWriter tree(ebpf::Bytes(device_tree, sizeof(device_tree)));
  tree.BeginNode("");
  tree.Cell("#address-cells", 2);
  tree.Cell("#size-cells", 2);
  tree.Text("compatible", "linux,dummy-virt");
  tree.BeginNode("chosen");
  tree.Text("bootargs", arguments);
  tree.EndNode();
  tree.BeginNode(text.text());
  tree.Text("device_type", "memory");
  tree.Range("reg", memory.begin, memory.size);
  tree.EndNode();
  tree.EndNode();
  if (tree.Finish() == 0) {
    Fail("the device tree has no room");
  }
}

}  // namespace

/// Called by boot.S.
extern "C" const Handoff* LoaderMain(const StartInfo* start) {
  if (start->magic != kMagic) {
    Fail("not entered by the PVH protocol");
  }
  if (start->module_count == 0) {
    Fail("no image: QEMU needs -initrd");
  }
  const auto* module = reinterpret_cast<const Module*>(start->modules);
  const MemoryRange memory = FindMemory(*start);
  const LoadedImage image =
      Place({module->begin, module->size}, kElfX86_64, kImageBegin);
  WriteDeviceTree(memory, start->command_line == 0
                              ? ebpf::StringView()
                              : ebpf::StringView(reinterpret_cast<const char*>(
                                    start->command_line)));
  boot_info = BootInfoOf(image, kImageBegin, {0, memory.begin + memory.size},
                         reinterpret_cast<uint64_t>(device_tree));
  boot_info.serial_port = kSerialPort;
  handoff = {
      .entry = image.entry, .boot_info = &boot_info, .stack = kernel_stack};
  return &handoff;
}

}  // namespace hermit
