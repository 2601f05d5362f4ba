// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h over a blob of tools/ksym, whole: a port links it and
// says where the blob is.
#pragma once

#include "core/base/span.h"
#include "core/symbols/symbol_table.h"

namespace ebpf {

/// The table that the functions of symbols.h look into; empty until
/// OpenBlobSymbols.
extern SymbolTable blob_symbols;

/// From now on symbols are those of `blob`, which stays, moved by `slide`: how
/// far the kernel runs from where it was linked for. False, and none is found,
/// if it is damaged or none. Context: task, once.
bool OpenBlobSymbols(ConstBytes blob, uint64_t slide = 0);

/// Whether [address, address + size) lies between its first function and the
/// end of its last: text, of kernels that have no other word for it. Context:
/// any.
bool IsInBlobText(uintptr_t address, size_t size);

}  // namespace ebpf
