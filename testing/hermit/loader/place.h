// SPDX-License-Identifier: MIT
//
// What every loader does: an image that lies in memory as a file is put where
// it is to run, and the kernel is told.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "testing/hermit/loader/boot_info.h"
#include "testing/hermit/loader/device_tree.h"
#include "testing/hermit/loader/elf_image.h"

namespace hermit {

ebpf::ConstBytes MemoryAt(uint64_t address, uint64_t size);

/// FindRange, or Fail(if_missing).
MemoryRange Find(ebpf::ConstBytes tree, ebpf::Span<const char* const> path,
                 const char* if_missing);

/// Puts the image in `module` to `begin`, below the module, and says so; Fail
/// if it cannot be.
LoadedImage Place(const MemoryRange& module, ElfMachine machine,
                  uint64_t begin);

/// What the kernel is told of an image at `begin`, and nothing of devices.
BootInfo BootInfoOf(const LoadedImage& image, uint64_t begin,
                    const MemoryRange& memory, uint64_t device_tree);

}  // namespace hermit
