// SPDX-License-Identifier: MIT
//
// Asking a type about its context, in words that tests can compare.
#pragma once

#include <cstdint>

#include "core/program_types/program_type.h"

namespace ebpf {

/// Linux's numbers, from the caller's <linux/bpf.h>.
inline ContextAnswer Ask(uint32_t type, uint32_t offset, uint32_t size,
                         bool write = false, uint32_t attach = 0) {
  ContextQuery query = {offset, size, write, attach};
  query.context_size = 168;  // x86-64's pt_regs
  return FindProgramType(type)->access(query);
}

inline ContextValue Reads(uint32_t type, uint32_t offset, uint32_t size,
                          uint32_t attach = 0) {
  return Ask(type, offset, size, false, attach).value;
}

inline bool Writes(uint32_t type, uint32_t offset, uint32_t size,
                   uint32_t attach = 0) {
  return Ask(type, offset, size, true, attach).value != ContextValue::kRefused;
}

}  // namespace ebpf
