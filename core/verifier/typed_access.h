// SPDX-License-Identifier: MIT
//
// Loads through typed pointers: objects of the kernel, by its BTF.
#pragma once

#include "core/verifier/memory_access.h"

namespace ebpf::verifier {

/// The name of the struct that `reg`, a kTyped, points to; with a zero.
const char* StructName(const RegState& reg);

/// A load or store through a typed pointer; `loaded` is what a load gives.
/// Stores are allowed where object_write.h says so.
Status AccessTyped(Verification& v, const Access& access, RegState& loaded);

/// A pointer to a `type` of `btf`, with these RegFlags.
RegState TypedPointer(const btf::Btf* btf, btf::TypeId type, uint16_t flags);

/// Whether kernel functions and helpers may rely on what `reg` points to: it is
/// there as long as the program runs, or as the reference is held.
bool IsTrusted(const RegState& reg);

}  // namespace ebpf::verifier
