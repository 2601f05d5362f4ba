// SPDX-License-Identifier: MIT
//
// That it ends functions is tested in core/syscall/override_return_test.cc.
#include <errno.h>
#include <linux/bpf.h>

#include "core/helpers/helper_test_util.h"
#include "core/helpers/override.h"
#include "core/program/run_context.h"

namespace ebpf {
namespace {

struct Registers {
  uint64_t result;
};

void PutResult(machine::PtRegs& regs, uint64_t value) {
  reinterpret_cast<Registers&>(regs).result = value;
}

class OverrideHelpersTest : public testing::Test {
 protected:
  OverrideHelpersTest() {
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  }
  ~OverrideHelpersTest() override {
    SetOverrides(nullptr, nullptr);
    ExitRunContexts();
  }
};

TEST_F(OverrideHelpersTest, TheCpuIsToldOfRegistersAndValue) {
  Registers registers = {7};
  const auto context = reinterpret_cast<uint64_t>(&registers);
  SetOverrides(PutResult, nullptr);
  EXPECT_EQ(Call(BPF_FUNC_override_return, context, uint64_t{0} - 12), 0u);
  EXPECT_EQ(registers.result, uint64_t{0} - 12);
}

TEST_F(OverrideHelpersTest, WithoutACpuThatKnowsHowNothingHappens) {
  Registers registers = {7};
  const auto context = reinterpret_cast<uint64_t>(&registers);
  EXPECT_EQ(Call(BPF_FUNC_override_return, context, 1), Negative(EINVAL));
  EXPECT_EQ(registers.result, 7u);
}

}  // namespace
}  // namespace ebpf
