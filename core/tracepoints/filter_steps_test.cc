// SPDX-License-Identifier: MIT
#include "core/tracepoints/filter_steps.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "core/tracepoints/filter_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

using Operator = FilterTerm::Operator;

constexpr uint64_t kNumbers[] = {0,
                                 1,
                                 2,
                                 0x7e,
                                 0x7f,
                                 0x80,
                                 0x81,
                                 0xfe,
                                 0xff,
                                 0x100,
                                 0x7fff,
                                 0x8000,
                                 0xffff,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 ~0ull >> 1,
                                 1ull << 63,
                                 ~0ull,
                                 ~0ull - 1,
                                 0x55aa55aa,
                                 0x123456789ab,
                                 (1ull << 63) + 1};

template <typename T>
bool Compare(Operator op, T a, T b) {
  switch (op) {
    case Operator::kEqual:
      return a == b;
    case Operator::kNotEqual:
      return a != b;
    case Operator::kLess:
      return a < b;
    case Operator::kLessOrEqual:
      return a <= b;
    case Operator::kGreater:
      return a > b;
    case Operator::kGreaterOrEqual:
      return a >= b;
    default:
      return (a & b) != 0;
  }
}

/// Each comparison of each of these numbers, in each place of a word, with bits
/// of either kind around it.
template <typename T>
void TestNumbers() {
  for (uint16_t offset = 8; offset < 16; offset += sizeof(T)) {
    for (unsigned op = 0; op <= static_cast<unsigned>(Operator::kMask); ++op) {
      for (const uint64_t number : kNumbers) {
        FilterTerm term{};
        term.kind = FieldKind::kInteger;
        term.op = static_cast<Operator>(op);
        term.is_signed = T(-1) < T(0);
        term.offset = offset;
        term.size = sizeof(T);
        term.exits[0] = EventFilter::kReject;
        term.exits[1] = EventFilter::kAccept;
        term.number = number;
        FilterStep step;
        MakeFilterSteps("", Span<FilterTerm>(&term, 1),
                        Span<FilterStep>(&step, 1));
        ASSERT_TRUE(term.is_tested);
        ASSERT_EQ(FilterReach(Span<const FilterTerm>(&term, 1)),
                  offset + sizeof(T));
        for (const uint64_t value : kNumbers) {
          for (const int around : {0, 0xff, 0x5a}) {
            alignas(8) uint8_t record[24];
            memset(record, around, sizeof(record));
            const T field = static_cast<T>(value);
            memcpy(record + offset, &field, sizeof(field));
            ASSERT_EQ(step.ExitFor(record),
                      Compare(term.op, field, static_cast<T>(number))
                          ? FilterStep::kAccept
                          : FilterStep::kReject)
                << op << " of " << sizeof(T) << " at " << offset << ": "
                << value << " and " << number;
          }
        }
      }
    }
  }
}

TEST(FilterStepsTest, AComparisonOfNumbersIsOneTest) {
  TestNumbers<uint8_t>();
  TestNumbers<int8_t>();
  TestNumbers<uint16_t>();
  TestNumbers<int16_t>();
  TestNumbers<uint32_t>();
  TestNumbers<int32_t>();
  TestNumbers<uint64_t>();
  TestNumbers<int64_t>();
}

/// Of a filter with one term; 0: it is not tested.
size_t TestsOf(const std::string& text) {
  const OwnedFilter filter = MakeFilter(text);
  EXPECT_NE(filter, nullptr) << text;
  if (filter == nullptr || !filter->terms()[0].is_tested) {
    return 0;
  }
  return filter->steps().size();
}

// oldcomm has 4 characters in its first word, then 8 and 4.
TEST(FilterStepsTest, ATextIsATestOfEachOfItsWords) {
  EXPECT_EQ(TestsOf("oldcomm == ''"), 1u);
  EXPECT_EQ(TestsOf("oldcomm == 'abc'"), 1u);
  EXPECT_EQ(TestsOf("oldcomm == 'abcd'"), 2u);  // and the zero
  EXPECT_EQ(TestsOf("oldcomm != 'abcdefghijk'"), 2u);
  EXPECT_EQ(TestsOf("oldcomm != 'abcdefghijkl'"), 3u);
  EXPECT_EQ(TestsOf("oldcomm == 'abcdefghijklmnop'"), 3u);
  EXPECT_EQ(TestsOf("oldcomm == 'abcdefghijklmnopq'"), 1u);  // never
  EXPECT_EQ(TestsOf("oldcomm ~ 'abcd*'"), 1u);
  EXPECT_EQ(TestsOf("oldcomm ~ '*'"), 1u);
  EXPECT_EQ(TestsOf("oldcomm ~ 'abcd'"), 2u);
}

TEST(FilterStepsTest, WhatIsNotThereOrLongOrAPatternIsNotTested) {
  EXPECT_EQ(TestsOf("CPU == 1"), 0u);
  EXPECT_EQ(TestsOf("comm == 'a'"), 0u);
  EXPECT_EQ(TestsOf("path == 'a'"), 0u);
  EXPECT_EQ(TestsOf("split == 1"), 0u);
  EXPECT_EQ(TestsOf("oldcomm ~ '*a'"), 0u);
  EXPECT_EQ(TestsOf("oldcomm ~ 'a?'"), 0u);
  EXPECT_EQ(TestsOf("oldcomm ~ 'a[b]'"), 0u);
  EXPECT_EQ(TestsOf("oldcomm ~ '\\a'"), 0u);
  EXPECT_EQ(TestsOf("oldcomm ~ '\\*'"), 0u);
  EXPECT_EQ(TestsOf(std::string("oldcomm == 'a\0'", 15)), 0u);
}

TEST(FilterStepsTest, ATextThatIsTooLongForAFewTestsIsNotTested) {
  constexpr EventField kLong[] = {
      {"char", "long", 8, 64, false, FieldKind::kText}};
  const auto tests = [&](size_t size) {
    const std::string text = "long == '" + std::string(size, 'x') + "'";
    FilterError error;
    const Result<EventFilter*> made =
        EventFilter::Create(ViewOf(text), kLong, PortAllocator(), &error);
    EXPECT_TRUE(made.ok());
    const OwnedFilter filter(*made);
    alignas(8) uint8_t record[72] = {};
    memset(record + 8, 'x', size);
    const ConstBytes bytes(record, sizeof(record));
    EXPECT_TRUE(filter->Matches(bytes));
    record[8 + size] = 'y';
    EXPECT_FALSE(filter->Matches(bytes));
    record[8 + size] = 0;
    record[8 + size / 2] = 'y';
    EXPECT_FALSE(filter->Matches(bytes));
    return filter->terms()[0].is_tested ? filter->steps().size() : 0;
  };
  EXPECT_EQ(tests(15), 2u);
  EXPECT_EQ(tests(31), 4u);
  EXPECT_EQ(tests(32), 0u);
}

TEST(FilterStepsTest, StepsOfTestsAndOthersFollowEachOther) {
  FilteredRecord record{};
  record.pid = 7;
  strcpy(record.oldcomm, "a long name");
  const struct {
    const char* text;
    bool matches;
  } cases[] = {
      {"pid == 7 && CPU == 1 && oldcomm == 'a long name'", true},
      {"CPU == 1 && oldcomm == 'a long name' && comm == 'c'", true},
      {"comm == 'c' && CPU == 2 || oldcomm ~ 'a long*' && pid == 7", true},
      {"comm == 'c' && CPU == 1 && oldcomm ~ '*name'", true},
      {"(comm == 'd' || CPU == 2) && pid == 7", false},
      {"oldcomm == 'a long nam' || CPU == 1 && comm != 'c'", false},
      {"!(pid == 7 && CPU == 1) || oldcomm ~ 'a long*'", true},
      {"!(oldcomm == 'a long name') || !CPU == 1", false},
  };
  for (const auto& one : cases) {
    const OwnedFilter filter = MakeFilter(one.text);
    ASSERT_NE(filter, nullptr) << one.text;
    EXPECT_EQ(filter->Matches(BytesOf(record), {.cpu = 1, .comm = "c"}),
              one.matches)
        << one.text;
  }
}

}  // namespace
}  // namespace ebpf
