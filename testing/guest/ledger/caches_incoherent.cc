// SPDX-License-Identifier: MIT
#include "testing/guest/ledger/book.h"

namespace guest::ledger {

constinit const bool kCoherentCaches = false;

}  // namespace guest::ledger
