// SPDX-License-Identifier: MIT
//
// Which types of a program's own BTF stand for the context of its type.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Whether argument `argument`, which points to `pointee`, is the context by
/// the name of its type.
bool IsContextType(const Verification& v, const btf::Btf& btf,
                   btf::TypeId pointee);

/// Whether an argument that is tagged as the context may point to `pointee`.
Status CheckContextType(Verification& v, btf::TypeId pointee,
                        unsigned argument);

}  // namespace ebpf::verifier
