// SPDX-License-Identifier: MIT
//
// What a relocation wants to know, once the way to it is known in one BTF.
#pragma once

#include "core/btf/core_spec.h"

namespace ebpf::btf {

/// An answer in one BTF.
struct CoreValue {
  uint64_t value = 0;
  /// Whether compilers agree on it, so that the instruction must hold the
  /// program's own: of bit fields most answers are a matter of taste.
  bool validate = true;
  /// There is no answer: the instruction must not run.
  bool poison = false;
  /// Of an offset of a whole field: its size (an array's element's) and type.
  uint32_t size = 0;
  TypeId type = 0;
};

/// The answer where `spec` leads; null where it leads nowhere. kInvalid: the
/// question does not fit what is there; kTooBig: a bit field that no load of 8
/// bytes holds.
Result<CoreValue> ValueOf(const Btf& btf, CoreKind kind, const CoreSpec* spec);

}  // namespace ebpf::btf
