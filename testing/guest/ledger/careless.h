// SPDX-License-Identifier: MIT
//
// Whether the port that the wrappers play is careless at this moment.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "testing/guest/ledger/ledger.h"

namespace guest::ledger {

/// Whether it is, in that way, on this CPU. Context: any.
bool IsCareless(Carelessness how);

/// A write begins on this CPU: what kSyncBeforeWrite does too early.
void BeforeCarelessWrite();

/// AArch64: a range whose cleaning comes too late.
struct Range {
  uintptr_t address;
  size_t size;
};
extern Range late_clean;

}  // namespace guest::ledger
