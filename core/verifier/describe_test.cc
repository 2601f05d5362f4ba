// SPDX-License-Identifier: MIT
#include "core/verifier/describe.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class DescribeTest : public VerifierTest {
 protected:
  static std::string Text(const RegState& reg) {
    char buffer[256];
    TextWriter writer(buffer, sizeof(buffer));
    Describe(writer, reg);
    return std::string(writer.text().data(), writer.text().size());
  }
  static RegState Between(int64_t min, int64_t max) {
    RegState reg = RegState::UnknownScalar();
    reg.value.wide = Range<uint64_t>::Signed(static_cast<uint64_t>(min),
                                             static_cast<uint64_t>(max));
    reg.value = Sync(reg.value);
    return reg;
  }
};

TEST_F(DescribeTest, NumbersSayWhatTheyCanBe) {
  EXPECT_EQ(Text(RegState::Constant(5)), "the number 5");
  EXPECT_EQ(Text(RegState::Constant(~uint64_t{0})), "the number -1");
  EXPECT_EQ(Text(RegState::UnknownScalar()),
            "a number that can have any value");
  EXPECT_EQ(Text(Between(0, 255)), "a number from 0 to 255");
  EXPECT_EQ(Text(Between(-3, 255)), "a number from -3 to 255");
  RegState large = RegState::UnknownScalar();
  large.value.wide.umin = 16;
  large.value = Sync(large.value);
  EXPECT_EQ(Text(large), "a number from 16 to 18446744073709551615");
}

TEST_F(DescribeTest, PointersSayWhereTheyPoint) {
  EXPECT_EQ(Text(RegState{}), "not set");
  EXPECT_EQ(Text(RegState::Pointer(RegType::kContext)),
            "a pointer to the program's context");
  RegState value = RegState::Pointer(RegType::kMapValue);
  value.map = maps_->span()[kHash];
  value.maybe_null = true;
  EXPECT_EQ(Text(value),
            "either null or a pointer to a value of a map (48 bytes)");
  value.maybe_null = false;
  value.offset = 8;
  value.value = Between(0, 20).value;
  EXPECT_EQ(Text(value),
            "a pointer to a value of a map (48 bytes), moved by 8 to 28 bytes");
  RegState record = RegState::Pointer(RegType::kRingRecord);
  record.memory_size = 1;
  record.offset = -4;
  EXPECT_EQ(Text(record),
            "a pointer to a ring buffer's record (1 byte), moved by -4 bytes");
}

TEST_F(DescribeTest, EveryTypeHasWords) {
  for (unsigned type = 0; type <= static_cast<unsigned>(RegType::kIterator);
       ++type) {
    EXPECT_NE(Text(RegState::Pointer(static_cast<RegType>(type))), "");
  }
}

}  // namespace
}  // namespace ebpf::verifier
