// SPDX-License-Identifier: MIT
//
// Programs spoilt in one to three places, each spoilt one nearly what its
// author wrote: where verifiers are wrong, it is about such programs.
#pragma once

#include <cstdint>
#include <vector>

#include "core/isa/insn.h"

namespace ebpf::mutants {

using Code = std::vector<isa::Insn>;

/// `code` spoilt; always the same for the same `seed`. It has as many slots,
/// and each LD_IMM64 still has both of its own.
Code Spoilt(const Code& code, uint64_t seed);

}  // namespace ebpf::mutants
