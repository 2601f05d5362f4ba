// SPDX-License-Identifier: MIT
//
// Memory accesses of the macro assembler, run with all registers in all places.
#include <cstring>

#include "arch/x86_64/run_test_util.h"

namespace ebpf::x86_64 {
namespace {

/// One address of a State's memory, and how it is said.
struct Place {
  Address address;
  size_t byte;  // in State::memory
};

class MemoryRunTest : public RunTest {
 protected:
  /// An address with `base` and perhaps an index. ExpectOnly's copy of a State
  /// is elsewhere, so what is accessed is `memory_`.
  Place RandomPlace(Reg base) {
    Place place;
    place.byte = 8 * (1 + Random() % 6);
    place.address.base = base;
    place.address.offset =
        static_cast<int32_t>(Random() % 3 == 0 ? Random() >> 34
                                               : Random() % 256) -
        128;
    if (Random() % 8 == 0) {
      place.address.offset = 0;
    }
    if (Random() % 2 == 0) {
      place.address.index = static_cast<Reg>(Random() % kRegCount);
      place.address.scale = Random() % 4;
    }
    return place;
  }

  /// Sets the registers of `state` to reach `place`; which may change its
  /// offset. Call it before the code is built.
  void Solve(Place& place, State& state) {
    Address& address = place.address;
    const uint64_t target = reinterpret_cast<uint64_t>(memory_) + place.byte -
                            static_cast<uint64_t>(int64_t{address.offset});
    if (address.index == kNoReg) {
      state.regs[address.base] = target;
    } else if (address.index != address.base) {
      state.regs[address.base] =
          target - (state.regs[address.index] << address.scale);
    } else {
      const uint64_t times = (uint64_t{1} << address.scale) + 1;
      state.regs[address.base] = target / times;
      address.offset += static_cast<int32_t>(target % times);
    }
  }

  /// `emit` at a place with each register as its base and each as its other
  /// one; `model` changes registers and memory, `at` is where.
  void EachPair(
      uint64_t features, const std::string& what,
      const std::function<void(MacroAssembler&, const Address&, Reg)>& emit,
      const std::function<void(State&, uint8_t* at, Reg)>& model,
      const std::function<Reg(Reg)>& result) {
    for (Reg base = 0; base < kRegCount; ++base) {
      for (Reg reg = 0; reg < kRegCount; ++reg) {
        if (result(reg) == kFramePointerReg) {
          continue;
        }
        for (int i = 0; i < 2; ++i) {
          Place place = RandomPlace(base);
          State state = RandomState();
          Solve(place, state);
          const InsnContext context = RandomContext(result(reg));
          Build(features, context,
                [&](MacroAssembler& m) { emit(m, place.address, reg); });
          State want = state;
          memcpy(memory_, state.memory, sizeof(memory_));
          memcpy(expected_, memory_, sizeof(memory_));
          model(want, reinterpret_cast<uint8_t*>(expected_) + place.byte, reg);
          ExpectOnly(state, context, result(reg), want,
                     what + " at " + Names(base, place.address.index, reg));
          ASSERT_EQ(memcmp(memory_, expected_, sizeof(memory_)), 0) << what;
          if (HasFatalFailure()) {
            return;
          }
        }
      }
    }
  }

  static uint64_t Read(unsigned bits, const uint8_t* at) {
    uint64_t value = 0;
    memcpy(&value, at, bits / 8);
    return value;
  }
  static void Write(unsigned bits, uint8_t* at, uint64_t value) {
    memcpy(at, &value, bits / 8);
  }
  static Reg Same(Reg reg) { return reg; }
  /// No register: r0 stays as it is.
  static Reg NoResult(Reg) { return 0; }

  alignas(64) uint64_t memory_[8];
  uint64_t expected_[8];
};

TEST_F(MemoryRunTest, LoadsAndExtends) {
  for (const unsigned bits : {8u, 16u, 32u, 64u}) {
    for (const bool sign_extend : {false, true}) {
      EachPair(
          0, "Load",
          [&](MacroAssembler& m, const Address& from, Reg dst) {
            m.Load(bits, sign_extend, dst, from);
          },
          [&](State& state, uint8_t* at, Reg dst) {
            const uint64_t value = Read(bits, at);
            state.regs[dst] = sign_extend
                                  ? static_cast<uint64_t>(Signed(bits, value))
                                  : value;
          },
          Same);
    }
    EachPair(
        0, "LoadAcquire",
        [&](MacroAssembler& m, const Address& from, Reg dst) {
          m.LoadAcquire(bits, dst, from);
        },
        [&](State& state, uint8_t* at, Reg dst) {
          state.regs[dst] = Read(bits, at);
        },
        Same);
  }
}

TEST_F(MemoryRunTest, LoadsSwapped) {
  for (const uint64_t features : FeatureSets()) {
    for (const unsigned bits : {16u, 32u, 64u}) {
      EachPair(
          features, "LoadSwapped",
          [&](MacroAssembler& m, const Address& from, Reg dst) {
            m.LoadSwapped(bits, dst, from);
          },
          [&](State& state, uint8_t* at, Reg dst) {
            state.regs[dst] = __builtin_bswap64(Read(bits, at)) >> (64 - bits);
          },
          Same);
    }
  }
}

TEST_F(MemoryRunTest, StoresRegistersAndConstants) {
  for (const unsigned bits : {8u, 16u, 32u, 64u}) {
    for (const bool release : {false, true}) {
      EachPair(
          0, "Store",
          [&](MacroAssembler& m, const Address& to, Reg src) {
            if (release) {
              m.StoreRelease(bits, to, src);
            } else {
              m.Store(bits, to, Operand::Of(src));
            }
          },
          [&](State& state, uint8_t* at, Reg src) {
            Write(bits, at, state.regs[src]);
          },
          NoResult);
    }
    for (const int32_t imm : {0, -1, 0x1234, INT32_MIN}) {
      EachPair(
          0, "Store constant",
          [&](MacroAssembler& m, const Address& to, Reg) {
            m.Store(bits, to, Operand::Imm(imm));
          },
          [&](State&, uint8_t* at, Reg) {
            Write(bits, at, static_cast<uint64_t>(int64_t{imm}));
          },
          NoResult);
    }
  }
}

TEST_F(MemoryRunTest, ComputesWithMemory) {
  for (const Operation op :
       {Operation::kAdd, Operation::kSub, Operation::kMul, Operation::kAnd,
        Operation::kOr, Operation::kXor}) {
    for (const unsigned width : {32u, 64u}) {
      EachPair(
          0, "AluMemory " + Name(op, width),
          [&](MacroAssembler& m, const Address& from, Reg dst) {
            m.AluMemory(op, width, dst, from);
          },
          [&](State& state, uint8_t* at, Reg dst) {
            state.regs[dst] =
                AluModel(op, width, state.regs[dst], Read(width, at));
          },
          Same);
      if (op == Operation::kMul) {
        continue;
      }
      EachPair(
          0, "MemoryAlu " + Name(op, width),
          [&](MacroAssembler& m, const Address& to, Reg src) {
            m.MemoryAlu(op, width, to, Operand::Of(src));
          },
          [&](State& state, uint8_t* at, Reg src) {
            Write(width, at,
                  AluModel(op, width, Read(width, at), state.regs[src]));
          },
          NoResult);
      for (const int32_t imm : {1, -128, 128, INT32_MIN}) {
        EachPair(
            0, "MemoryAlu with a constant",
            [&](MacroAssembler& m, const Address& to, Reg) {
              m.MemoryAlu(op, width, to, Operand::Imm(imm));
            },
            [&](State&, uint8_t* at, Reg) {
              Write(width, at,
                    AluModel(op, width, Read(width, at),
                             static_cast<uint64_t>(int64_t{imm})));
            },
            NoResult);
      }
    }
  }
}

TEST_F(MemoryRunTest, LoadsAddresses) {
  EachPair(
      0, "LoadAddress",
      [](MacroAssembler& m, const Address& address, Reg dst) {
        ASSERT_TRUE(MacroAssembler::CanLoadAddress(address));
        m.LoadAddress(dst, address);
      },
      [&](State& state, uint8_t* at, Reg dst) {
        const auto offset = at - reinterpret_cast<uint8_t*>(expected_);
        state.regs[dst] =
            reinterpret_cast<uint64_t>(memory_) + static_cast<uint64_t>(offset);
      },
      Same);
}

TEST_F(MemoryRunTest, ChangesMemoryAtomically) {
  for (const Operation op :
       {Operation::kAdd, Operation::kAnd, Operation::kOr, Operation::kXor}) {
    for (const unsigned width : {32u, 64u}) {
      EachPair(
          0, "Atomic " + Name(op, width),
          [&](MacroAssembler& m, const Address& to, Reg src) {
            m.Atomic(op, width, to, src);
          },
          [&](State& state, uint8_t* at, Reg src) {
            Write(width, at,
                  AluModel(op, width, Read(width, at), state.regs[src]));
          },
          NoResult);
    }
  }
}

TEST_F(MemoryRunTest, FetchesWhatWasThere) {
  for (const Operation op : {Operation::kAdd, Operation::kAnd, Operation::kOr,
                             Operation::kXor, Operation::kXchg}) {
    for (const unsigned width : {32u, 64u}) {
      EachPair(
          0, "AtomicFetch " + Name(op, width),
          [&](MacroAssembler& m, const Address& to, Reg src) {
            m.AtomicFetch(op, width, to, src);
          },
          [&](State& state, uint8_t* at, Reg src) {
            const uint64_t old = Read(width, at);
            Write(width, at,
                  op == Operation::kXchg
                      ? state.regs[src]
                      : AluModel(op, width, old, state.regs[src]));
            state.regs[src] = old;
          },
          Same);
    }
  }
}

TEST_F(MemoryRunTest, AFetchWhoseResultNobodyReadsChangesMemoryAlike) {
  for (const Operation op :
       {Operation::kAdd, Operation::kAnd, Operation::kOr, Operation::kXor}) {
    EachPair(
        0, "AtomicFetch without a reader",
        [&](MacroAssembler& m, const Address& to, Reg src) {
          m.context.live_after &= static_cast<uint16_t>(~(1u << src));
          m.AtomicFetch(op, 64, to, src);
        },
        [&](State& state, uint8_t* at, Reg src) {
          const uint64_t operand = state.regs[src];
          // r10 and the temporaries are always taken to be read.
          state.regs[src] =
              src > kFramePointerReg ? Read(64, at) : state.regs[src];
          Write(64, at, AluModel(op, 64, Read(64, at), operand));
        },
        Same);
  }
}

TEST_F(MemoryRunTest, ComparesAndExchanges) {
  for (const unsigned width : {32u, 64u}) {
    for (const bool equal : {false, true}) {
      for (Reg base = 0; base < kRegCount; ++base) {
        for (Reg src = 0; src < kRegCount; ++src) {
          for (const uint64_t upper : {uint64_t{0}, uint64_t{7} << 32}) {
            Place place = {.address = {.base = base, .offset = 12}, .byte = 16};
            State state = RandomState();
            Solve(place, state);
            const InsnContext context = RandomContext(0);
            Build(0, context, [&](MacroAssembler& m) {
              m.CompareExchange(width, place.address, src);
            });
            memcpy(memory_, state.memory, sizeof(memory_));
            if (base != 0) {
              state.regs[0] ^= width == 32 ? upper : 0;
            }
            // In 64 bits it finds what is in r0, or not.
            memory_[2] =
                equal ? state.regs[0] ^ (width == 32 ? upper : 0) : memory_[2];
            State want = state;
            memcpy(expected_, memory_, sizeof(memory_));
            auto* at = reinterpret_cast<uint8_t*>(expected_) + 16;
            const uint64_t old = Read(width, at);
            if (old == Narrow(width, state.regs[0])) {
              Write(width, at, state.regs[src]);
            }
            want.regs[0] = old;
            ExpectOnly(state, context, 0, want, "CompareExchange");
            ASSERT_EQ(memcmp(memory_, expected_, sizeof(memory_)), 0)
                << Names(0, base, src);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace ebpf::x86_64
