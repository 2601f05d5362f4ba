// SPDX-License-Identifier: MIT
//
// Random filters and records, against an evaluation of the expression that the
// filter was written from.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fnmatch.h>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <tuple>

#include "core/tracepoints/filter.h"
#include "core/tracepoints/filter_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

struct Event {
  FilteredRecord record;
  uint32_t cpu;
  std::string comm;
};

struct Expression {
  std::string text;
  std::function<bool(const Event&)> holds;
};

class RandomFilters {
 public:
  explicit RandomFilters(uint64_t seed) : random_(seed) {}

  Expression Any(int depth) {
    switch (depth <= 0 ? 0 : Below(5)) {
      case 1:
        return Binary(depth, true);
      case 2:
        return Binary(depth, false);
      case 3: {
        Expression inner = Any(depth - 1);
        return {"!" + Spaces() + "(" + inner.text + ")",
                [holds = inner.holds](const Event& event) {
                  return !holds(event);
                }};
      }
      case 4: {
        Expression inner = Term();
        return {"!" + Spaces() + inner.text,
                [holds = inner.holds](const Event& event) {
                  return !holds(event);
                }};
      }
      default:
        return Term();
    }
  }

  Event Record() {
    Event event{.record = {}, .cpu = Below(4), .comm = Text(14)};
    FilteredRecord& record = event.record;
    record.common_type = static_cast<uint16_t>(Number());
    record.common_flags = static_cast<uint8_t>(Number());
    record.common_pid = static_cast<int32_t>(Number());
    record.pid = static_cast<int32_t>(Number());
    strncpy(record.oldcomm, Text(16).c_str(), sizeof(record.oldcomm));
    strncpy(record.newcomm, Text(16).c_str(), sizeof(record.newcomm));
    record.oom_score_adj = static_cast<int16_t>(Number());
    record.half = static_cast<uint16_t>(Number());
    record.word = static_cast<uint32_t>(Number());
    record.twice = Number();
    record.signed_twice = static_cast<int64_t>(Number());
    record.SetPath(Text(20));
    record.tiny = static_cast<int8_t>(Number());
    record.byte = static_cast<uint8_t>(Number());
    const auto split = static_cast<uint32_t>(Number());
    memcpy(record.split, &split, sizeof(split));
    return event;
  }

 private:
  std::string Text(size_t longest) {
    const size_t size = Below(static_cast<uint32_t>(longest) + 1);
    switch (Below(4)) {
      case 0:  // often equal to another one, however long
        return std::string("abbaabbaabbaabbaabba").substr(0, size);
      case 1:
        return std::string("abbaabbaabbaabbaabba").substr(0, size) + "*";
      default:
        break;
    }
    std::string text;
    while (text.size() < size) {
      text += "ab*"[Below(3)];
    }
    return text;
  }

  uint32_t Below(uint32_t limit) {
    return static_cast<uint32_t>(random_() % limit);
  }

  /// Often equal to another one, in as many bits as there may be.
  uint64_t Number() {
    static constexpr uint64_t kNumbers[] = {
        0,           1,          2,
        0x7f,        0x80,       0xff,
        0x7fff,      0x8000,     0xffff,
        0x7fffffff,  0x80000000, 0xffffffff,
        0x100000000, ~0ull >> 1, 1ull << 63,
        ~0ull,       ~0ull - 1,  0xffffffffffffff80};
    return Below(8) == 0 ? random_() : kNumbers[Below(std::size(kNumbers))];
  }

  std::string Spaces() { return std::string(Below(3), Below(4) ? ' ' : '\t'); }

  /// Parentheses only where the grammar wants them: what has none shows how
  /// tight operators bind.
  Expression Binary(int depth, bool is_and) {
    Expression a = Any(depth - 1);
    Expression b = Any(depth - 1);
    const bool wraps = is_and || Below(3) == 0;
    const auto wrap = [&](const Expression& one) {
      return wraps ? "(" + Spaces() + one.text + Spaces() + ")" : one.text;
    };
    Expression both;
    both.text =
        wrap(a) + Spaces() + (is_and ? "&&" : "||") + Spaces() + wrap(b);
    if (is_and && Below(2) == 0) {  // terms, bare, side by side
      Expression c = Term();
      Expression d = Term();
      both.text = c.text + " && " + d.text + " || " + both.text;
      both.holds = [a, b, c, d](const Event& event) {
        return (c.holds(event) && d.holds(event)) ||
               (a.holds(event) && b.holds(event));
      };
      return both;
    }
    both.holds = [a, b, is_and](const Event& event) {
      return is_and ? a.holds(event) && b.holds(event)
                    : a.holds(event) || b.holds(event);
    };
    return both;
  }

  Expression Term() {
    switch (Below(16)) {
      case 0:
        return OfNumber<uint16_t>("common_type",
                                  [](auto& r) { return r.common_type; });
      case 1:
        return OfNumber<int32_t>("pid", [](auto& r) { return r.pid; });
      case 2:
        return OfNumber<int16_t>("oom_score_adj",
                                 [](auto& r) { return r.oom_score_adj; });
      case 3:
        return OfNumber<uint8_t>("common_flags",
                                 [](auto& r) { return r.common_flags; });
      case 4:
        return OfNumber<uint32_t>("word", [](auto& r) { return r.word; });
      case 5:
        return OfNumber<uint64_t>("twice", [](auto& r) { return r.twice; });
      case 6:
        return OfNumber<int64_t>("signed_twice",
                                 [](auto& r) { return r.signed_twice; });
      case 7:
        return OfText("oldcomm", [](const Event& event) {
          const char* text = event.record.oldcomm;
          return std::string(text, strnlen(text, 16));
        });
      case 8:
        return OfText("path", [](const Event& event) {
          return std::string(event.record.paths);
        });
      case 9:
        return OfText(Below(2) ? "COMM" : "comm",
                      [](const Event& event) { return event.comm; });
      case 10:
        return OfNumber<uint16_t>("half", [](auto& r) { return r.half; });
      case 11:
        return OfNumber<int8_t>("tiny", [](auto& r) { return r.tiny; });
      case 12:
        return OfNumber<uint8_t>("byte", [](auto& r) { return r.byte; });
      case 13:
        return OfNumber<uint32_t>("split", [](auto& r) {
          uint32_t value;
          memcpy(&value, r.split, sizeof(value));
          return value;
        });
      case 14:
        return OfText("newcomm", [](const Event& event) {
          const char* text = event.record.newcomm;
          return std::string(text, strnlen(text, 16));
        });
      default: {
        const uint32_t wanted = Below(4);
        return {"CPU >= " + std::to_string(wanted),
                [wanted](const Event& event) { return event.cpu >= wanted; }};
      }
    }
  }

  template <typename T, typename Get>
  Expression OfNumber(const char* name, Get get) {
    static constexpr const char* kOperators[] = {
        "==", "!=", "<", "<=", ">", ">=", "&"};
    const uint32_t op = Below(std::size(kOperators));
    const uint64_t number = Number();
    char text[40];
    if (std::is_signed_v<T>) {
      snprintf(text, sizeof(text), "%lld", static_cast<long long>(number));
    } else {
      static constexpr const char* kForms[] = {"%llu", "0x%llx", "0%llo"};
      snprintf(text, sizeof(text), kForms[Below(3)],
               static_cast<unsigned long long>(number));
    }
    return {name + Spaces() + kOperators[op] + Spaces() + text,
            [get, op, wanted = static_cast<T>(number)](const Event& event) {
              const T value = get(event.record);
              const bool results[] = {
                  value == wanted, value != wanted,
                  value<wanted, value <= wanted, value> wanted, value >= wanted,
                  (value & wanted) != 0};
              return results[op];
            }};
  }

  template <typename Get>
  Expression OfText(const char* name, Get get) {
    static constexpr const char* kOperators[] = {"==", "!=", "~"};
    const uint32_t op = Below(3);
    const std::string wanted = Text(Below(2) ? 5 : 18);
    const char quote = "'\""[Below(2)];
    return {
        name + Spaces() + kOperators[op] + Spaces() + quote + wanted + quote,
        [get, op, wanted](const Event& event) {
          const std::string value = get(event);
          const bool results[] = {
              value == wanted, value != wanted,
              fnmatch(wanted.c_str(), value.c_str(), 0) == 0};
          return results[op];
        }};
  }

  std::mt19937_64 random_;
};

/// How often first terms of a kind, which are always evaluated, were there.
class Reached {
 public:
  void Add(const FilterTerm& term, bool matches) {
    ++counts_[{term.kind, term.size, term.is_signed, term.op, term.is_tested}]
             [matches];
  }

  /// Those of a kind that were both in filters that held, and did not.
  bool Has(FieldKind kind, uint16_t size, bool is_signed,
           FilterTerm::Operator op, bool is_tested) const {
    const auto found = counts_.find({kind, size, is_signed, op, is_tested});
    return found != counts_.end() && found->second[0] > 50 &&
           found->second[1] > 50;
  }

 private:
  using Kind =
      std::tuple<FieldKind, uint16_t, bool, FilterTerm::Operator, bool>;
  std::map<Kind, std::array<uint64_t, 2>> counts_;
};

TEST(FilterRandomTest, EvaluatesAsWritten) {
  constexpr int kFilters = 50000;
  constexpr int kRecords = 20;
  RandomFilters random(17);
  uint64_t held = 0;
  Reached reached;
  for (int i = 0; i < kFilters; ++i) {
    const Expression expression = random.Any(4);
    const OwnedFilter filter = MakeFilter(expression.text);
    ASSERT_NE(filter, nullptr) << ErrorText(expression.text);
    for (int j = 0; j < kRecords; ++j) {
      const Event event = random.Record();
      const bool expected = expression.holds(event);
      ASSERT_EQ(filter->Matches(BytesOf(event.record),
                                {.cpu = event.cpu, .comm = ViewOf(event.comm)}),
                expected)
          << expression.text;
      held += expected ? 1 : 0;
      reached.Add(filter->terms()[0], expected);
    }
  }
  printf("%d filters, %d records each: %llu held\n", kFilters, kRecords,
         static_cast<unsigned long long>(held));
  EXPECT_GT(held, uint64_t{kFilters} * kRecords / 5);
  EXPECT_LT(held, uint64_t{kFilters} * kRecords * 4 / 5);
  for (unsigned i = 0; i < 7; ++i) {
    const auto op = static_cast<FilterTerm::Operator>(i);
    for (const uint16_t size : {1, 2, 4, 8}) {
      for (const bool is_signed : {false, true}) {
        EXPECT_TRUE(reached.Has(FieldKind::kInteger, size, is_signed, op, true))
            << i << " on " << size << (is_signed ? ", signed" : "");
      }
    }
    EXPECT_TRUE(reached.Has(FieldKind::kInteger, 4, false, op, false)) << i;
  }
  for (const auto op :
       {FilterTerm::Operator::kEqual, FilterTerm::Operator::kNotEqual,
        FilterTerm::Operator::kGlob}) {
    EXPECT_TRUE(reached.Has(FieldKind::kText, 16, false, op, true));
    EXPECT_TRUE(reached.Has(FieldKind::kDynamicText, 4, false, op, false));
    EXPECT_TRUE(reached.Has(FieldKind::kComm, 4, true, op, false));
  }
  EXPECT_TRUE(reached.Has(FieldKind::kText, 16, false,
                          FilterTerm::Operator::kGlob, false));
  EXPECT_TRUE(reached.Has(FieldKind::kCpu, 4, true,
                          FilterTerm::Operator::kGreaterOrEqual, false));
}

}  // namespace
}  // namespace ebpf
