// SPDX-License-Identifier: MIT
//
// The copy that may fault, of whichever CPU it is built for: what is here of
// arch/<isa>/machine/nofault.h, which says what it takes.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" [[nodiscard]] bool ebpf_copy_nofault(void* to, uintptr_t from,
                                                size_t size);
