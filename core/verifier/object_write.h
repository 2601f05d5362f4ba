// SPDX-License-Identifier: MIT
//
// What programs of some types may do with the kernel's objects beside reading
// them: TCP's congestion control has fields of its socket to write, programs
// on packets the mark of a connection.
#pragma once

#include "core/helpers/prototype.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// The type that an argument of type `pointee` is known to have: what TCP's
/// congestion control is given as a sock is a tcp_sock.
btf::TypeId ArgumentPointee(const Verification& v, btf::TypeId pointee);

/// Whether `size` bytes at `offset` of what `reg`, a kTyped, points to may be
/// written.
Status CheckObjectWrite(Verification& v, const RegState& reg, uint32_t offset,
                        uint32_t size);

/// False for a helper that programs of this type have, but not those that stand
/// in for this member of a struct: TCP's `release` must not end in itself.
bool AllowedForMember(const Verification& v, const HelperPrototype& helper);

}  // namespace ebpf::verifier
