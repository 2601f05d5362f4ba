// SPDX-License-Identifier: MIT
//
// Each instruction of opcodes.def against testdata/every_insn.cases, which
// testdata/make_cases.py computed without any of core's code.
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/interpreter/test_program.h"
#include "core/isa/op.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

struct State {
  uint64_t dst, src, r0, memory;
};

struct Case {
  std::string kind;
  std::vector<isa::Insn> insn;
  State before, after;
  uint64_t jumped;
  std::string line;
};

std::vector<isa::Insn> ParseInsn(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(
        static_cast<uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  std::vector<isa::Insn> insns(bytes.size() / sizeof(isa::Insn));
  std::memcpy(insns.data(), bytes.data(), bytes.size());
  return insns;
}

std::map<std::string, std::vector<Case>> ReadCases() {
  std::map<std::string, std::vector<Case>> cases;
  std::ifstream file("core/interpreter/testdata/every_insn.cases");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    std::string hex;
    Case c;
    words >> name >> c.kind >> hex >> std::hex;
    c.insn = ParseInsn(hex);
    for (State* state : {&c.before, &c.after}) {
      words >> state->dst >> state->src >> state->r0 >> state->memory;
    }
    words >> c.jumped;
    EXPECT_FALSE(words.fail()) << line;
    c.line = line;
    cases[name].push_back(c);
  }
  return cases;
}

const std::map<std::string, std::vector<Case>>& Cases() {
  static const auto* cases = new auto(ReadCases());
  return *cases;
}

// What has no line there, since it needs more than registers and a word, and
// the test in execute_test.cc or image_test.cc that covers it.
const std::set<std::string> kTestedElsewhere = {
    "CallHelper",      // ExecuteTest.HelpersGetFiveArguments...
    "CallSubprogram",  // ExecuteTest.ASubprogramHas...
    "Exit",            // every program
    "MayGoto",         // ExecuteTest.MayGoto...
    "LoadRun",         // ExecuteTest.LoadRun...
    "CallDirect",      // ExecuteTest.CallDirect...
    "TailCall",        // tail_call_test.cc
    "LoadFunc",        // ExecuteTest.AFunctionsAddress...
    // ImageTest.RefusesWhatIsNotSupported
    "CallKernel", "CallRegister", "LoadMapFd", "LoadMapValue", "LoadBtfId",
    "LoadMapIdx", "LoadMapIdxValue", "LdAbsU8", "LdAbsU16", "LdAbsU32",
    "LdIndU8", "LdIndU16", "LdIndU32"};

// What the program below writes, with guards around the word that the
// instruction under test may touch.
struct Context {
  uint64_t dst, src, r0, jumped;
  uint64_t guard_before;
  uint64_t word;
  uint64_t guard_after;
};

// r9 = context, r2 and r3 are the instruction's registers.
std::vector<isa::Insn> ProgramAround(const Case& c, const Context& context) {
  State in = c.before;
  const auto word = reinterpret_cast<uint64_t>(&context.word);
  const auto address = word - static_cast<uint64_t>(c.insn[0].offset);
  if (c.kind == "load") {
    in.src = address;
  } else if (c.kind == "store") {
    in.dst = address;
  }
  TestProgram program;
  program.Mov(9, 1).Constant(2, in.dst).Constant(3, in.src).Constant(0, in.r0);
  program.Append(c.insn);
  program.MovImm(4, 0).Raw({0x05, 0, 0, 1, 0}).MovImm(4, 1);
  program.StoreTo(9, 0, 2).StoreTo(9, 8, 3).StoreTo(9, 16, 0);
  program.StoreTo(9, 24, 4).Exit();
  if (c.kind != "jump") {
    // Falls through "r4 = 0; goto +1" in the same way.
    EXPECT_EQ(c.jumped, 0u);
  }
  return program.insns();
}

class EveryInsnTest : public testing::TestWithParam<size_t> {};

TEST_P(EveryInsnTest, DoesWhatTheStandardSays) {
  const std::string name = isa::InfoOf(static_cast<isa::Op>(GetParam())).name;
  const auto found = Cases().find(name);
  if (kTestedElsewhere.contains(name)) {
    EXPECT_EQ(found, Cases().end());
    return;
  }
  ASSERT_NE(found, Cases().end()) << name << " has no case";
  for (const Case& c : found->second) {
    SCOPED_TRACE(c.line);
    ASSERT_EQ(c.insn[0].opcode,
              isa::InfoOf(static_cast<isa::Op>(GetParam())).opcode);
    Context context = {};
    context.word = c.before.memory;
    context.guard_before = context.guard_after = 0xa5a5a5a5a5a5a5a5;

    RunProgram(ProgramAround(c, context), &context);

    EXPECT_EQ(context.r0, c.after.r0);
    EXPECT_EQ(context.word, c.after.memory);
    EXPECT_EQ(context.jumped, c.jumped);
    if (c.kind != "store") {
      EXPECT_EQ(context.dst, c.after.dst);
    }
    if (c.kind != "load") {
      EXPECT_EQ(context.src, c.after.src);
    }
    EXPECT_EQ(context.guard_before, 0xa5a5a5a5a5a5a5a5);
    EXPECT_EQ(context.guard_after, 0xa5a5a5a5a5a5a5a5);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Opcodes, EveryInsnTest, testing::Range(size_t{0}, isa::kOpCount),
    [](const testing::TestParamInfo<size_t>& info) {
      return std::string(isa::InfoOf(static_cast<isa::Op>(info.param)).name);
    });

TEST(EveryInsnDataTest, EachCaseNamesAnInstruction) {
  std::set<std::string> names;
  for (size_t i = 0; i < isa::kOpCount; ++i) {
    names.insert(isa::InfoOf(static_cast<isa::Op>(i)).name);
  }
  for (const auto& [name, cases] : Cases()) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  for (const std::string& name : kTestedElsewhere) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

}  // namespace
}  // namespace ebpf
