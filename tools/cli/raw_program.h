// SPDX-License-Identifier: MIT
//
// Programs that come as bytes, and what is said of those that no engine could
// run. This is no verifier: a program that passes may still crash or loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/span.h"
#include "core/isa/insn.h"

namespace ebpf::cli {

/// Linux's limit for one program.
inline constexpr size_t kMaxInsns = 1'000'000;

/// The instructions in `bytes`. Failure: none, too many, or not a whole number.
std::vector<isa::Insn> InsnsOf(const std::vector<uint8_t>& bytes);

/// Throws a Failure that names the first instruction that cannot be executed:
/// an encoding that is none, a jump out of its function (which reaches from
/// where a call goes to the next such place), an unknown helper, a call through
/// a register, a map where there is none, ...
void CheckRunnable(isa::ConstInsns insns);

}  // namespace ebpf::cli
