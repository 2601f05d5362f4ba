// SPDX-License-Identifier: MIT
//
// The verifier as a whole: its log, its limits, its memory, any bytes.
#include "core/verifier/verifier.h"

#include <random>

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

/// With loops, branches, calls, lookups, records and spills.
Code ManySided() {
  return Join({MovReg(R6, R1), LookupOrExit(kHash), Store(kDW, R10, -16, R0),
               MovReg(R1, R6), CallLocal(23), MovReg(R7, R0), Reserve(16),
               JumpImm(kJeq, R0, 0, 8), MovReg(R8, R0), Load(kDW, R1, R6, 8),
               JumpImm(kJset, R1, 1, 1), StoreImm(kDW, R8, 0, 1),
               StoreImm(kDW, R8, 8, 2), Release(R8), MovImm(R9, 0),
               Load(kDW, R2, R10, -16), AluReg(kAdd, R2, R9),
               StoreImm(kB, R2, 0, 7), AluImm(kAdd, R9, 1),
               JumpImm(kJlt, R9, 40, -5), MovReg(R0, R7), Exit(),
               // The function.
               Load(kDW, R2, R1, 0), MovImm(R0, 0), JumpImm(kJlt, R2, 5, 1),
               AluImm(kAdd, R0, 1), JumpImm(kJset, R2, 8, 1),
               AluImm(kAdd, R0, 1), Exit()});
}

TEST_F(VerifierTest, ManySidedProgramIsAccepted) {
  const Verdict verdict = Judge(ManySided());
  EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_GT(verdict.stats.total_states, 2u);
  EXPECT_GE(verdict.stats.peak_states, verdict.stats.max_states_per_insn);
  Accepts(ManySided());
}

TEST_F(VerifierTest, AcceptedProgramsHaveTheStatisticsOnly) {
  EXPECT_EQ(Judge(Return0()).log,
            "processed 2 insns (limit 1000000) max_states_per_insn 0 "
            "total_states 0 peak_states 0 mark_read 0\n");
  const std::string log = Judge(Return0(), kLogStats).log;
  EXPECT_EQ(log.find("verification time "), 0u);
  EXPECT_EQ(log.substr(log.find('\n') + 1),
            "stack depth 0\n"
            "processed 2 insns (limit 1000000) max_states_per_insn 0 "
            "total_states 0 peak_states 0 mark_read 0\n");
}

TEST_F(VerifierTest, SilentLogsStaySilent) {
  EXPECT_EQ(Judge(Return0(), 0).log, "");
  EXPECT_EQ(Judge({Exit()}, 0).log, "");
}

TEST_F(VerifierTest, StatisticsComeLastAtEachLevel) {
  for (uint32_t level : {1u, 2u, 3u, 4u, 5u, 7u}) {
    const std::string log = Judge(Join({MovReg(R0, R2), Exit()}), level).log;
    EXPECT_TRUE(HasLine(log, "R2 !read_ok")) << log;
    const size_t last = log.rfind('\n', log.size() - 2);
    EXPECT_EQ(log.substr(last + 1),
              "processed 1 insns (limit 1000000) max_states_per_insn 0 "
              "total_states 0 peak_states 0 mark_read 0\n");
  }
}

/// Whatever a log's length, what is kept is its end (or, of a fixed one, its
/// beginning), nothing is written beyond the buffer, and all is counted.
TEST_F(VerifierTest, LogsAreCutAtEachLength) {
  const Code code = Join({Lookup(kHash), Load(kDW, R1, R0, 8), Return0()});
  const std::string whole = Judge(code, kLogStates).log;
  ASSERT_GT(whole.size(), 400u);
  for (bool fixed : {false, true}) {
    for (size_t size = 0; size <= whole.size() + 1; ++size) {
      std::vector<char> buffer(size + 1, '!');
      Log log(kLogStates | (fixed ? kLogFixed : 0), buffer.data(), size);
      Stats stats;
      FailingAllocator allocator;
      EXPECT_EQ(Verify(isa::ConstInsns(code.data(), code.size()), maps_->span(),
                       options_, allocator, log, {}, stats),
                Status::kAccess);
      const StringView text = log.writer().text();
      const size_t kept = std::min(size, whole.size());
      ASSERT_EQ(
          std::string(text.data(), text.size()),
          fixed ? whole.substr(0, kept) : whole.substr(whole.size() - kept));
      ASSERT_EQ(log.writer().wanted(), whole.size());
      ASSERT_EQ(log.writer().truncated(), size < whole.size());
      ASSERT_EQ(buffer.back(), '!');
    }
  }
}

TEST_F(VerifierTest, EachAllocationMayFail) {
  const Code code = ManySided();
  ForEachFailingAllocation("Verify", [&](FailingAllocator& allocator) {
    Log log;
    Stats stats;
    const Status status =
        Verify(isa::ConstInsns(code.data(), code.size()), maps_->span(),
               options_, allocator, log, {}, stats);
    EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
    EXPECT_EQ(allocator.outstanding_blocks(), 0u);
  });
}

TEST_F(VerifierTest, EachAllocationMayFailOnThePathsToARejection) {
  // Two branches are pending, and states are kept, when r9 is read.
  const Code code =
      Join({Load(kDW, R6, R1, 0), MovImm(R7, 0), AluImm(kAdd, R7, 1),
            JumpImm(kJset, R6, 1, 0), JumpImm(kJset, R6, 2, 0),
            JumpImm(kJlt, R7, 20, -4), MovReg(R0, R9), Exit()});
  ForEachFailingAllocation("a rejected program", [&](FailingAllocator& a) {
    Log log;
    Stats stats;
    const Status status = Verify(isa::ConstInsns(code.data(), code.size()),
                                 maps_->span(), options_, a, log, {}, stats);
    EXPECT_EQ(status, a.failed() ? Status::kNoMemory : Status::kAccess);
    EXPECT_EQ(a.outstanding_blocks(), 0u);
  });
}

TEST_F(VerifierTest, FactsTellWhatNoPathReaches) {
  const Verdict verdict =
      Judge(Join({MovImm(R0, 1), JumpImm(kJne, R0, 0, 3), Call(195896080),
                  LoadImm64(R0, 5), Exit()}));
  ASSERT_EQ(verdict.status, Status::kOk) << verdict.log;
  const bool never[] = {false, false, true, true, false, false};
  for (size_t i = 0; i < verdict.facts.size(); ++i) {
    EXPECT_EQ(verdict.facts[i].never_reached, never[i]) << i;
  }
}

TEST_F(VerifierTest, FactsAreForAcceptedProgramsOnly) {
  const Verdict verdict =
      Judge(Join({StoreImm(kDW, R10, -8, 0), MovReg(R0, R2), Exit()}));
  EXPECT_EQ(verdict.status, Status::kAccess);
  EXPECT_EQ(verdict.facts[0].pointer, PointerKind::kUnknown);
}

TEST_F(VerifierTest, ProgramTypeIsNeeded) {
  options_.type = nullptr;
  EXPECT_EQ(Judge(Return0()).status, Status::kInvalid);
}

TEST_F(VerifierTest, LongProgramsAreTaken) {
  Code code(500'000, MovImm(R0, 0));
  code.push_back(Exit());
  EXPECT_EQ(Judge(code, 0).status, Status::kOk);
  code.resize(kMaxProgramInsns + 1, Exit());
  EXPECT_EQ(Judge(code, 0).status, Status::kTooBig);
}

TEST_F(VerifierTest, MemoryOfWideProgramsIsBounded) {
  // A full stack, saved at each of many branches.
  Code code;
  for (int i = 8; i <= 512; i += 8) {
    code.push_back(Store(kDW, R10, -i, R1));
  }
  for (int i = 0; i < 9000; ++i) {
    code.push_back(Load(kDW, R6, R1, 0));
    code.push_back(JumpImm(kJeq, R6, i, 0));
    code.push_back(MovReg(R7, R6));
    code.push_back(Store(kDW, R10, -8 * (1 + i % 64), R7));
  }
  code = Join({code, Return0()});

  class Peak final : public Allocator {
   public:
    void* Allocate(size_t size, size_t) override {
      now_ += size;
      peak = std::max(peak, now_);
      return calloc(1, size);
    }
    void Free(void* memory, size_t size, size_t) override {
      now_ -= size;
      free(memory);
    }
    size_t peak = 0;

   private:
    size_t now_ = 0;
  } allocator;
  Log log;
  Stats stats;
  (void)Verify(isa::ConstInsns(code.data(), code.size()), maps_->span(),
               options_, allocator, log, {}, stats);
  EXPECT_LT(allocator.peak, size_t{64} << 20);
}

TEST_F(VerifierTest, AnyBytesAreJudged) {
  std::mt19937 random(7);
  unsigned accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    Code code(1 + random() % 12);
    for (isa::Insn& insn : code) {
      insn.opcode = static_cast<uint8_t>(random());
      insn.dst = random() % 12 & 0xf;
      insn.src = random() % 12 & 0xf;
      insn.offset = static_cast<int16_t>(random() % 16) - 8;
      insn.imm = static_cast<int32_t>(random());
      if (random() % 4 == 0) {
        insn = Exit();
      }
    }
    code.push_back(Exit());
    accepted += IsOk(Judge(code, random() % 8).status);
  }
  EXPECT_LT(accepted, 2000u);
}

TEST_F(VerifierTest, ValidProgramsWithOneFieldChangedAreJudged) {
  std::mt19937 random(8);
  const Code valid = ManySided();
  for (int i = 0; i < 5000; ++i) {
    Code code = valid;
    isa::Insn& insn = code[random() % code.size()];
    switch (random() % 5) {
      case 0:
        insn.opcode = static_cast<uint8_t>(random());
        break;
      case 1:
        insn.dst = random() % 16 & 0xf;
        break;
      case 2:
        insn.src = random() % 16 & 0xf;
        break;
      case 3:
        insn.offset = static_cast<int16_t>(random());
        break;
      default:
        insn.imm = static_cast<int32_t>(random() % 64) - 32;
    }
    (void)Judge(code, kLogPath);
  }
}

}  // namespace
}  // namespace ebpf::verifier
