// SPDX-License-Identifier: MIT
#include "testing/guest/ledger/book.h"

namespace guest::ledger {

constinit const bool kCoherentCaches = true;

}  // namespace guest::ledger
