// SPDX-License-Identifier: MIT
//
// Comparisons of the macro assembler: which way the CPU goes.
#include "arch/x86_64/run_test_util.h"

namespace ebpf::x86_64 {
namespace {

class BranchRunTest : public RunTest {
 protected:
  /// A branch over code that changes the lowest bit of r9.
  static constexpr Reg kMark = 9;
  void Mark(MacroAssembler& m, Operation condition, unsigned width, Reg lhs,
            Operand rhs, int64_t distance) {
    const uint8_t form = m.Branch(condition, width, lhs, rhs, distance);
    const size_t end = buffer_->size();
    m.Alu(Operation::kXor, 64, kMark, kMark, Operand::Imm(1));
    MacroAssembler::Patch(code_bytes(), end, form,
                          static_cast<int64_t>(buffer_->size() - end));
    m.AtTarget();
  }
  void Expect(State state, bool taken, const std::string& what) {
    State want = state;
    want.regs[kMark] ^= taken ? 0 : 1;
    ExpectOnly(state, {}, kMark, want, what);
  }
};

TEST_F(BranchRunTest, GoesWhereTheConditionSays) {
  const Reg kPairs[][2] = {{0, 1}, {5, 6}, {7, 7}, {10, 2}, {3, kTemp1}};
  for (const Operation op : kConditions) {
    for (const unsigned width : {32u, 64u}) {
      for (const int64_t distance : {kLocalDistance, kUnknownDistance}) {
        for (const auto& [lhs, rhs] : kPairs) {
          Build(0, {}, [&](MacroAssembler& m) {
            Mark(m, op, width, lhs, Operand::Of(rhs), distance);
          });
          for (int i = 0; i < 100; ++i) {
            State state = RandomState();
            if (i % 4 == 0) {
              state.regs[rhs] = state.regs[lhs];
            }
            Expect(state,
                   ConditionModel(op, width, state.regs[lhs], state.regs[rhs]),
                   Name(op, width) + Names(0, lhs, rhs));
          }
        }
      }
    }
  }
}

TEST_F(BranchRunTest, ComparesWithConstants) {
  for (const Operation op : kConditions) {
    for (const unsigned width : {32u, 64u}) {
      for (const int32_t imm : kImms) {
        for (const Reg lhs : {Reg{0}, Reg{2}, Reg{7}, kTemp0}) {
          Build(0, {}, [&](MacroAssembler& m) {
            Mark(m, op, width, lhs, Operand::Imm(imm), kLocalDistance);
          });
          const auto value = static_cast<uint64_t>(int64_t{imm});
          for (int i = 0; i < 40; ++i) {
            State state = RandomState();
            if (i % 4 == 0) {
              state.regs[lhs] = value + Random() % 3 - 1;
            }
            Expect(state, ConditionModel(op, width, state.regs[lhs], value),
                   Name(op, width) + " with " + std::to_string(imm));
          }
        }
      }
    }
  }
}

/// What leaves flags behind, and which register they are of.
struct Flagger {
  std::string name;
  std::function<void(MacroAssembler&, Reg dst)> emit;
  std::function<void(State&, Reg dst)> model;
};

std::vector<Flagger> Flaggers() {
  std::vector<Flagger> flaggers;
  for (const Operation op : kAluOps) {
    for (const unsigned width : {32u, 64u}) {
      for (const int32_t imm :
           {0, 1, -1, 2, 5, 31, 128, 255, -256, INT32_MIN}) {
        if ((op == Operation::kLsh || op == Operation::kRsh ||
             op == Operation::kArsh) &&
            (imm < 0 || imm > 31)) {
          continue;
        }
        for (const Reg lhs : {Reg{0}, Reg{1}}) {
          flaggers.push_back({Name(op, width) + " with " + std::to_string(imm),
                              [=](MacroAssembler& m, Reg dst) {
                                m.Alu(op, width, dst, lhs, Operand::Imm(imm));
                              },
                              [=](State& state, Reg dst) {
                                state.regs[dst] = AluModel(
                                    op, width, state.regs[lhs],
                                    static_cast<uint64_t>(int64_t{imm}));
                              }});
        }
      }
      for (const auto& [lhs, rhs] :
           {std::pair<Reg, Reg>{0, 2}, {2, 0}, {2, 3}, {0, 0}}) {
        flaggers.push_back({Name(op, width) + Names(0, lhs, rhs),
                            [=](MacroAssembler& m, Reg dst) {
                              m.Alu(op, width, dst, lhs, Operand::Of(rhs));
                            },
                            [=](State& state, Reg dst) {
                              state.regs[dst] = AluModel(
                                  op, width, state.regs[lhs], state.regs[rhs]);
                            }});
      }
    }
  }
  for (const unsigned width : {32u, 64u}) {
    flaggers.push_back(
        {"Negate", [=](MacroAssembler& m, Reg dst) { m.Negate(width, dst, 0); },
         [=](State& state, Reg dst) {
           state.regs[dst] = Narrow(width, 0 - state.regs[0]);
         }});
    flaggers.push_back({"Branch",
                        [=](MacroAssembler& m, Reg) {
                          m.Branch(Operation::kEq, width, 0, Operand::Imm(0),
                                   kLocalDistance);
                        },
                        [](State&, Reg) {}});
    flaggers.push_back({"Branch on bits",
                        [=](MacroAssembler& m, Reg) {
                          m.Branch(Operation::kSet, width, 0, Operand::Imm(0),
                                   kLocalDistance);
                        },
                        [](State&, Reg) {}});
    flaggers.push_back({"Branch on registers",
                        [=](MacroAssembler& m, Reg) {
                          m.Branch(Operation::kGt, width, 0, Operand::Of(2),
                                   kLocalDistance);
                        },
                        [](State&, Reg) {}});
  }
  flaggers.push_back(
      {"LoadAddress",
       [](MacroAssembler& m, Reg dst) { m.LoadAddress(dst, {0, 2, 0, 0}); },
       [](State& state, Reg dst) {
         state.regs[dst] = state.regs[0] + state.regs[2];
       }});
  return flaggers;
}

/// What may stand between that and a branch on r0 or r2.
std::vector<Flagger> Betweens() {
  return {
      {"nothing", [](MacroAssembler&, Reg) {}, [](State&, Reg) {}},
      {"a move", [](MacroAssembler& m, Reg) { m.Mov(32, 5, 0); },
       [](State& state, Reg) { state.regs[5] = Narrow(32, state.regs[0]); }},
      {"a move to it", [](MacroAssembler& m, Reg dst) { m.Mov(64, dst, 3); },
       [](State& state, Reg dst) { state.regs[dst] = state.regs[3]; }},
      {"a move to the other one",
       [](MacroAssembler& m, Reg) { m.Mov(32, 2, 3); },
       [](State& state, Reg) { state.regs[2] = Narrow(32, state.regs[3]); }},
      {"a constant", [](MacroAssembler& m, Reg) { m.MovImm(5, 77); },
       [](State& state, Reg) { state.regs[5] = 77; }},
      {"0", [](MacroAssembler& m, Reg) { m.MovImm(5, 0); },
       [](State& state, Reg) { state.regs[5] = 0; }},
      {"a sum elsewhere",
       [](MacroAssembler& m, Reg) {
         m.Alu(Operation::kAdd, 64, 5, 3, Operand::Imm(9));
         m.Alu(Operation::kAdd, 64, 6, 3, Operand::Of(4));
       },
       [](State& state, Reg) {
         state.regs[5] = state.regs[3] + 9;
         state.regs[6] = state.regs[3] + state.regs[4];
       }},
      {"a sum in it",
       [](MacroAssembler& m, Reg dst) {
         m.Alu(Operation::kAdd, 64, dst, 3, Operand::Of(4));
       },
       [](State& state, Reg dst) {
         state.regs[dst] = state.regs[3] + state.regs[4];
       }},
  };
}

TEST_F(BranchRunTest, TakesFlagsOfWhatCameBeforeOnlyIfTheyAreThose) {
  const Reg kResult = 0;
  const std::vector<Flagger> betweens = Betweens();
  for (const Flagger& flagger : Flaggers()) {
    for (const Operation op : kConditions) {
      for (const unsigned width : {32u, 64u}) {
        const Operand kOthers[] = {Operand::Imm(0), Operand::Imm(1),
                                   Operand::Imm(-1), Operand::Of(2)};
        for (const bool with_zero : {true, false}) {
          const Operand rhs = kOthers[with_zero ? 0 : Random() % 4];
          // Branches of a flagger go to the next instruction.
          const Flagger& between = betweens[Random() % betweens.size()];
          InsnContext context;
          if (width == 32) {
            context.live_upper_after = static_cast<uint16_t>(Random());
          }
          Build(0, context, [&](MacroAssembler& m) {
            flagger.emit(m, kResult);
            m.context = {};
            between.emit(m, kResult);
            Mark(m, op, width, kResult, rhs, kLocalDistance);
          });
          for (int i = 0; i < 8; ++i) {
            State state = RandomState();
            State after = state;
            flagger.model(after, kResult);
            between.model(after, kResult);
            const bool taken = ConditionModel(
                op, width, after.regs[kResult],
                rhs.is_imm() ? static_cast<uint64_t>(int64_t{rhs.imm})
                             : after.regs[rhs.reg]);
            after.regs[kMark] ^= taken ? 0 : 1;
            ExpectOnly(
                state, context, kResult, after,
                flagger.name + ", " + between.name + ", " + Name(op, width));
            if (HasFatalFailure()) {
              return;
            }
          }
        }
      }
    }
  }
}

TEST_F(BranchRunTest, MovesIfTheConditionHolds) {
  const Reg kShapes[][4] = {{0, 1, 2, 3},
                            {0, 1, 0, 1},
                            {0, 1, 1, 0},
                            {6, 6, 7, 6},
                            {9, 8, 5, kTemp1}};
  for (const Operation op : kConditions) {
    for (const unsigned width : {32u, 64u}) {
      for (const auto& [lhs, rhs, dst, src] : kShapes) {
        for (const bool with_imm : {false, true}) {
          const InsnContext context = RandomContext(dst);
          const int32_t imm = kImms[Random() % std::size(kImms)];
          Build(0, context, [&](MacroAssembler& m) {
            m.MoveIf(op, width, lhs,
                     with_imm ? Operand::Imm(imm) : Operand::Of(rhs), dst, src);
          });
          for (int i = 0; i < 30; ++i) {
            State state = RandomState();
            State want = state;
            const uint64_t other = with_imm
                                       ? static_cast<uint64_t>(int64_t{imm})
                                       : state.regs[rhs];
            if (ConditionModel(op, width, state.regs[lhs], other)) {
              want.regs[dst] = state.regs[src];
            }
            ExpectOnly(state, context, dst, want, Name(op, width));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace ebpf::x86_64
