// SPDX-License-Identifier: MIT
//
// A few thousand random programs; run.sh runs more.
#include <cstdio>

#include "core/isa/encode.h"
#include "gtest/gtest.h"
#include "testing/differential/compare.h"
#include "testing/differential/host_bpf.h"
#include "testing/differential/program_generator.h"

namespace ebpf::differential {
namespace {

// Opens the kernel's bpf(2), or skips the test, loudly.
#define OPEN_OR_SKIP(host)                                               \
  if (!(host).Open()) {                                                  \
    std::printf("[SKIP] no bpf(2) here: %s\n", (host).reason().c_str()); \
    GTEST_SKIP() << (host).reason();                                     \
  }

TEST(DifferentialTest, RandomProgramsDoWhatTheyDoInLinux) {
  HostBpf host;
  OPEN_OR_SKIP(host);

  const Figures figures = Compare(host, 20240229, 4000, false);

  EXPECT_EQ(figures.mismatches, 0u);
  EXPECT_LE(figures.refused, figures.programs / 100);
  EXPECT_LE(figures.lapses, figures.programs / 100);
  EXPECT_LE(figures.unverified, figures.programs / 100);
  std::printf("%llu programs, %llu refused, %llu lapses of the kernel\n",
              static_cast<unsigned long long>(figures.programs),
              static_cast<unsigned long long>(figures.refused),
              static_cast<unsigned long long>(figures.lapses));
  if (!host.set().v4) {
    std::printf("without -mcpu=v4, which this kernel does not know\n");
  }
  uint64_t expected_ops = 0;
  for (size_t i = 0; i < isa::kOpCount; ++i) {
    expected_ops += Generates(static_cast<isa::Op>(i), host.set()) ? 1 : 0;
  }
  EXPECT_EQ(figures.ops, expected_ops);
}

// A program that shows what it is given shows it in Linux too, so the
// comparison compares something.
TEST(DifferentialTest, TheKernelRunsWhatItIsGiven) {
  HostBpf host;
  OPEN_OR_SKIP(host);
  GeneratedProgram program = {};
  const isa::DecodedInsn insns[] = {
      {.op = isa::Op::kMov64Imm, .dst = 0, .imm = 0x1234},
      {.op = isa::Op::kExit}};
  for (const isa::DecodedInsn& insn : insns) {
    isa::Insn slot = {};
    ASSERT_EQ(isa::Encode(insn, isa::Insns(&slot, 1)), Status::kOk);
    program.insns.push_back(slot);
  }
  program.input.scratch[3] = 77;

  Outcome outcome = {};
  ASSERT_TRUE(host.Run(program, outcome)) << host.reason();

  EXPECT_EQ(outcome.result, 0x1234u);
  EXPECT_EQ(outcome.value.scratch[3], 77u);
  EXPECT_EQ(outcome.value.regs[0], 0u);
}

}  // namespace
}  // namespace ebpf::differential
