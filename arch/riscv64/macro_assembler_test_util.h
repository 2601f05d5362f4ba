// SPDX-License-Identifier: MIT
//
// What the tests of the macro assembler's choices share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "arch/riscv64/golden_test_util.h"
#include "arch/riscv64/macro_assembler.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {

using isa::Operation;
using machine::Address;
using machine::CodeBuffer;
using machine::kFramePointerReg;
using machine::kLocalDistance;
using machine::kNoReg;
using machine::kTemp0;
using machine::kUnknownDistance;
using machine::Operand;
using machine::Reg;

using EmitCase = std::function<void(MacroAssembler&)>;

constexpr Reg kR10 = kFramePointerReg;

/// Nobody reads an upper half.
constexpr machine::InsnContext kDeadUpper = {.live_upper_after = 0};

inline std::vector<uint8_t> Emit(const EmitCase& emit, uint64_t features = 0,
                                 machine::InsnContext context = {}) {
  std::vector<uint8_t> bytes(4096);
  CodeBuffer buffer;
  buffer.Use(Span<uint8_t>(bytes.data(), bytes.size()));
  MacroAssembler masm(buffer, features);
  masm.context = context;
  emit(masm);
  bytes.resize(buffer.size());
  return bytes;
}

/// Compares bytes with a golden file.
class MacroAssemblerTest : public testing::Test {
 protected:
  explicit MacroAssemblerTest(const std::string& golden) : golden_(golden) {}

  void Expect(const std::string& text, const EmitCase& emit,
              uint64_t features = 0, machine::InsnContext context = {}) {
    golden_.Expect(text, Golden::Hex(Emit(emit, features, context)));
  }
  void ExpectImm(const std::string& text, uint64_t value) {
    Expect(text, [=](MacroAssembler& m) { m.MovImm(1, value); });
  }
  void ExpectAlu(const std::string& text, Operation op, unsigned width, Reg dst,
                 Reg lhs, Operand rhs) {
    Expect(text, [=](MacroAssembler& m) { m.Alu(op, width, dst, lhs, rhs); });
  }
  void ExpectBranch(const std::string& text, Operation op, unsigned width,
                    Reg lhs, Operand rhs, int64_t distance = kLocalDistance) {
    Expect(text,
           [=](MacroAssembler& m) { m.Branch(op, width, lhs, rhs, distance); });
  }
  void ExpectLoad(const std::string& text, unsigned bits, bool sign,
                  Address address) {
    Expect(text, [=](MacroAssembler& m) { m.Load(bits, sign, 0, address); });
  }
  void ExpectStore(const std::string& text, unsigned bits, Address address,
                   Operand value) {
    Expect(text, [=](MacroAssembler& m) { m.Store(bits, address, value); });
  }

  Golden golden_;
};

}  // namespace ebpf::riscv64
