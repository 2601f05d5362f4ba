// SPDX-License-Identifier: MIT
#include "tools/cli/engines.h"

#include "core/interpreter/interpreter.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_machine.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

const std::vector<isa::Insn> kReturn42 = {{0xb7, 0, 0, 0, 42},
                                          {0x95, 0, 0, 0, 0}};

TEST(EnginesTest, FindsEachCpuByItsName) {
  for (const char* name : {"x86_64", "aarch64", "riscv64"}) {
    const machine::MachineOps* machine = FindMachine(name);
    ASSERT_NE(machine, nullptr);
    EXPECT_STREQ(machine->name, name);
  }
  EXPECT_EQ(FindMachine("vax"), nullptr);
}

TEST(EnginesTest, RunsAProgramOnEachEngine) {
  const Runtime runtime;
  for (const char* name : {"interpreter", "jit"}) {
    if (std::string(name) == "jit" &&
        ThisMachine().compiler->compile == nullptr) {
      continue;
    }
    Engine& engine = FindEngine(name);
    EXPECT_STREQ(engine.name(), name);
    EXPECT_EQ(MakeProgram(kReturn42, {}, engine)->Run(nullptr), 42u);
  }
}

TEST(EnginesTest, RefusesAnEngineThatDoesNotExist) {
  const Runtime runtime;
  EXPECT_THROW(FindEngine("magic"), Failure);
}

TEST(EnginesTest, SaysWhichEngineRefusedAProgram) {
  const Runtime runtime;
  try {
    MakeProgram({{0xff, 0, 0, 0, 0}}, {}, InterpreterEngine());
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_STREQ(failure.what(),
                 "the interpreter does not take the program: Invalid argument");
  }
}

TEST(EnginesTest, AnotherCpusProgramsAreNotCompiledToRun) {
  for (const char* name : {"x86_64", "aarch64", "riscv64"}) {
    if (FindMachine(name) != &ThisMachine()) {
      const Runtime runtime(FindMachine(name));
      EXPECT_THROW(FindEngine("jit"), Failure) << name;
    }
  }
}

}  // namespace
}  // namespace ebpf::cli
