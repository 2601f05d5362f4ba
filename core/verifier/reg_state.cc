// SPDX-License-Identifier: MIT
//
// Names of register types, as Linux's log has them.
#include "core/verifier/reg_state.h"

namespace ebpf::verifier {

const char* TypeName(const RegState& reg) {
  switch (reg.type) {
    case RegType::kUninitialized:
      return "?";
    case RegType::kScalar:
      return "scalar";
    case RegType::kContext:
      return "ctx";
    case RegType::kMapPointer:
      return "map_ptr";
    case RegType::kMapValue:
      return reg.maybe_null ? "map_value_or_null" : "map_value";
    case RegType::kStack:
      return "fp";
    case RegType::kRingRecord:
      return reg.maybe_null ? "ringbuf_mem_or_null" : "ringbuf_mem";
    case RegType::kMapKey:
      return "map_key";
    case RegType::kFunction:
      return "func";
  }
  return "?";
}

bool IsKnownNotNull(const RegState& reg) {
  return !reg.maybe_null &&
         (reg.type == RegType::kMapValue || reg.type == RegType::kRingRecord ||
          reg.type == RegType::kMapKey);
}

}  // namespace ebpf::verifier
