// SPDX-License-Identifier: MIT
#include "core/verifier/attach_target.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

constexpr uint32_t kTracing = 26;
constexpr uint32_t kLsm = 29;
constexpr uint32_t kSyscall = 31;

class AttachTargetTest : public TypedTest {
 protected:
  Code Loads(int offset, Size size = kDW) {
    return Join({Load(size, R2, R1, offset), Return0()});
  }
};

TEST_F(AttachTargetTest, ArgumentsOfTheFunctionAreTheContext) {
  AttachTo(kTracing, AttachType::kTraceFentry, do_exit_);
  Accepts(Loads(0));
  Accepts(Join({Load(kDW, R2, R1, 8), Load(kDW, R2, R2, 0), Return0()}));
  Rejects(Loads(16), Status::kAccess,
          "func 'do_exit' doesn't have 3-th argument");
  Rejects(Loads(16), Status::kAccess,
          "invalid bpf_context access off=16 size=8");
}

TEST_F(AttachTargetTest, WhatRunsAfterTheFunctionSeesItsResult) {
  AttachTo(kTracing, AttachType::kTraceFexit, do_exit_);
  Accepts(Loads(16));
  Rejects(Loads(24), Status::kAccess,
          "func 'do_exit' doesn't have 4-th argument");
}

TEST_F(AttachTargetTest, PointersAreLoadedWhole) {
  AttachTo(kTracing, AttachType::kTraceFentry, do_exit_);
  Rejects(Loads(8, kW), Status::kAccess,
          "invalid bpf_context access off=8 size=4");
}

TEST_F(AttachTargetTest, NothingIsWrittenToTheContext) {
  AttachTo(kTracing, AttachType::kTraceFentry, do_exit_);
  Rejects(Join({StoreImm(kDW, R1, 0, 0), Return0()}), Status::kAccess,
          "invalid bpf_context access off=0 size=8");
}

TEST_F(AttachTargetTest, TracingProgramsNameTheirFunction) {
  AttachTo(kTracing, AttachType::kTraceFentry, 0);
  Rejects(Return0(), Status::kInvalid, "Tracing programs must provide btf_id");
  AttachTo(kTracing, AttachType::kTraceFentry, 1000);
  Rejects(Return0(), Status::kInvalid, "attach_btf_id 1000 is invalid");
  AttachTo(kTracing, AttachType::kTraceFentry, task_);
  Rejects(Return0(), Status::kInvalid,
          "attach_btf_id " + std::to_string(task_) + " is not a function");
  AttachTo(kTracing, AttachType::kTraceRawTp, do_exit_);
  Rejects(Return0(), Status::kInvalid,
          "attach_btf_id " + std::to_string(do_exit_) + " is not a typedef");
}

TEST_F(AttachTargetTest, TheFirstArgumentOfATracepointIsNotShown) {
  AttachTo(kTracing, AttachType::kTraceRawTp, task_newtask_);
  Accepts(Join({Load(kDW, R2, R1, 0), Load(kDW, R2, R2, 0), Return0()}));
  Rejects(Join({Load(kDW, R2, R1, 8), Load(kDW, R2, R2, 0), Return0()}),
          Status::kAccess, "R2 invalid mem access 'scalar'");
}

TEST_F(AttachTargetTest, HooksAreTheSecurityModules) {
  AttachTo(kLsm, AttachType::kLsmMac, file_open_);
  Accepts(Join({Load(kDW, R2, R1, 0), Load(kDW, R2, R2, 0), Return0()}));
  AttachTo(kLsm, AttachType::kLsmMac, do_exit_);
  Rejects(Return0(), Status::kInvalid,
          "attach_btf_id " + std::to_string(do_exit_) +
              " points to wrong type name do_exit");
  options_.gpl_compatible = false;
  Rejects(Return0(), Status::kInvalid,
          "LSM programs must have a GPL compatible license");
}

TEST_F(AttachTargetTest, OnlySomeProgramsSleep) {
  options_.sleepable = true;
  AttachTo(kTracing, AttachType::kTraceFentry, do_exit_);
  Accepts(Return0());
  AttachTo(kTracing, AttachType::kTraceRawTp, task_newtask_);
  Rejects(Return0(), Status::kInvalid,
          "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops "
          "programs can be sleepable");
}

TEST_F(AttachTargetTest, SyscallProgramsMustSleep) {
  options_.type = FindProgramType(kSyscall);
  Rejects(Return0(), Status::kInvalid,
          "Syscall programs can only be sleepable");
  options_.sleepable = true;
  Accepts(Return0());
}

TEST_F(AttachTargetTest, OfSuchProgramsPortsHaveThoseForTracepoints) {
  options_.profile = Profile::kPort;
  AttachTo(kTracing, AttachType::kTraceRawTp, task_newtask_);
  Accepts(Return0());
  AttachTo(kTracing, AttachType::kTraceFentry, do_exit_);
  Rejects(Return0(), Status::kNotSupportedLinux,
          "this kernel does not run programs with arguments of its functions");
}

}  // namespace
}  // namespace ebpf::verifier
