// SPDX-License-Identifier: MIT
//
// Boots a Hermit image in QEMU's virt machine: finds it, places it, builds the
// kernel's page tables and boot information.
#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/span.h"
#include "testing/hermit/loader/aarch64/handoff.h"
#include "testing/hermit/loader/aarch64/page_tables.h"
#include "testing/hermit/loader/boot_info.h"
#include "testing/hermit/loader/console.h"
#include "testing/hermit/loader/device_tree.h"
#include "testing/hermit/loader/elf_image.h"
#include "testing/hermit/loader/place.h"

namespace hermit {
namespace {

// QEMU leaves the device tree at the start of memory when the kernel that it
// loads, us, is an ELF file elsewhere.
constexpr uint64_t kMemoryBegin = 0x40000000;
constexpr uint64_t kMaxDeviceTree = 2 << 20;
// Behind the loader (image.ld).
constexpr uint64_t kImageBegin = 0x40800000;

constexpr uint64_t kStackSize = 0x8000;

alignas(kSmallPage) uint8_t kernel_stack[kStackSize];
PageTables page_tables;
BootInfo boot_info;
Handoff handoff;

constexpr const char* kMemoryPath[] = {"memory"};
constexpr const char* kModulePath[] = {"chosen", "module"};
constexpr const char* kSerialPath[] = {"pl011"};

void CheckExceptionLevel() {
  uint64_t current_el;
  asm("mrs %0, CurrentEL" : "=r"(current_el));
  if (current_el >> 2 != 1) {
    Fail("entered in another exception level than EL1");
  }
}

}  // namespace

/// Called by boot.S, MMU off.
extern "C" const Handoff* LoaderMain() {
  CheckExceptionLevel();
  const ebpf::ConstBytes tree = MemoryAt(kMemoryBegin, kMaxDeviceTree);
  const MemoryRange memory =
      Find(tree, kMemoryPath, "no device tree that tells of memory");
  const MemoryRange module = Find(
      tree, kModulePath, "no image: QEMU needs -device guest-loader,initrd=");
  const MemoryRange serial =
      Find(tree, kSerialPath, "the device tree has no pl011");

  const LoadedImage image = Place(module, kElfAarch64, kImageBegin);
  const uint64_t image_end = kImageBegin + image.size;
  const uint64_t mapped_end = ebpf::AlignUp(image_end, kLargePage);
  if (mapped_end > memory.begin + memory.size) {
    Fail("the image does not fit into memory");
  }
  if (!BuildPageTables(serial.begin, memory.begin, mapped_end, &page_tables)) {
    Fail("the image is too large for the loader's page tables");
  }
  boot_info = BootInfoOf(image, kImageBegin, memory, kMemoryBegin);
  boot_info.serial_port = serial.begin;

  handoff = {
      .entry = image.entry,
      .boot_info = &boot_info,
      .stack = kernel_stack,
      .root_table = reinterpret_cast<uint64_t>(&page_tables.level0),
      .memory_attributes = kMemoryAttributes,
      .translation_control = kTranslationControl,
  };
  return &handoff;
}

}  // namespace hermit
