// SPDX-License-Identifier: MIT
//
// The stack: what is written where, and that only what was written is read.
#pragma once

#include "core/verifier/memory_access.h"

namespace ebpf::verifier {

/// A load of 1, 2, 4 or 8 aligned bytes: `loaded` is the register that was
/// spilled there, or a number.
Status ReadStack(Verification& v, const Access& access, RegState& loaded);

/// A store of `stored`, which `source` holds if that is not null.
Status WriteStack(Verification& v, const Access& access, RegState* source,
                  const RegState& stored);

/// What a helper does with memory that it is passed.
enum class HelperUse : uint8_t {
  kReads,
  kWrites,   // some of it: the bytes must be there before, too
  kFills,    // all of it
  kUpdates,  // reads a number there and writes another: what is there was
             // written, whoever the client is
};

/// A helper's access to `size` bytes from where register `base` points on.
Status CheckStackForHelper(Verification& v, unsigned base, uint32_t size,
                           bool zero_size_ok, HelperUse use);

}  // namespace ebpf::verifier
