// SPDX-License-Identifier: MIT
//
// Boots a Hermit image in QEMU's virt machine: finds it, places it, tells the
// kernel, which maps memory itself.
#include <stdint.h>

#include "core/base/memory.h"
#include "testing/hermit/loader/boot_info.h"
#include "testing/hermit/loader/console.h"
#include "testing/hermit/loader/device_tree.h"
#include "testing/hermit/loader/elf_image.h"
#include "testing/hermit/loader/place.h"

namespace hermit {
namespace {

// Behind the loader (image.ld).
constexpr uint64_t kImageBegin = 0x80600000;
constexpr uint64_t kStackSize = 0x10000;
constexpr uint64_t kMaxDeviceTree = 0x10000;

/// What boot.S needs of it all.
struct Handoff {
  uint64_t entry;
  const BootInfo* boot_info;
  uint8_t* stack_end;
};

alignas(16) uint8_t kernel_stack[kStackSize];
/// The firmware's is where the kernel's heap will be.
alignas(16) uint8_t device_tree[kMaxDeviceTree];
BootInfo boot_info;
Handoff handoff;

constexpr const char* kMemoryPath[] = {"memory"};
constexpr const char* kModulePath[] = {"chosen", "module"};

}  // namespace

/// Called by boot.S, translation off.
extern "C" const Handoff* LoaderMain(uint64_t /*hart*/, uint64_t tree_at) {
  const uint64_t size = DeviceTreeSize(MemoryAt(tree_at, kMaxDeviceTree));
  if (size == 0 || size > kMaxDeviceTree) {
    Fail("no device tree, or one that is too large");
  }
  ebpf::CopyBytes(device_tree, MemoryAt(tree_at, size).data(), size);
  const ebpf::ConstBytes tree(device_tree, size);
  const MemoryRange memory =
      Find(tree, kMemoryPath, "no device tree that tells of memory");
  const MemoryRange module = Find(
      tree, kModulePath, "no image: QEMU needs -device guest-loader,initrd=");
  const LoadedImage image = Place(module, kElfRiscv64, kImageBegin);
  boot_info = BootInfoOf(image, kImageBegin, memory,
                         reinterpret_cast<uint64_t>(device_tree));
  handoff = {.entry = image.entry,
             .boot_info = &boot_info,
             .stack_end = kernel_stack + kStackSize};
  return &handoff;
}

}  // namespace hermit
