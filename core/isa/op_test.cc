// SPDX-License-Identifier: MIT
#include "core/isa/op.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace ebpf::isa {
namespace {

TEST(OpTest, EachInstructionHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kOpCount; ++i) {
    names.insert(InfoOf(static_cast<Op>(i)).name);
  }
  EXPECT_EQ(names.size(), kOpCount);
}

TEST(OpTest, InfoTellsOperationWidthAndSource) {
  const OpInfo& add = InfoOf(Op::kAdd32Reg);
  EXPECT_EQ(add.family, Family::kAlu);
  EXPECT_EQ(add.operation, Operation::kAdd);
  EXPECT_EQ(add.width, 32);
  EXPECT_TRUE(add.source_is_register);

  const OpInfo& jump = InfoOf(Op::kJSLe64Imm);
  EXPECT_EQ(jump.family, Family::kJump);
  EXPECT_EQ(jump.operation, Operation::kSLe);
  EXPECT_FALSE(jump.source_is_register);

  const OpInfo& load = InfoOf(Op::kLoadS16);
  EXPECT_EQ(load.family, Family::kLoad);
  EXPECT_EQ(load.width, 16);
  EXPECT_TRUE(load.sign_extends);
  EXPECT_FALSE(InfoOf(Op::kLoadU64).sign_extends);
}

// The class bits of the opcode say the same as the family. [RFC 9669, 3.1]
TEST(OpTest, WidthAgreesWithTheOpcodesClass) {
  for (size_t i = 0; i < kOpCount; ++i) {
    const OpInfo& info = InfoOf(static_cast<Op>(i));
    SCOPED_TRACE(info.name);
    const int opcode_class = info.opcode & 7;
    switch (info.family) {
      case Family::kAlu:
      case Family::kNegate:
        EXPECT_EQ(info.width, opcode_class == 7 ? 64 : 32);
        EXPECT_EQ(info.source_is_register, (info.opcode & 8) != 0);
        break;
      case Family::kJump:
        EXPECT_EQ(info.width, opcode_class == 5 ? 64 : 32);
        EXPECT_EQ(info.source_is_register, (info.opcode & 8) != 0);
        break;
      case Family::kLoad:
      case Family::kStore: {
        const int sizes[] = {32, 16, 8, 64};
        EXPECT_EQ(info.width, sizes[(info.opcode >> 3) & 3]);
        EXPECT_EQ(info.sign_extends, (info.opcode & 0xe0) == 0x80);
        EXPECT_EQ(info.source_is_register, opcode_class == 3);
        break;
      }
      case Family::kLoadAcquire:
      case Family::kStoreRelease: {
        const int sizes[] = {32, 16, 8, 64};
        EXPECT_EQ(info.width, sizes[(info.opcode >> 3) & 3]);
        EXPECT_EQ(opcode_class, 3);
        EXPECT_FALSE(info.sign_extends);
        break;
      }
      case Family::kAtomic:
      case Family::kAtomicFetch:
      case Family::kAtomicExchange:
        EXPECT_EQ(info.width, info.opcode == 0xdb ? 64 : 32);
        EXPECT_EQ((info.value & 1) != 0, info.family != Family::kAtomic);
        break;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace ebpf::isa
