// SPDX-License-Identifier: MIT
//
// What a place costs while nobody asks: its instructions are counted, by
// x86-64's trap flag. Compiled as kernels are.
#include <signal.h>
#include <ucontext.h>

#include "core/tracepoints/static_key.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

/// places:three_words(a, b, c), of which a place has to make the last two.
struct ThreeWords {
  static constexpr char kSystem[] = "places";
  static constexpr char kName[] = "three_words";
  struct Record {
    EventHeader header;
  };
  static constexpr Span<const EventField> kFields = {};
  static constexpr char kPrintFormat[] = "\"\"";
  static void Fill(Record&, uint64_t, uint64_t, uint64_t) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(ThreeWords);

/// places:ten_words(...), which do not fit into registers.
struct TenWords {
  static constexpr char kSystem[] = "places";
  static constexpr char kName[] = "ten_words";
  struct Record {
    EventHeader header;
  };
  static constexpr Span<const EventField> kFields = {};
  static constexpr char kPrintFormat[] = "\"\"";
  static void Fill(Record&, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                   uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(TenWords);

using Function = uint64_t(uint64_t a, uint64_t b, const uint64_t* words);

[[gnu::noinline]] uint64_t Plain(uint64_t a, uint64_t b,
                                 const uint64_t* words) {
  return a * b + words[1];
}
[[gnu::noinline]] uint64_t Passing(uint64_t a, uint64_t b,
                                   const uint64_t* words) {
  EBPF_TRACE(ThreeWords, a, b * 77 + *words, words[2]);
  return a * b + words[1];
}
[[gnu::noinline]] uint64_t PassingMany(uint64_t a, uint64_t b,
                                       const uint64_t* words) {
  EBPF_TRACE(TenWords, a, b, words[0], words[1], words[2], a + b, a - b, a ^ b,
             a | b, a & b);
  return a * b + words[1];
}

constexpr uint64_t kTrapFlag = 0x100;
volatile uint64_t steps;

void OnStep(int /*signal*/) { steps = steps + 1; }

/// The instructions of a call, and always as many others.
uint64_t StepsOf(Function* function) {
  constexpr uint64_t kWords[] = {5, 7, 9};
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = OnStep;
  sigaction(SIGTRAP, &action, &before);
  steps = 0;
  Function* volatile const called = function;
  asm volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" ::"i"(kTrapFlag)
               : "cc", "memory");
  const uint64_t result = called(3, 4, kWords);
  asm volatile("pushfq\n\tandq %0, (%%rsp)\n\tpopfq" ::"i"(~kTrapFlag)
               : "cc", "memory");
  sigaction(SIGTRAP, &before, nullptr);
  EXPECT_EQ(result, 3 * 4 + kWords[1]);
  return steps;
}

using TracepointPlaceTest = TracepointFixture;

TEST_F(TracepointPlaceTest, CostsOneInstructionAtMostWhileNobodyAsks) {
#ifndef __OPTIMIZE__
  GTEST_SKIP() << "not compiled as kernels are";
#endif
  // Less where the compiler makes the frame that this function has no use for
  // behind the branches only.
  const uint64_t plain = StepsOf(Plain);
  EXPECT_LE(StepsOf(Passing), plain + 1);
  EXPECT_LE(StepsOf(PassingMany), plain + 1);
  EXPECT_EQ(CountStaticSites(ThreeWords::tracepoint.key), 1u);

  // As before, once somebody has asked.
  KeptArguments arguments(3);
  KeptArguments many(10);
  ASSERT_EQ(AddArgumentsConsumer(ThreeWords::tracepoint, arguments),
            Status::kOk);
  ASSERT_EQ(AddArgumentsConsumer(TenWords::tracepoint, many), Status::kOk);
  EXPECT_GT(StepsOf(Passing), plain + 20);
  EXPECT_GT(StepsOf(PassingMany), plain + 20);
  RemoveArgumentsConsumer(ThreeWords::tracepoint, arguments);
  RemoveArgumentsConsumer(TenWords::tracepoint, many);
  EXPECT_EQ(arguments.calls,
            (std::vector<std::vector<uint64_t>>{{3, 4 * 77 + 5, 9}}));
  EXPECT_EQ(many.calls, (std::vector<std::vector<uint64_t>>{
                            {3, 4, 5, 7, 9, 7, UINT64_MAX, 7, 7, 0}}));
  EXPECT_LE(StepsOf(Passing), plain + 1);
  EXPECT_LE(StepsOf(PassingMany), plain + 1);
}

}  // namespace
}  // namespace ebpf
