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
  /// With a second function at `function`, or none.
  int64_t Load(const std::vector<isa::Insn>& code, uint32_t function = 0) {
    linux_abi::ProgLoadAttr attr = caller_.Program(3, code);  // sched_cls
    SetFunctions(caller_, attr, btf_,
                 {{0, kFunctionType}, {function, kStaticType}});
    attr.func_info_cnt = function == 0 ? 1 : 2;
    return caller_.Call(linux_abi::kProgLoad, attr);
  }
  int64_t Load() { return Load(Program()); }
  /// What it returns, a thousand times.
  uint32_t Run(int64_t program) {
    linux_abi::ProgTestRunAttr run{};
    run.prog_fd = static_cast<uint32_t>(program);
    run.data_in = caller_.Put(nullptr, 64);
    run.data_size_in = 64;
    run.repeat = 1000;
    const uint64_t at = caller_.Put(run);
    EXPECT_EQ(caller_.BpfAt(linux_abi::kProgTestRun, at, sizeof(run)), 0);
    return caller_.Get<linux_abi::ProgTestRunAttr>(at).retval;
  }

  const int64_t btf_;
};

INSTANTIATE_TEST_SUITE_P(Origins, OwnObjectsTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(OwnObjectsTest, AProgramMakesAndDropsOneInEachRun) {
  const int64_t program = Load();
  ASSERT_GE(program, 0);
  EXPECT_EQ(Run(program), 7u);
  EXPECT_EQ(caller_.CloseFd(program), 0);
}

/// Behind a tail call in a function the run's program is the other one, which
/// has other types under the same ids.
TEST_P(OwnObjectsTest, AreNotMadeBehindARunOfAnotherProgram) {
  const int64_t programs = caller_.CreateMap(3, 4, 4, 1);
  ASSERT_GE(programs, 0);
  const int64_t other = caller_.Load(3, Returning(5));
  ASSERT_GE(other, 0);
  linux_abi::MapElemAttr put{};
  put.map_fd = static_cast<uint32_t>(programs);
  put.key = caller_.Put(uint32_t{0});
  put.value = caller_.Put(static_cast<uint32_t>(other));
  ASSERT_EQ(caller_.Call(linux_abi::kMapUpdateElem, put), 0);

  std::vector<isa::Insn> code = Program();
  const auto own = static_cast<int32_t>(code.size());
  code.insert(code.begin(), Insn(0x85, 0, isa::kCallSubprogram, 0, own));
  const uint32_t function = static_cast<uint32_t>(code.size());
  code.push_back(LoadLow(2, isa::kPseudoMapFd, static_cast<int32_t>(programs)));
  code.insert(code.end(), {LoadHigh(0), MovImm(3, 0), CallHelper(12),
                           MovImm(0, 0), Exit()});
  EXPECT_EQ(Load(code, function),
            -static_cast<int64_t>(Status::kNotSupportedLinux));

  // In the first function nobody comes back.
  std::vector<isa::Insn> last(code.begin() + 1, code.begin() + function - 2);
  last.insert(last.begin(), MovReg(7, 1));
  last.push_back(MovReg(1, 7));
  last.insert(last.end(), code.begin() + function, code.end());
  const int64_t program = Load(last);
  ASSERT_GE(program, 0);
  EXPECT_EQ(Run(program), 5u);
  EXPECT_EQ(caller_.CloseFd(program), 0);
  EXPECT_EQ(caller_.CloseFd(other), 0);
  EXPECT_EQ(caller_.CloseFd(programs), 0);
}

/// Nobody makes objects of the kernel's types, as in Linux.
TEST_P(OwnObjectsTest, TheKernelsTypesAreNoProgramsAndNoMaps) {
  const int64_t types = caller_.Call(
      linux_abi::kBtfGetFdById,
      linux_abi::FdByIdAttr{RunningSystem()->kernel_types->id(), 0, 0});
  ASSERT_GE(types, 0);
  linux_abi::ProgLoadAttr attr = caller_.Program(3, Program());
  SetFunctions(caller_, attr, types, {{0, kFunctionType}});
  EXPECT_EQ(caller_.Call(linux_abi::kProgLoad, attr), -13);
  linux_abi::MapCreateAttr map{};
  map.map_type = 2;
  map.key_size = map.value_size = 4;
  map.max_entries = 1;
  map.btf_fd = static_cast<uint32_t>(types);
  map.btf_key_type_id = map.btf_value_type_id = 1;
  EXPECT_EQ(caller_.Call(linux_abi::kMapCreate, map), -13);
  EXPECT_EQ(caller_.CloseFd(types), 0);
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
