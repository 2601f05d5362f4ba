// SPDX-License-Identifier: MIT
#include "core/verifier/kernel_variable.h"

#include "core/isa/decode.h"
#include "core/verifier/typed_fixture.h"
#include "testing/host_port/host_symbols.h"
#include "testing/host_port/host_variables.h"

namespace ebpf::verifier {
namespace {

class KernelVariableTest : public TypedTest {
 protected:
  /// r6 = &variable
  static Code Address(uint32_t variable) {
    return {Raw(0x18, R6, isa::kPseudoBtfId, 0, variable), Raw(0, 0, 0, 0, 0)};
  }
  static isa::DecodedInsn Decoded(uint32_t variable) {
    const Code code = Address(variable);
    isa::DecodedInsn insn;
    EXPECT_EQ(isa::Decode({code.data(), code.size()}, 0, insn),
              isa::DecodeError::kNone);
    return insn;
  }
};

TEST_F(KernelVariableTest, NumbersAreRead) {
  Accepts(Join({Address(jiffies_), Load(kDW, R0, R6, 0), Return0()}));
  Rejects(Join({Address(jiffies_), Load(kDW, R0, R6, 8), Return0()}),
          Status::kAccess, "invalid access to memory, mem_size=8 off=8 size=8");
  Rejects(Join({Address(jiffies_), StoreImm(kDW, R6, 0, 0), Return0()}),
          Status::kAccess, "R6 cannot write into rdonly_mem");
}

TEST_F(KernelVariableTest, ObjectsAreReadByTheirType) {
  Accepts(Join({Address(init_task_), Load(kDW, R0, R6, 16), Return0()}));
  Rejects(Join({Address(init_task_), Load(kDW, R0, R6, 24), Return0()}),
          Status::kAccess, "access beyond struct task_struct at off 24 size 8");
}

TEST_F(KernelVariableTest, ThoseOfOneCpuHaveNoAddressOfTheirOwn) {
  Rejects(Join({Address(runqueue_), Load(kDW, R0, R6, 0), Return0()}),
          Status::kAccess, "R6 is ptr_task_struct access percpu memory: off=0");
}

TEST_F(KernelVariableTest, OnlyVariablesAndFunctionsHaveAddresses) {
  Accepts(Join({Address(do_exit_), Return0()}));
  Rejects(Join({Address(task_), Return0()}), Status::kInvalid,
          "pseudo btf_id " + std::to_string(task_) +
              " in ldimm64 isn't KIND_VAR or KIND_FUNC");
  Rejects(Join({Address(100000), Return0()}), Status::kNotFound,
          "ldimm64 insn specifies invalid btf_id 100000.");
}

TEST_F(KernelVariableTest, PortsHaveThoseThatTheyKnow) {
  options_.profile = Profile::kPort;
  const Code read = Join({Address(jiffies_), Load(kDW, R0, R6, 0), Return0()});
  const std::string unknown =
      "ldimm64 failed to find the address for kernel symbol 'jiffies'.";
  Rejects(read, Status::kNotFound, unknown);
  const uint64_t jiffies = 7;
  AddHostVariable("jiffies", &jiffies);
  Accepts(read);
  EXPECT_EQ(*KernelVariableAddress(*options_.kernel_btf, Decoded(jiffies_)),
            reinterpret_cast<uint64_t>(&jiffies));
  RemoveHostVariables();
  Rejects(read, Status::kNotFound, unknown);
}

TEST_F(KernelVariableTest, FunctionsAreFoundAmongSymbols) {
  options_.profile = Profile::kPort;
  Rejects(Join({Address(do_exit_), Return0()}), Status::kNotFound,
          "ldimm64 failed to find the address for kernel symbol 'do_exit'.");
  AddHostSymbol("do_exit", 0x1000, 16);
  Accepts(Join({Address(do_exit_), Return0()}));
  EXPECT_EQ(*KernelVariableAddress(*options_.kernel_btf, Decoded(do_exit_)),
            0x1000u);
  RemoveHostSymbol(0x1000);
}

TEST_F(KernelVariableTest, WithoutTypesThereAreNone) {
  options_.kernel_btf = nullptr;
  options_.profile = Profile::kPort;
  Rejects(
      Join({Address(jiffies_), Return0()}), Status::kInvalid,
      "kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is specified "
      "in Kconfig.");
}

}  // namespace
}  // namespace ebpf::verifier
