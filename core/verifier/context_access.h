// SPDX-License-Identifier: MIT
//
// The context: plain numbers, and fields that stand for pointers.
#pragma once

#include "core/verifier/memory_access.h"

namespace ebpf::verifier {

/// A load: `loaded` is a number, or the pointer that the field stands for, in
/// all its 64 bits whatever the field's size.
Status ReadContext(Verification& v, const Access& access, bool sign_extends,
                   RegState& loaded);

Status WriteContext(Verification& v, const Access& access);

}  // namespace ebpf::verifier
