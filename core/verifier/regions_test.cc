// SPDX-License-Identifier: MIT
#include "core/verifier/regions.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class RegionsTest : public TypedTest {
 protected:
  RegionsTest() { AttachTo(26, AttachType::kTraceRawTp, task_newtask_); }
};

TEST_F(RegionsTest, SectionsBeginAndEnd) {
  Accepts(Join({CallKernel(rcu_lock_), CallKernel(rcu_unlock_), Return0()}));
  Accepts(Join({CallKernel(preempt_disable_), CallKernel(preempt_disable_),
                CallKernel(preempt_enable_), CallKernel(preempt_enable_),
                Return0()}));
}

TEST_F(RegionsTest, RcuSectionsAreNotNested) {
  Rejects(Join({CallKernel(rcu_lock_), CallKernel(rcu_lock_), Return0()}),
          Status::kInvalid,
          "nested rcu read lock (kernel function bpf_rcu_read_lock)");
}

TEST_F(RegionsTest, OnlyWhatBeganEnds) {
  Rejects(Join({CallKernel(rcu_unlock_), Return0()}), Status::kInvalid,
          "unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)");
  Rejects(Join({CallKernel(preempt_enable_), Return0()}), Status::kInvalid,
          "unmatched attempt to enable preemption (kernel function "
          "bpf_preempt_enable)");
}

TEST_F(RegionsTest, NoProgramEndsInOne) {
  Rejects(Join({CallKernel(rcu_lock_), Return0()}), Status::kInvalid,
          "bpf_rcu_read_unlock is missing");
  Rejects(Join({CallKernel(preempt_disable_), Return0()}), Status::kInvalid,
          "1 bpf_preempt_enable is missing");
}

TEST_F(RegionsTest, PathsInAndOutsideOfOneAreDifferent) {
  // Only on one path it is open where both meet.
  Rejects(Join({Load(kDW, R6, R1, 8), JumpImm(kJeq, R6, 0, 1),
                CallKernel(rcu_lock_), CallKernel(rcu_unlock_), Return0()}),
          Status::kInvalid,
          "unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)");
}

TEST_F(RegionsTest, WhatWasFoundInOneIsUntrustedAfterIt) {
  AttachTo(26, AttachType::kTraceFentry, do_exit_);
  options_.sleepable = true;
  // A task's real_parent is protected by RCU, if the task is.
  const auto program = [&](Code between) {
    return Join({Load(kDW, R6, R1, 8), CallKernel(rcu_lock_), between,
                 MovReg(R1, R6), CallKernel(acquire_), JumpImm(kJeq, R0, 0, 2),
                 MovReg(R1, R0), CallKernel(release_), CallKernel(rcu_unlock_),
                 Return0()});
  };
  Rejects(program({}), Status::kInvalid, "R1 must be a rcu pointer");
}

}  // namespace
}  // namespace ebpf::verifier
