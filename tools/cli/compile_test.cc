// SPDX-License-Identifier: MIT
#include "tools/cli/compile.h"

#include <algorithm>

#include "core/interpreter/interpreter.h"
#include "gtest/gtest.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

TEST(CompileTest, MakesCodeForEachCpu) {
  const Runtime runtime;
  const Ref<Program> program = MakeProgram(
      {{0xb7, 0, 0, 0, 42}, {0x95, 0, 0, 0, 0}}, {}, InterpreterEngine());
  for (const char* name : {"x86_64", "aarch64", "riscv64"}) {
    const machine::MachineOps& machine = *FindMachine(name);
    if (machine.compiler->compile == nullptr) {
      EXPECT_THROW(CompileFor(machine, 0, *program, 0), Failure) << name;
      continue;
    }
    const CompiledProgram compiled = CompileFor(machine, 0, *program, 0x1000);
    EXPECT_EQ(compiled.address, 0x1000u);
    EXPECT_FALSE(compiled.code.empty());
    EXPECT_LT(compiled.code.size(), 200u);
    // An offset for each instruction, and where the last one's code ends.
    ASSERT_EQ(compiled.offsets.size(), 3u);
    EXPECT_TRUE(
        std::is_sorted(compiled.offsets.begin(), compiled.offsets.end()));
    EXPECT_LE(compiled.offsets.back(), compiled.code.size());
  }
}

}  // namespace
}  // namespace ebpf::cli
