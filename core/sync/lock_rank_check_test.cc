// SPDX-License-Identifier: MIT
//
// What a shipped archive has; linked without testing/host_port, which checks.
#include "core/sync/lock_rank_check.h"

#include <cstdlib>

#include "core/platform/log.h"
#include "gtest/gtest.h"

// All that this binary has of a port.
extern "C" void ebpf_port_panic(const char* /*what*/) { std::abort(); }

namespace ebpf {
namespace {

TEST(LockRankCheckTest, TheDefaultAcceptsEveryOrder) {
  lock_rank_check::Acquire(LockRank::kMemory);
  lock_rank_check::Acquire(LockRank::kFdTable);
  lock_rank_check::Release(LockRank::kMemory);
  lock_rank_check::Release(LockRank::kMemory);
}

}  // namespace
}  // namespace ebpf
