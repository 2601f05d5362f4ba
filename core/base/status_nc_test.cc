// SPDX-License-Identifier: MIT
//
// A failure cannot be dropped by accident.
#include "core/base/status.h"

namespace ebpf {

Status Work();
Result<int> Count();

Status Careful() {
  EBPF_TRY(Work());
  return Status::kOk;
}

#if NC_TEST(DroppedStatusIsRefused)
// error: ignoring return value.*nodiscard
void Careless() { Work(); }
#endif

#if NC_TEST(DroppedResultIsRefused)
// error: ignoring return value.*nodiscard
void Careless() { Count(); }
#endif

#if NC_TEST(StatusIsNoTruthValue)
// error: not contextually convertible to 'bool'|no viable conversion
bool Careless() {
  if (Work()) {
    return true;
  }
  return false;
}
#endif

#if NC_TEST(ResultIsNoValue)
// error: no viable conversion
int Careless() { return Count(); }
#endif

}  // namespace ebpf
