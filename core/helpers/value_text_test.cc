// SPDX-License-Identifier: MIT
//
// Values as text; testing/oracle compares those of all of Linux's types with
// what Linux makes of them.
#include "core/helpers/value_text.h"

#include <cstring>
#include <string>
#include <sys/mman.h>

#include "core/helpers/value_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr PointerKey kKey = {1, 2};

struct Outer {
  int32_t a, b;
  int32_t either;
  char text[4];
  const void* pointer;
  int32_t pairs[4];
};
static_assert(sizeof(Outer) == 40);

class ValueTextTest : public ::testing::Test {
 protected:
  std::string Show(uint32_t type, const void* at, uint64_t flags = 0) {
    char text[2048];
    TextWriter writer(text, sizeof(text));
    status_ = PutValue(writer, types_.btf(), type,
                       reinterpret_cast<uint64_t>(at), flags, kKey);
    return {writer.text().data(), writer.text().size()};
  }
  template <typename T>
  std::string ShowThe(uint32_t type, T value, uint64_t flags = 0) {
    return Show(type, &value, flags);
  }

  ValueTypes types_;
  Status status_ = Status::kOk;
};

TEST_F(ValueTextTest, NumbersHaveTheirTypeInFront) {
  EXPECT_EQ(ShowThe(types_.integer, -5), "(int)-5\n");
  EXPECT_EQ(ShowThe(types_.integer, 0), "(int)0\n") << "not left out alone";
  EXPECT_EQ(ShowThe(types_.wide, ~uint64_t{0}),
            "(unsigned long)18446744073709551615\n");
  EXPECT_EQ(ShowThe(types_.character, 'A'), "(char)65\n");
  EXPECT_EQ(ShowThe(types_.integer, 7, kTextNoNames), "7\n");
  EXPECT_EQ(ShowThe(types_.integer, 7, kTextCompact), "(int)7");
  EXPECT_EQ(ShowThe(types_.constant, 7), "()7\n") << "as Linux names it";
}

TEST_F(ValueTextTest, BigNumbersAndBitsAreHexadecimal) {
  const uint64_t huge[2] = {0x1122, 0xab};
  const uint64_t small[2] = {0x1122, 0};
  EXPECT_EQ(Show(types_.huge, huge), "(__int128)0xab0000000000001122\n");
  EXPECT_EQ(Show(types_.huge, small), "(__int128)0x1122\n");
  EXPECT_EQ(ShowThe(types_.bits, 5 | 0x1ff << 3 | 1 << 12, kTextCompact),
            "(struct bits){.low = (int)0x5,.high = (int)0x1ff,}");
}

TEST_F(ValueTextTest, EnumsHaveNamesWhereTheyKnowThem) {
  EXPECT_EQ(ShowThe(types_.color, 7), "(enum color)BLUE\n");
  EXPECT_EQ(ShowThe(types_.color, 8), "(enum color)8\n");
  EXPECT_EQ(ShowThe(types_.color, -1), "(enum color)4294967295\n");
}

TEST_F(ValueTextTest, StructsLeaveOutWhatIsZero) {
  const Outer outer = {1, 0, 0, "", nullptr, {}};
  EXPECT_EQ(Show(types_.outer, &outer),
            "(struct outer){\n"
            " .p = (pair_t){\n"
            "  .a = (int)1,\n"
            " },\n"
            " (union){\n"
            "  .c = (enum color)RED,\n"
            " },\n"
            "}\n");
  const Outer zero = {};
  EXPECT_EQ(Show(types_.pair, &zero), "(struct pair){\n}\n");
}

TEST_F(ValueTextTest, ZerosAreShownWhenTheyAreWanted) {
  const Outer zero = {};
  EXPECT_EQ(Show(types_.outer, &zero, kTextZeros | kTextCompact),
            "(struct outer){.p = (pair_t){.a = (int)0,.b = (int)0,},"
            "(union){.i = (int)0,.c = (enum color)RED,},.t = (char[])[],"
            ".ptr = (struct pair *)0x0000000000000000,"
            ".ps = (struct pair[])[0,0,},0,0,},],}");
  EXPECT_EQ(Show(types_.outer, &zero, kTextZeros | kTextCompact | kTextNoNames),
            "{{0,0,},{0,RED,},[],0x0000000000000000,[0,0,},0,0,},],}");
}

TEST_F(ValueTextTest, ArraysOfBytesAreTextUpToAZero) {
  EXPECT_EQ(Show(types_.text, "ab\x01", kTextCompact), "(char[])['a','b',1,]");
  EXPECT_EQ(Show(types_.text, "a\0bc", kTextCompact), "(char[])['a',]");
  EXPECT_EQ(Show(types_.text, "\0\0\0", kTextZeros), "(char[])[\n]\n");
}

TEST_F(ValueTextTest, AddressesAreHashedUnlessTheyAreAskedFor) {
  const uint64_t address = 0xffff800012345678;
  EXPECT_EQ(ShowThe(types_.pointer, address, kTextRawPointers),
            "(struct pair *)0xffff800012345678\n");
  const std::string hashed = ShowThe(types_.pointer, address);
  EXPECT_EQ(hashed.find("12345678"), std::string::npos);
  EXPECT_EQ(hashed.substr(0, 25), "(struct pair *)0x00000000");
  EXPECT_EQ(hashed, ShowThe(types_.pointer, address)) << "always the same";
  EXPECT_EQ(ShowThe(types_.to_pointer, uint64_t{0}),
            "(struct pair **)0x0000000000000000\n");
  EXPECT_EQ(ShowThe(types_.to_void, uint64_t{0}), "( *)0x0000000000000000\n");
}

TEST_F(ValueTextTest, ArraysOfPointersShowEachOfThem) {
  const uint64_t pointers[2] = {0x11, 0x22};
  EXPECT_EQ(Show(types_.pointers, pointers, kTextRawPointers | kTextCompact),
            "(struct pair *[])0x0000000000000011,0x0000000000000022,]");
}

TEST_F(ValueTextTest, WhatHasNoTextSaysSoAndSectionsAreRefused) {
  EXPECT_EQ(ShowThe(types_.real, 1.0), "<unsupported kind:16>");
  EXPECT_EQ(ShowThe(types_.forward, 1), "<unsupported kind:7>");
  EXPECT_EQ(status_, Status::kOk);
  EXPECT_EQ(ShowThe(types_.section, 1), "");
  EXPECT_EQ(status_, Status::kInvalid);
  EXPECT_EQ(ShowThe(types_.btf().type_count(), 1), "");
  EXPECT_EQ(status_, Status::kInvalid);
}

TEST_F(ValueTextTest, MemoryThatIsNotThereEndsItWithWhatWasRead) {
  EXPECT_EQ(Show(types_.integer, nullptr), "");
  EXPECT_EQ(status_, Status::kFault);
  auto* pages = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_EQ(mprotect(pages + 4096, 4096, PROT_NONE), 0);
  const Outer outer = {1, 2, 3, "x", nullptr, {4, 5, 6, 7}};
  std::memcpy(pages + 4096 - 36, &outer, 36);
  const std::string text = Show(types_.outer, pages + 4096 - 36, kTextCompact);
  EXPECT_EQ(status_, Status::kFault);
  EXPECT_EQ(text,
            "(struct outer){.p = (pair_t){.a = (int)1,.b = (int)2,},"
            "(union){.i = (int)3,.c = (enum color)3,},.t = (char[])['x',],}")
      << "what began ends";
  munmap(pages, 8192);
}

TEST_F(ValueTextTest, DepthAndWorkAreBounded) {
  const int zero[4] = {};
  (void)Show(types_.deep, zero);
  EXPECT_EQ(status_, Status::kTooBig);
  const size_t bytes = size_t{4} << 21;
  void* many =
      mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  (void)Show(types_.vast, many);
  EXPECT_EQ(status_, Status::kTooBig);
  munmap(many, bytes);
}

}  // namespace
}  // namespace ebpf
