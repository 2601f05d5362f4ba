// SPDX-License-Identifier: MIT
//
// What Hermit's kernel is told by its loader: version 4 of its entry protocol,
// as the crate hermit-entry 0.10 documents it.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hermit {

/// The version in the kernel's ELF note "HERMIT" of type kEntryVersionNote.
inline constexpr uint8_t kEntryVersion = 4;
inline constexpr uint32_t kEntryVersionNote = 0x5a00;

/// Which hypervisor or firmware booted us, as the kernel numbers them on
/// AArch64 and RISC-V: something that describes itself by a device tree.
inline constexpr uint32_t kPlatformDeviceTree = 3;

/// The block whose address the kernel's entry gets. Zero stands for "none" in
/// each optional field. All addresses are physical.
struct BootInfo {
  uint64_t memory_begin;
  uint64_t memory_end;
  uint64_t serial_port;  // optional
  uint64_t device_tree;  // optional
  uint64_t image_begin;
  uint64_t image_end;
  uint64_t tls_begin;  // of the thread-local image, if tls_memory_size != 0
  uint64_t tls_file_size;
  uint64_t tls_memory_size;
  uint64_t tls_align;
  uint32_t platform;
  uint32_t padding;
  uint64_t platform_data[5];  // none for kPlatformDeviceTree
};
static_assert(offsetof(BootInfo, image_begin) == 32);
static_assert(offsetof(BootInfo, tls_begin) == 48);
static_assert(offsetof(BootInfo, platform) == 80);
static_assert(sizeof(BootInfo) == 128);

}  // namespace hermit
