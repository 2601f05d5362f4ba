// SPDX-License-Identifier: MIT
//
// The steps by which written code becomes what CPUs execute, as the port takes
// them: the image is linked with --wrap around those of arch/<cpu>/machine.
// QEMU's instruction caches forget nothing by themselves, so nothing else
// tells.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hermit {

enum class Step : uint8_t { kClean, kInvalidate, kSync };

/// Notes that a step is about to be taken for [address, address + size); false:
/// it is not to be, as in a port that forgets it. Context: any.
bool Note(Step step, uintptr_t address, size_t size);

}  // namespace hermit
