// SPDX-License-Identifier: MIT
#include "core/helpers/value_name.h"

#include <string>

#include "core/helpers/value_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

class ValueNameTest : public ::testing::Test {
 protected:
  std::string Name(uint32_t type, const char* member = "", bool names = true) {
    char text[128];
    TextWriter writer(text, sizeof(text));
    PutValueName(writer, types_.btf(), type, member, names);
    return {writer.text().data(), writer.text().size()};
  }

  ValueTypes types_;
};

TEST_F(ValueNameTest, MembersAndTypesAreNamed) {
  EXPECT_EQ(Name(types_.integer), "(int)");
  EXPECT_EQ(Name(types_.integer, "x"), ".x = (int)");
  EXPECT_EQ(Name(types_.pair), "(struct pair){");
  EXPECT_EQ(Name(types_.pair_t, "x"), ".x = (pair_t){");
  EXPECT_EQ(Name(types_.either), "(union){");
  EXPECT_EQ(Name(types_.color), "(enum color)");
}

TEST_F(ValueNameTest, PointersAndArraysFollowTheName) {
  EXPECT_EQ(Name(types_.text), "(char[])[");
  EXPECT_EQ(Name(types_.pairs), "(struct pair[])[");
  EXPECT_EQ(Name(types_.to_pointer), "(struct pair **)");
  EXPECT_EQ(Name(types_.pointers), "(struct pair *[])") << "no bracket, as in "
                                                           "Linux";
  EXPECT_EQ(Name(types_.to_void), "( *)");
}

TEST_F(ValueNameTest, WithoutNamesOnlyBracketsAreLeft) {
  EXPECT_EQ(Name(types_.integer, "x", false), "");
  EXPECT_EQ(Name(types_.pair, "x", false), "{");
  EXPECT_EQ(Name(types_.text, "x", false), "[");
  EXPECT_EQ(Name(types_.pointer, "x", false), "");
}

TEST_F(ValueNameTest, ChainsThatAreTooLongHaveNoName) {
  btf::Builder b;
  uint32_t last = b.Add(btf::Kind::kInt, b.Name("int"), 4, {32});
  for (int i = 0; i < 10; ++i) {
    last = b.Add(btf::Kind::kPointer, 0, last);
  }
  const std::vector<uint8_t> blob = b.Blob();
  std::vector<uint32_t> index(last + 1);
  const btf::Btf btf =
      *btf::Btf::Open({blob.data(), blob.size()}, {index.data(), index.size()});
  char text[64];
  TextWriter nine(text, sizeof(text));
  PutValueName(nine, btf, last - 1, "m", true);
  EXPECT_EQ(std::string(nine.text().data(), nine.text().size()),
            ".m = (int *********)");
  TextWriter ten(text, sizeof(text));
  PutValueName(ten, btf, last, "m", true);
  EXPECT_EQ(ten.wanted(), 0u);
}

}  // namespace
}  // namespace ebpf
