// SPDX-License-Identifier: MIT
//
// What an object's extern symbols are in the kernel that it is loaded into.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/loader/kernel.h"
#include "core/loader/object_file.h"

namespace ebpf::loader {

/// A symbol that the object uses and does not define.
struct Extern {
  enum class Kind : uint8_t {
    kMissing,   // weak, and not there
    kFunction,  // `id` in the kernel's BTF
    kVariable,  // `id` in the kernel's BTF
    kAddress,   // `value`
    kKconfig,   // `value` is its offset in the map ".kconfig"
  };

  Kind kind;
  btf::TypeId id;
  uint64_t value;
};

/// Finds `symbol`, which is not defined in `object`. kNotFound (strong, and the
/// kernel has none), kInvalid (the object's BTF does not tell what it is), with
/// a line in `log`. Context: task.
Result<Extern> FindExtern(const ObjectFile& object, const elf::Symbol& symbol,
                          const Kernel& kernel, TextWriter& log);

}  // namespace ebpf::loader
