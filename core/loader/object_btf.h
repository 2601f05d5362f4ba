// SPDX-License-Identifier: MIT
//
// The object's BTF as a kernel takes it: compilers leave to the loader what
// only the file's other sections say.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/loader/object_file.h"
#include "core/memory/vector.h"

namespace ebpf::loader {

/// Writes to `blob`, which is empty, the BTF of `object`, with the same ids:
/// - data sections with their size and their variables' places, in order;
/// - functions that only this object can see (hidden ones) as static;
/// - extern functions and variables as defined, with names for all parameters,
///   and their section as one of plain numbers.
/// kInvalid with a line in `log`, kNoMemory. Precondition: it has BTF.
/// Context: task.
Status MakeKernelBtf(const ObjectFile& object, Vector<uint8_t>& blob,
                     Allocator& allocator, TextWriter& log);

}  // namespace ebpf::loader
