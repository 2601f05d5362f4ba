// SPDX-License-Identifier: MIT
//
// Jumps and calls of every length: across each form that a CPU has for them,
// and programs as large as they may be.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "gtest/gtest.h"
#include "testing/conformance/batch.h"
#include "testing/conformance/catalog.h"
#include "testing/conformance/engines.h"

namespace ebpf::conformance {
namespace {

using Code = std::vector<Insn>;

constexpr unsigned kMovImm = 0xb7, kAddImm = 0x07, kMov = 0xbf, kExit = 0x95,
                   kGotoLong = 0x06, kCall = 0x85, kLsh = 0x67, kXor = 0xaf,
                   kSwap = 0xd7, kLoad = 0x79;
constexpr int kMaxOffset = INT16_MAX;

/// Instructions that take few or many bytes, and do nothing that matters. r0
/// and r5 are theirs; r5 is the address of a word.
struct Filler {
  const char* name;
  Insn insn;
  Insn second = {};  // of a 64-bit constant
  bool wide = false;
};

const Filler kFillers[] = {
    {"add", Make(0x0f, 0, 4, 0, 0)},
    {"add of a constant", Make(kAddImm, 0, 0, 0, 0x12345678)},
    {"swap", Make(kSwap, 0, 0, 0, 64)},
    {"fetch", Make(0xdb, 5, 0, 0, 0x41)},
    {"remainder", Make(0x9f, 0, 4, 1, 0)},
    {"constant", Make(0x18, 0, 0, 0, 0x12345678), Make(0, 0, 0, 0, 0x76543210),
     true},
};

void AppendFiller(Code& code, const Filler& filler, size_t slots) {
  for (size_t i = 0; i < slots; i += filler.wide ? 2 : 1) {
    code.push_back(filler.insn);
    if (filler.wide) {
      code.push_back(filler.second);
    }
  }
}

class JumpDistanceTest : public testing::TestWithParam<Variant> {
 protected:
  /// r1 = the word, r2 and r3 what jumps compare.
  uint64_t Run(const Code& code, uint64_t expected) {
    uint64_t context[4] = {7, 3, 5, 0};
    uint64_t result = 0;
    EXPECT_TRUE(RunProgram(engine_.engine(), code, {}, context, result));
    EXPECT_EQ(result, expected);
    return result;
  }

  RunningCore core_;
  VariantEngine engine_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Engines, JumpDistanceTest,
                         testing::ValuesIn(Variants()),
                         [](const testing::TestParamInfo<Variant>& info) {
                           return info.param.name;
                         });

void AppendStart(Code& code) {
  code.push_back(Make(kMov, 5, 1, 0, 0));
  code.push_back(Make(kLoad, 2, 1, 8, 0));   // 3
  code.push_back(Make(kLoad, 3, 1, 16, 0));  // 5
  code.push_back(Make(kMovImm, 4, 0, 0, 9));
  code.push_back(Make(kMovImm, 6, 0, 0, 0));
  code.push_back(Make(kMovImm, 0, 0, 0, 1));
}

void AppendEnd(Code& code) {
  code.push_back(Make(kMov, 0, 6, 0, 0));
  code.push_back(Make(kExit, 0, 0, 0, 0));
}

/// What `jump` does with r2 = 3 and r3 = 5, or 5 as the constant.
bool Takes(const JumpOp& jump) {
  oracle::State state;
  state.regs[2] = 3;
  state.regs[3] = 5;
  const Code code = {Make(jump.opcode, 2, jump.from_register ? 3 : 0, 1,
                          jump.from_register ? 0 : 5),
                     Make(kMovImm, 9, 0, 0, 1)};
  EXPECT_EQ(oracle::Run(code, state), oracle::Result::kDone);
  return state.regs[9] == 0;
}

/// `jump` over `slots` of filler, and an instruction that counts.
void AppendForward(Code& code, const JumpOp& jump, const Filler& filler,
                   size_t slots) {
  const unsigned src = jump.from_register ? 3 : 0;
  code.push_back(Make(jump.opcode, 2, src, static_cast<int>(slots) + 1,
                      jump.from_register ? 0 : 5));
  code.push_back(Make(kAddImm, 6, 0, 0, 1));
  AppendFiller(code, filler, slots);
}

/// Twice round the loop, the second time if `jump` jumps.
void AppendBackward(Code& code, const JumpOp& jump, const Filler& filler,
                    size_t slots) {
  const unsigned src = jump.from_register ? 3 : 0;
  code.push_back(Make(kMovImm, 7, 0, 0, 0));
  AppendFiller(code, filler, slots);
  code.push_back(Make(kAddImm, 6, 0, 0, 1));
  code.push_back(Make(kAddImm, 7, 0, 0, 1));
  code.push_back(Make(0x15, 7, 0, 1, 2));  // if r7 == 2 goto +1
  code.push_back(Make(jump.opcode, 2, src, -static_cast<int>(slots) - 4,
                      jump.from_register ? 0 : 5));
}

TEST_P(JumpDistanceTest, EachConditionReachesOverEachShortForm) {
  // Up to 80 instructions one by one, which is 128 bytes and more; then around
  // what 256 bytes, 1, 2, 4 and 8 KiB are in instructions of 2, 3, 4 and 8
  // bytes.
  std::vector<size_t> lengths;
  for (size_t n = 0; n < 80; ++n) {
    lengths.push_back(n);
  }
  for (const size_t bytes : {256, 1024, 2048, 4096, 8192}) {
    for (const size_t each : {2, 3, 4, 8}) {
      for (size_t near = 0; near < 6; ++near) {
        lengths.push_back(bytes / each - near);
      }
    }
  }
  const auto start = std::chrono::steady_clock::now();
  size_t jumps = 0;
  for (size_t n = 0; n < lengths.size(); ++n) {
    const Filler& filler = kFillers[n % 3];
    Code code;
    AppendStart(code);
    uint64_t expected = 0;
    for (size_t j = n % 4; j < JumpOps().size(); j += lengths[n] < 80 ? 1 : 4) {
      const JumpOp& jump = JumpOps()[j];
      AppendForward(code, jump, filler, lengths[n]);
      AppendBackward(code, jump, filler, lengths[n]);
      const bool takes = Takes(jump);
      expected += (takes ? 0 : 1) + (takes ? 2 : 1);
      jumps += 2;
    }
    AppendEnd(code);
    Run(code, expected);
    if (HasFailure()) {
      FAIL() << lengths[n] << " times " << filler.name;
    }
  }
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  std::printf("%zu jumps, %.1f s\n", jumps, seconds.count());
}

/// The longest that a conditional jump can be, 32767 slots, over instructions
/// of the most bytes.
TEST_P(JumpDistanceTest, EachConditionReachesAsFarAsItsOffset) {
  size_t number = 0;
  for (const JumpOp& jump : JumpOps()) {
    const Filler& filler = kFillers[1 + number++ % 5];
    const size_t slots = kMaxOffset - 1 - (filler.wide ? 0 : 1);
    Code code;
    AppendStart(code);
    AppendForward(code, jump, filler, slots);
    AppendBackward(code, jump, filler, slots - 2);
    AppendEnd(code);
    const bool takes = Takes(jump);
    Run(code, (takes ? 0 : 1) + (takes ? 2 : 1));
    if (HasFailure()) {
      FAIL() << unsigned{jump.opcode} << " over " << filler.name;
    }
  }
}

/// gotol and calls over more than a mebibyte of code, both ways.
TEST_P(JumpDistanceTest, LongGotosAndCallsReachOverMebibytes) {
  for (const size_t slots : {20000, 65000, 131000, 262100, 262144, 350000}) {
    for (const Filler& filler : {kFillers[0], kFillers[1], kFillers[5]}) {
      Code code;
      AppendStart(code);
      const auto distance = static_cast<int64_t>(slots);
      // main: gotol last; function (filler) ...; last: call function;
      // gotol done, back at the start.
      code.push_back(Make(kGotoLong, 0, 0, 0, distance + 4));
      const size_t done = code.size();
      AppendEnd(code);
      const size_t middle = code.size();
      AppendFiller(code, filler, slots);
      code.push_back(Make(kAddImm, 6, 0, 0, 1));
      code.push_back(Make(kExit, 0, 0, 0, 0));  // ends the program: not reached
      const size_t last = code.size();
      code.push_back(Make(kAddImm, 6, 0, 0, 2));
      const auto after_call = static_cast<int64_t>(last) + 2;
      const auto function = static_cast<int64_t>(last) + 4;
      code.push_back(Make(kCall, 0, 1, 0, function - after_call));
      code.push_back(Make(0x0f, 6, 0, 0, 0));
      code.push_back(Make(
          kGotoLong, 0, 0, 0,
          static_cast<int64_t>(done) - static_cast<int64_t>(code.size()) - 1));
      // function: filler; r0 = 4; exit
      code.push_back(Make(kMovImm, 0, 0, 0, 1));
      code.push_back(Make(kMovImm, 4, 0, 0, 1));
      code.push_back(Make(0x15, 4, 0, 1, 1));
      code.push_back(Make(kGotoLong, 0, 0, 0, 0));
      AppendFiller(code, kFillers[1], slots / 8);
      code.push_back(Make(kMovImm, 0, 0, 0, 4));
      code.push_back(Make(kExit, 0, 0, 0, 0));
      EXPECT_EQ(middle, done + 2);
      Run(code, 6);
      if (HasFailure()) {
        FAIL() << slots << " times " << filler.name;
      }
    }
  }
}

/// A function far before its caller: the call goes back over mebibytes.
TEST_P(JumpDistanceTest, CallsReachBackOverMebibytes) {
  for (const size_t slots : {1000, 131000, 262144, 350000}) {
    Code code;
    AppendStart(code);
    code.push_back(Make(kCall, 0, 1, 0, 5));  // far
    code.push_back(Make(kMov, 6, 0, 0, 0));
    AppendEnd(code);
    // A function that the one behind it calls.
    const auto near = static_cast<int64_t>(code.size());
    code.push_back(Make(kMovImm, 0, 0, 0, 4));
    code.push_back(Make(kExit, 0, 0, 0, 0));
    // far
    code.push_back(Make(kMovImm, 0, 0, 0, 0));
    AppendFiller(code, kFillers[1], slots);
    const auto call = static_cast<int64_t>(code.size());
    code.push_back(Make(kCall, 0, 1, 0, near - call - 1));
    code.push_back(Make(kAddImm, 0, 0, 0, 1));
    code.push_back(Make(kExit, 0, 0, 0, 0));
    Run(code, 5);
  }
}

constexpr size_t kMillion = 1000000;

double CompileMillion(Engine& engine, const Code& code, uint64_t expected) {
  const auto start = std::chrono::steady_clock::now();
  uint64_t context[4] = {7, 3, 5, 0};
  uint64_t result = 0;
  EXPECT_TRUE(RunProgram(engine, code, {}, context, result));
  EXPECT_EQ(result, expected);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

TEST_P(JumpDistanceTest, AMillionInstructionsRun) {
  // Straight ahead.
  Code straight;
  AppendStart(straight);
  while (straight.size() < kMillion - 2) {
    straight.push_back(Make(kAddImm, 6, 0, 0, 3));
    if (straight.size() % 2 == 0) {
      straight.back() = Make(kXor, 4, 6, 0, 0);
    }
  }
  uint64_t sum = 0;
  for (const Insn& insn : straight) {
    sum += insn.opcode == kAddImm && insn.dst() == 6 ? 3 : 0;
  }
  AppendEnd(straight);
  ASSERT_EQ(straight.size(), kMillion);
  const double first = CompileMillion(engine_.engine(), straight, sum);

  // Conditional jumps only, over one instruction each.
  Code jumps;
  AppendStart(jumps);
  while (jumps.size() < kMillion - 4) {
    jumps.push_back(Make(0x1d, 2, 3, 1, 0));  // if r2 == r3 goto +1: no
    jumps.push_back(Make(kAddImm, 6, 0, 0, 1));
  }
  sum = (jumps.size() - 6) / 2;
  AppendEnd(jumps);
  const double second = CompileMillion(engine_.engine(), jumps, sum);

  // Functions: the main one calls 100000 others of 8 instructions.
  Code calls;
  AppendStart(calls);
  constexpr size_t kFunctions = 100000;
  const size_t main_end = calls.size() + 2 * kFunctions + 2;
  for (size_t f = 0; f < kFunctions; ++f) {
    const size_t target = main_end + 8 * f;
    calls.push_back(Make(
        kCall, 0, 1, 0,
        static_cast<int64_t>(target) - static_cast<int64_t>(calls.size()) - 1));
    calls.push_back(Make(0x0f, 6, 0, 0, 0));
  }
  AppendEnd(calls);
  for (size_t f = 0; f < kFunctions; ++f) {
    calls.push_back(Make(kMovImm, 0, 0, 0, 1));
    for (int i = 0; i < 6; ++i) {
      calls.push_back(Make(kLsh, 0, 0, 0, i % 2));
    }
    calls.push_back(Make(kExit, 0, 0, 0, 0));
  }
  const double third = CompileMillion(engine_.engine(), calls, 8 * kFunctions);
  std::printf("%s: a million straight %.2f s, jumps %.2f s, calls %.2f s\n",
              GetParam().name.c_str(), first, second, third);
}

}  // namespace
}  // namespace ebpf::conformance
