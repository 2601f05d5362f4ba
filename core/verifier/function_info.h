// SPDX-License-Identifier: MIT
//
// What the client tells of the program's functions and source lines: that it
// fits the program, and names and types of functions.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// What can be said of func_info before the functions are known: order and
/// types.
Status CheckFunctionRecords(Verification& v);

/// Whether there is one record for each of `v.subprograms`, whose `type` and
/// `is_global` are filled in.
Status CheckFunctionInfo(Verification& v);

/// Order and texts of line_info, and that each function begins with a line.
Status CheckLineInfo(Verification& v);

/// The function's name by BTF, with a zero at its end; empty without.
const char* FunctionName(const Verification& v, uint32_t subprogram);

/// Its type by BTF, of kind kFunctionProto; kNotFound without.
Result<btf::Type> FunctionPrototype(const Verification& v, uint32_t subprogram);

}  // namespace ebpf::verifier
