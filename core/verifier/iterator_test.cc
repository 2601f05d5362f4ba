// SPDX-License-Identifier: MIT
#include "core/verifier/iterator.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class IteratorTest : public TypedTest {
 protected:
  /// r1 = &iterator
  static Code At(int offset) {
    return {MovReg(R1, R10), AluImm(kAdd, R1, offset)};
  }
  Code New(int offset = -8) {
    return Join(
        {At(offset), MovImm(R2, 0), MovImm(R3, 1000), CallKernel(iter_new_)});
  }
  Code Next(int offset = -8) {
    return Join({At(offset), CallKernel(iter_next_)});
  }
  Code Destroy(int offset = -8) {
    return Join({At(offset), CallKernel(iter_destroy_)});
  }
  /// while (next(&it)) { body }
  Code While(const Code& body, int offset = -8) {
    const int length = static_cast<int>(body.size());
    return Join({Next(offset), JumpImm(kJeq, R0, 0, length + 1), body,
                 Goto(-length - 5)});
  }
  bool Refused(const Code& code, const std::string& text) {
    const Verdict verdict = Judge(code);
    return verdict.status != Status::kOk &&
           verdict.log.find(text) != std::string::npos;
  }
};

TEST_F(IteratorTest, ALoopAroundOneEnds) {
  Accepts(Join({New(), While({MovImm(R6, 0)}), Destroy(), Return0()}));
}

TEST_F(IteratorTest, ItsElementsAreReadOnly) {
  Accepts(Join({New(), While({Load(kW, R6, R0, 0)}), Destroy(), Return0()}));
  EXPECT_TRUE(Refused(
      Join({New(), While({Load(kDW, R6, R0, 0)}), Destroy(), Return0()}),
      "invalid access to memory, mem_size=4 off=0 size=8"));
  EXPECT_TRUE(Refused(
      Join({New(), While({StoreImm(kW, R0, 0, 1)}), Destroy(), Return0()}),
      "cannot write into rdonly_mem"));
}

TEST_F(IteratorTest, ItsElementsMayBeMissing) {
  EXPECT_TRUE(
      Refused(Join({New(), Next(), Load(kW, R6, R0, 0), Destroy(), Return0()}),
              "R0 invalid mem access 'scalar'"));
}

TEST_F(IteratorTest, ItsElementsDieWithIt) {
  EXPECT_TRUE(
      Refused(Join({New(), Next(), MovReg(R6, R0), Destroy(),
                    JumpImm(kJeq, R6, 0, 1), Load(kW, R6, R6, 0), Return0()}),
              "R6 invalid mem access 'scalar'"));
}

TEST_F(IteratorTest, ItIsDestroyedOnEachPath) {
  EXPECT_TRUE(Refused(Join({New(), Return0()}), "Unreleased reference"));
  // Left in the middle of the loop.
  EXPECT_TRUE(Refused(Join({New(), Next(), JumpImm(kJeq, R0, 0, 2), Return0(),
                            Destroy(), Return0()}),
                      "Unreleased reference"));
}

TEST_F(IteratorTest, OnlyWhatBeganIsStepped) {
  EXPECT_TRUE(Refused(Join({StoreImm(kDW, R10, -8, 0), Next(), Return0()}),
                      "expected an initialized iter_num as arg #0"));
  EXPECT_TRUE(Refused(Join({New(), Destroy(), Destroy(), Return0()}),
                      "expected an initialized iter_num as arg #0"));
  EXPECT_TRUE(Refused(Join({New(), New(), Destroy(), Return0()}),
                      "expected uninitialized iter_num as arg #0"));
  EXPECT_TRUE(Refused(Join({MovImm(R1, 0), CallKernel(iter_next_), Return0()}),
                      "arg#0 expected pointer to an iterator on stack"));
}

TEST_F(IteratorTest, WhoWritesOverItLosesIt) {
  EXPECT_TRUE(
      Refused(Join({New(), StoreImm(kB, R10, -3, 0), Destroy(), Return0()}),
              "expected an initialized iter_num as arg #0"));
  EXPECT_TRUE(Refused(Join({New(), MovImm(R6, 0), AluImm(kAnd, R6, 7),
                            StoreImm(kDW, R10, -8, 0), Return0()}),
                      "Unreleased reference"));
}

TEST_F(IteratorTest, NobodyReadsIt) {
  EXPECT_TRUE(
      Refused(Join({New(), Load(kDW, R6, R10, -8), Destroy(), Return0()}),
              "invalid read from stack"));
  options_.allow_uninitialized_stack = true;
  EXPECT_TRUE(
      Refused(Join({New(), Load(kDW, R6, R10, -8), Destroy(), Return0()}),
              "invalid read from stack"));
}

TEST_F(IteratorTest, CountersInLoopsAreAnyNumber) {
  // r6 counts, and is checked before it is used.
  const auto program = [&](Code check) {
    return Join(
        {MovImm(R6, 0), New(),
         While(Join({check, LoadMapValue(R1, kArray), AluReg(kAdd, R1, R6),
                     StoreImm(kB, R1, 0, 1), AluImm(kAdd, R6, 1)})),
         Destroy(), Return0()});
  };
  Accepts(program({AluImm(kAnd, R6, 15)}));
  EXPECT_NE(Judge(program({})).status, Status::kOk);
}

TEST_F(IteratorTest, TwoLoopsMayBeNested) {
  Accepts(Join(
      {New(-8),
       While(Join({New(-16), While({MovImm(R6, 1)}, -16), Destroy(-16)}), -8),
       Destroy(-8), Return0()}));
}

TEST_F(IteratorTest, AnEndlessLoopAroundOneIsRefused) {
  // again: new; next; destroy; goto again
  const Code round = Join({New(), Next(), Destroy()});
  EXPECT_TRUE(Refused(
      Join({round, Goto(-static_cast<int>(round.size()) - 1), Return0()}),
      "unreachable"));
  const Code body = Join({round, MovImm(R6, 0)});
  const Verdict verdict = Judge(Join(
      {MovImm(R6, 0), body,
       JumpImm(kJeq, R6, 0, -static_cast<int>(body.size()) - 1), Return0()}));
  EXPECT_NE(verdict.status, Status::kOk);
}

TEST_F(IteratorTest, AnEndlessLoopInOneIsRefused) {
  EXPECT_TRUE(
      Refused(Join({New(), While({MovImm(R6, 0), JumpImm(kJeq, R6, 0, -1)}),
                    Destroy(), Return0()}),
              "infinite loop detected"));
}

TEST_F(IteratorTest, OneThatGivesNothingMoreGivesNothingMore) {
  // What was drained is stepped for ever.
  const Code next = Next();
  EXPECT_TRUE(
      Refused(Join({New(), While({MovImm(R6, 0)}), next,
                    JumpImm(kJeq, R0, 0, -static_cast<int>(next.size()) - 1),
                    Destroy(), Return0()}),
              "infinite loop detected"));
}

TEST_F(IteratorTest, AFunctionMayStepItsCallersIterator) {
  Accepts(Join({New(), At(-8), CallLocal(5), Destroy(), Return0(),
                // next(r1), until there is none
                MovReg(R6, R1), MovReg(R1, R6), CallKernel(iter_next_),
                JumpImm(kJne, R0, 0, -3), MovImm(R0, 0), Exit()}));
}

}  // namespace
}  // namespace ebpf::verifier
