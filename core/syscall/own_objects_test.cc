// SPDX-License-Identifier: MIT
//
// Programs that make objects of their own types, loaded without memory, and
// gone before their objects.
#include "core/isa/insn.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_defer.h"

namespace ebpf {
namespace {

class OwnObjectsTest : public SyscallTest {
 protected:
  OwnObjectsTest() : btf_(LoadBtf(caller_, ProgramTypes())) {
    EXPECT_GE(btf_, 0);
  }

  /// A call of the kernel's function of that name.
  static isa::Insn CallKernel(const char* name) {
    const Result<btf::TypeId> id =
        RunningSystem()->kernel.btf->Find(btf::Kind::kFunction, name);
    EXPECT_TRUE(id.ok()) << name;
    isa::Insn call = Insn(0x85, 0, 0, 0, static_cast<int32_t>(*id));
    call.src = isa::kCallKernel;
    return call;
  }
  /// pair = new; if (!pair) return 1; pair->a = 7; r = pair->a; drop; return r
  std::vector<isa::Insn> Program() const {
    return {MovImm(1, kStructType),
            MovImm(2, 0),
            CallKernel("bpf_obj_new_impl"),
            Insn(0x55, 0, 0, 2, 0),
            MovImm(0, 1),
            Exit(),
            Insn(0x62, 0, 0, 0, 7),
            Insn(0x61, 6, 0, 0, 0),
            MovReg(1, 0),
            MovImm(2, 0),
            CallKernel("bpf_obj_drop_impl"),
            MovReg(0, 6),
            Exit()};
  }
  int64_t Load() {
    linux_abi::ProgLoadAttr attr = caller_.Program(3, Program());  // sched_cls
    attr.prog_btf_fd = static_cast<uint32_t>(btf_);
    const linux_abi::FunctionInfo function = {0, kFunctionType};
    attr.func_info = caller_.Put(function);
    attr.func_info_rec_size = sizeof(function);
    attr.func_info_cnt = 1;
    return caller_.Call(linux_abi::kProgLoad, attr);
  }

  const int64_t btf_;
};

INSTANTIATE_TEST_SUITE_P(Origins, OwnObjectsTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(OwnObjectsTest, AProgramMakesAndDropsOneInEachRun) {
  const int64_t program = Load();
  ASSERT_GE(program, 0);
  linux_abi::ProgTestRunAttr run{};
  run.prog_fd = static_cast<uint32_t>(program);
  run.data_in = caller_.Put(nullptr, 64);
  run.data_size_in = 64;
  run.repeat = 1000;
  const uint64_t at = caller_.Put(run);
  ASSERT_EQ(caller_.BpfAt(linux_abi::kProgTestRun, at, sizeof(run)), 0);
  EXPECT_EQ(caller_.Get<linux_abi::ProgTestRunAttr>(at).retval, 7u);
  EXPECT_EQ(caller_.CloseFd(program), 0);
}

TEST_P(OwnObjectsTest, EachAllocationOfALoadMayFail) {
  FailEachAllocation(
      "load a program that makes objects", caller_,
      [&] {
        const int64_t program = Load();
        RunHostDeferred();
        return program;
      },
      [&](int64_t program) {
        EXPECT_EQ(caller_.CloseFd(program), 0);
        RunHostDeferred();
      });
}

}  // namespace
}  // namespace ebpf
