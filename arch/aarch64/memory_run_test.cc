// SPDX-License-Identifier: MIT
//
// What the macro assembler's accesses read and write.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "arch/aarch64/run_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

class MemoryRunTest : public RunTest {
 protected:
  static constexpr size_t kMiddle = 40'000;

  uint64_t Middle() { return reinterpret_cast<uint64_t>(&memory_[kMiddle]); }

  uint64_t Read(size_t at, unsigned bits) const {
    uint64_t value = 0;
    std::memcpy(&value, &memory_[at], bits / 8);
    return value;
  }

  void Fill() {
    for (size_t i = 0; i < memory_.size(); ++i) {
      memory_[i] = static_cast<uint8_t>(i * 37 + (i >> 8) * 11);
    }
  }

  std::vector<uint8_t> memory_ = std::vector<uint8_t>(2 * kMiddle);
};

TEST_F(MemoryRunTest, LoadsAndStoresAtAnyOffset) {
  for (const unsigned bits : {8u, 16u, 32u, 64u}) {
    for (const int32_t offset :
         {0,    1,    7,     8,     255,   256,   257,   4095,
          4096, 8190, 16380, 32760, 32767, -1,    -8,    -255,
          -256, -257, -264,  -512,  -4096, -4097, -32768}) {
      const auto at = static_cast<size_t>(kMiddle + offset);
      for (const bool sign : {false, true}) {
        for (const Reg dst : {Reg{0}, Reg{6}}) {
          Fill();
          Build([&](MacroAssembler& m) {
            m.Load(bits, sign, dst, {6, kNoReg, 0, offset});
          });
          State state = Fresh();
          state.regs[6] = Middle();
          const uint64_t value = Read(at, bits);
          ExpectOnly(
              state, dst,
              sign ? static_cast<uint64_t>(SignExtend(value, bits)) : value,
              "load");
        }
      }
      for (const bool constant : {false, true}) {
        Fill();
        std::vector<uint8_t> want = memory_;
        const uint64_t value =
            constant ? 0xffff'ffff'fedc'ba98 : Fresh().regs[2];
        std::memcpy(&want[at], &value, bits / 8);
        Build([&](MacroAssembler& m) {
          m.Store(bits, {6, kNoReg, 0, offset},
                  constant ? Operand::Imm(static_cast<int32_t>(0xfedcba98))
                           : Operand::Of(2));
        });
        State state = Fresh();
        state.regs[6] = Middle();
        Run(state);
        ASSERT_EQ(memory_, want) << bits << " at " << offset;
      }
    }
  }
}

TEST_F(MemoryRunTest, LoadsAndStoresByIndex) {
  for (const unsigned bits : {8u, 16u, 32u, 64u}) {
    for (uint8_t scale = 0; scale < 4; ++scale) {
      for (const int32_t offset : {0, 8, -300, 5000}) {
        Fill();
        const Address address = {6, 2, scale, offset};
        const auto at = static_cast<size_t>(kMiddle + offset + (77 << scale));
        Build([&](MacroAssembler& m) { m.Load(bits, false, 2, address); });
        State state = Fresh();
        state.regs[6] = Middle();
        state.regs[2] = 77;
        ExpectOnly(state, 2, Read(at, bits), "load");
        Build([&](MacroAssembler& m) { m.LoadAddress(2, address); });
        ExpectOnly(state, 2, reinterpret_cast<uint64_t>(&memory_[at]),
                   "address");
        std::vector<uint8_t> want = memory_;
        std::memcpy(&want[at], &state.regs[3], bits / 8);
        Build(
            [&](MacroAssembler& m) { m.Store(bits, address, Operand::Of(3)); });
        Run(state);
        ASSERT_EQ(memory_, want);
      }
    }
  }
}

TEST_F(MemoryRunTest, MergesAccessesWithoutChangingThem) {
  for (const unsigned bits : {32u, 64u}) {
    const auto bytes = static_cast<int32_t>(bits / 8);
    for (const int32_t step : {bytes, -bytes, 2 * bytes, 0}) {
      for (const Reg second : {Reg{2}, Reg{3}, Reg{6}}) {
        Fill();
        Build([&](MacroAssembler& m) {
          m.Load(bits, false, 2, {6, kNoReg, 0, 16});
          m.Load(bits, false, second, {6, kNoReg, 0, 16 + step});
        });
        State state = Fresh();
        state.regs[6] = Middle();
        Run(state);
        if (second != 2) {
          ASSERT_EQ(state.regs[2], Read(kMiddle + 16, bits));
        }
        ASSERT_EQ(state.regs[second],
                  Read(static_cast<size_t>(kMiddle + 16 + step), bits));
        state = Fresh();
        state.regs[6] = Middle();
        std::vector<uint8_t> want = memory_;
        std::memcpy(&want[kMiddle + 16], &state.regs[2], bits / 8);
        std::memcpy(&want[static_cast<size_t>(kMiddle + 16 + step)],
                    &state.regs[second], bits / 8);
        Build([&](MacroAssembler& m) {
          m.Store(bits, {6, kNoReg, 0, 16}, Operand::Of(2));
          m.Store(bits, {6, kNoReg, 0, 16 + step}, Operand::Of(second));
        });
        Run(state);
        ASSERT_EQ(memory_, want);
      }
    }
  }
}

TEST_F(MemoryRunTest, LoadsOverItsOwnBase) {
  Fill();
  const uint64_t other = Middle() + 64;
  std::memcpy(&memory_[kMiddle], &other, sizeof(other));
  Build([&](MacroAssembler& m) {
    m.Load(64, false, 6, {6, kNoReg, 0, 0});
    m.Load(64, false, 2, {6, kNoReg, 0, 8});
  });
  State state = Fresh();
  state.regs[6] = Middle();
  Run(state);
  EXPECT_EQ(state.regs[6], other);
  EXPECT_EQ(state.regs[2], Read(kMiddle + 72, 64));
}

TEST_F(MemoryRunTest, SwapsWhatItLoads) {
  for (const unsigned bits : {16u, 32u, 64u}) {
    Fill();
    Build(
        [&](MacroAssembler& m) { m.LoadSwapped(bits, 6, {6, kNoReg, 0, 8}); });
    State state = Fresh();
    state.regs[6] = Middle();
    ExpectOnly(state, 6,
               __builtin_bswap64(Read(kMiddle + 8, bits)) >> (64 - bits),
               "swapped");
  }
}

TEST_F(MemoryRunTest, UpdatesAtomically) {
  for (const unsigned width : {32u, 64u}) {
    for (const Operation op : {Operation::kAdd, Operation::kOr, Operation::kAnd,
                               Operation::kXor, Operation::kXchg}) {
      for (const bool fetch : {false, true}) {
        for (const Address& address :
             {Address{6, kNoReg, 0, 0}, Address{6, kNoReg, 0, -8},
              Address{6, 3, 3, 0}, Address{6, 3, 3, 500 * 8}}) {
          if (op == Operation::kXchg && !fetch) {
            continue;
          }
          Fill();
          Build([&](MacroAssembler& m) {
            if (fetch) {
              m.AtomicFetch(op, width, address, 2);
            } else {
              m.Atomic(op, width, address, 2);
            }
          });
          State state = Fresh();
          state.regs[6] = Middle();
          state.regs[3] = 5;
          const size_t at = static_cast<size_t>(kMiddle + address.offset +
                                                (address.index == 3 ? 40 : 0));
          const uint64_t old = Read(at, width);
          const uint64_t src = state.regs[2];
          const uint64_t sum =
              op == Operation::kXchg ? src : AluModel(op, width, old, src);
          std::vector<uint8_t> want = memory_;
          std::memcpy(&want[at], &sum, width / 8);
          ExpectOnly(state, 2, fetch ? old : src, "atomic");
          ASSERT_EQ(memory_, want);
        }
      }
    }
  }
}

TEST_F(MemoryRunTest, UpdatesAtomicallyThroughTheSourceItself) {
  for (const Operation op :
       {Operation::kAdd, Operation::kAnd, Operation::kXchg}) {
    Fill();
    Build([&](MacroAssembler& m) {
      m.AtomicFetch(op, 64, {6, kNoReg, 0, 0}, 6);
    });
    State state = Fresh();
    state.regs[6] = Middle();
    const uint64_t old = Read(kMiddle, 64);
    const uint64_t sum =
        op == Operation::kXchg ? Middle() : AluModel(op, 64, old, Middle());
    ExpectOnly(state, 6, old, "atomic");
    EXPECT_EQ(Read(kMiddle, 64), sum);
  }
}

TEST_F(MemoryRunTest, ComparesAndExchanges) {
  for (const unsigned width : {32u, 64u}) {
    for (const Reg src : {Reg{2}, Reg{0}, Reg{6}}) {
      for (const Reg base : {Reg{6}, Reg{0}}) {
        for (const bool equal : {false, true}) {
          Fill();
          Build([&](MacroAssembler& m) {
            m.CompareExchange(width, {base, kNoReg, 0, 0}, src);
          });
          State state = Fresh();
          state.regs[6] = Middle();
          uint64_t old = Read(kMiddle, 64);
          // What is above the operation's width does not matter.
          state.regs[0] = width == 64 ? old : old ^ 0x55ull << 40;
          if (base == 0) {
            state.regs[0] = Middle();
            if (equal) {
              old = Middle();
              std::memcpy(&memory_[kMiddle], &old, 8);
            }
          } else if (!equal) {
            state.regs[0] ^= 4;
          }
          std::vector<uint8_t> want = memory_;
          if (equal) {
            std::memcpy(&want[kMiddle], &state.regs[src], width / 8);
          }
          ExpectOnly(state, 0, Narrow(width, old), "compare");
          ASSERT_EQ(memory_, want);
        }
      }
    }
  }
}

TEST_F(MemoryRunTest, AcquiresAndReleases) {
  for (const unsigned bits : {8u, 16u, 32u, 64u}) {
    for (const int32_t offset : {0, 8, -264}) {
      Fill();
      const auto at = static_cast<size_t>(kMiddle + offset);
      State state = Fresh();
      state.regs[6] = Middle();
      Build([&](MacroAssembler& m) {
        m.LoadAcquire(bits, 2, {6, kNoReg, 0, offset});
      });
      ExpectOnly(state, 2, Read(at, bits), "acquire");
      std::vector<uint8_t> want = memory_;
      std::memcpy(&want[at], &state.regs[2], bits / 8);
      Build([&](MacroAssembler& m) {
        m.StoreRelease(bits, {6, kNoReg, 0, offset}, 2);
      });
      Run(state);
      ASSERT_EQ(memory_, want);
    }
  }
}

}  // namespace
}  // namespace ebpf::aarch64
