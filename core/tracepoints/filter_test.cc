// SPDX-License-Identifier: MIT
#include "core/tracepoints/filter.h"

#include <string>

#include "core/tracepoints/filter_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

FilteredRecord Example() {
  FilteredRecord record{};
  record.common_type = 204;
  record.common_pid = 77;
  record.pid = 77;
  strcpy(record.oldcomm, "old");
  strcpy(record.newcomm, "a new one");
  record.oom_score_adj = -5;
  record.half = 0xffff;
  record.word = 0x80000000;
  record.twice = UINT64_MAX;
  record.signed_twice = INT64_MIN;
  record.SetPath("/bin/true");
  return record;
}

bool Matches(const std::string& text,
             const FilteredRecord& record = Example()) {
  const OwnedFilter filter = MakeFilter(text);
  EXPECT_NE(filter, nullptr) << ErrorText(text);
  return filter != nullptr &&
         filter->Matches(BytesOf(record), {.cpu = 3, .comm = "old"});
}

TEST(FilterTest, ComparesNumbersAsWideAsTheirFields) {
  EXPECT_TRUE(Matches("pid == 77"));
  EXPECT_TRUE(Matches("pid==0x4D&&pid==0115"));
  EXPECT_FALSE(Matches("pid != 77"));
  EXPECT_TRUE(Matches("oom_score_adj < 0"));
  EXPECT_TRUE(Matches("oom_score_adj >= -5 && oom_score_adj <= -5"));
  EXPECT_TRUE(Matches("half > 0"));
  EXPECT_TRUE(Matches("word > 0x7fffffff"));
  EXPECT_TRUE(Matches("twice == 18446744073709551615"));
  EXPECT_TRUE(Matches("signed_twice == -9223372036854775808"));
  EXPECT_TRUE(Matches("signed_twice < 0"));
  // As on Linux: a constant becomes as wide as the field.
  EXPECT_TRUE(Matches("oom_score_adj == 0xfffb"));
  EXPECT_TRUE(Matches("common_type == 204"));
}

TEST(FilterTest, AMaskHoldsForAnyBitOfBoth) {
  EXPECT_TRUE(Matches("word & 0xf0000000"));
  EXPECT_FALSE(Matches("word & 1"));
  EXPECT_FALSE(Matches("word & 0"));
}

TEST(FilterTest, ComparesText) {
  EXPECT_TRUE(Matches("oldcomm == \"old\""));
  EXPECT_TRUE(Matches("oldcomm == 'old'"));
  EXPECT_FALSE(Matches("oldcomm == \"ol\""));
  EXPECT_TRUE(Matches("oldcomm != \"older\""));
  EXPECT_TRUE(Matches("newcomm ~ \"*new*\""));
  EXPECT_FALSE(Matches("newcomm ~ \"new\""));
  EXPECT_TRUE(Matches("path == \"/bin/true\""));
  EXPECT_TRUE(Matches("path ~ \"/bin/[st]*\""));
  EXPECT_TRUE(Matches("oldcomm == \"old\" && newcomm ~ '*)(*' || pid == 77"));
}

TEST(FilterTest, TextMayFillItsField) {
  FilteredRecord record = Example();
  memset(record.oldcomm, 'x', sizeof(record.oldcomm));
  EXPECT_TRUE(Matches("oldcomm == \"xxxxxxxxxxxxxxxx\"", record));
  EXPECT_FALSE(Matches("oldcomm == \"xxxxxxxxxxxxxxx\"", record));
  EXPECT_TRUE(Matches("oldcomm ~ \"*x\"", record));
}

TEST(FilterTest, KnowsTheCpuAndTheTask) {
  EXPECT_TRUE(Matches("CPU == 3"));
  EXPECT_TRUE(Matches("cpu < 4 && comm == \"old\" && COMM ~ \"o*\""));
  EXPECT_FALSE(Matches("CPU == 2"));
}

TEST(FilterTest, AndBindsTighterThanOr) {
  EXPECT_TRUE(Matches("pid == 77 || pid == 1 && pid == 2"));
  EXPECT_FALSE(Matches("(pid == 77 || pid == 1) && pid == 2"));
  EXPECT_TRUE(Matches("pid == 1 && pid == 2 || pid == 77"));
}

TEST(FilterTest, InvertsWhatFollows) {
  EXPECT_TRUE(Matches("!pid == 1"));
  EXPECT_TRUE(Matches("!!pid == 77"));
  EXPECT_TRUE(Matches("!(pid == 1 || pid == 2) && pid == 77"));
  EXPECT_FALSE(Matches("!(pid == 77 && !(pid == 1))"));
}

TEST(FilterTest, TermsThatDecideNothingAreNotEvaluated) {
  const OwnedFilter filter = MakeFilter("pid == 1 && pid == 2 || pid == 3");
  ASSERT_NE(filter, nullptr);
  const Span<const FilterTerm> terms = filter->terms();
  ASSERT_EQ(terms.size(), 3u);
  EXPECT_EQ(terms[0].exits[0], 2);
  EXPECT_EQ(terms[0].exits[1], 1);
  EXPECT_EQ(terms[1].exits[0], 2);
  EXPECT_EQ(terms[1].exits[1], EventFilter::kAccept);
  EXPECT_EQ(terms[2].exits[0], EventFilter::kReject);
}

TEST(FilterTest, EachTermGoesOnAtALaterOne) {
  const OwnedFilter filter = MakeFilter(
      "!(pid == 1 && !(pid == 2 || pid == 3) && (pid == 4 || !pid == 5)) || "
      "(pid == 6 && (pid == 7 || pid == 8))");
  ASSERT_NE(filter, nullptr);
  const Span<const FilterTerm> terms = filter->terms();
  for (size_t i = 0; i < terms.size(); ++i) {
    for (const uint16_t exit : terms[i].exits) {
      EXPECT_TRUE(exit == EventFilter::kAccept ||
                  exit == EventFilter::kReject ||
                  (exit > i && exit < terms.size()));
    }
  }
}

TEST(FilterTest, ARecordThatIsTooShortDoesNotHold) {
  const FilteredRecord record = Example();
  const OwnedFilter filter = MakeFilter("path ~ \"*\"");
  ASSERT_NE(filter, nullptr);
  const ConstBytes all = BytesOf(record);
  for (size_t size = 0; size < offsetof(FilteredRecord, paths) + 10; ++size) {
    const RecordMemory exact(all.First(size));
    EXPECT_FALSE(filter->Matches(exact.bytes(), {}));
  }
  EXPECT_TRUE(filter->Matches(all, {}));
}

// The words and the carets of Linux 6.18 (testing/linux_filters asks the host).
TEST(FilterTest, SaysWhatIsWrongAsLinuxDoes) {
  const struct {
    const char* text;
    size_t position;
    const char* message;
  } cases[] = {
      {"foo == 1", 4, "Field not found"},
      {"pid = 1", 5, "Invalid operator"},
      {"pid", 3, "Invalid operator"},
      {"oldcomm !~ \"a\"", 9, "Invalid operator"},
      {"pid == abc", 8, "Invalid value (did you forget quotes)?"},
      {"oldcomm == abc", 12, "Invalid value (did you forget quotes)?"},
      {"pid ==", 6, "Invalid value (did you forget quotes)?"},
      {"pid == 08", 8, "Illegal integer value"},
      {"pid == 0x", 8, "Illegal integer value"},
      {"pid == 12abc", 8, "Illegal integer value"},
      {"pid == - 1", 8, "Illegal integer value"},
      {"pid == 9223372036854775808", 8, "Illegal integer value"},
      {"pid == -9223372036854775809", 8, "Illegal integer value"},
      {"twice == 18446744073709551616", 10, "Illegal integer value"},
      {"twice == -1", 10, "Illegal integer value"},
      {"oldcomm == 1", 12, "Expecting string field"},
      {"pid == \"1\"", 8, "Expecting numeric field"},
      {"CPU ~ \"1\"", 7, "Expecting numeric field"},
      {"pid ~ 1", 7, "Illegal operation for field type"},
      {"oldcomm & \"a\"", 11, "Illegal operation for field type"},
      {"oldcomm < \"a\"", 11, "Illegal operation for field type"},
      {"pid == 1 pid == 2", 9, "Too many terms in predicate expression"},
      {"pid == 1.5", 8, "Too many terms in predicate expression"},
      {"pid == 1 | pid == 2", 9, "Too many terms in predicate expression"},
      {"oldcomm == \"a\"x", 14, "Too many terms in predicate expression"},
      {"(pid == 1", 0, "Too many '('"},
      {"((pid == 1) && (pid == 2", 15, "Too many '('"},
      {"(((pid == 1)", 1, "Too many '('"},
      {"pid == 1) && (pid == 2", 8, "Too few '('"},
      {"pid == 1 && oldcomm == \"x", 23, "Missing matching quote"},
      {"oldcomm == \"a\\\"b\"", 16, "Missing matching quote"},
      {"!", 1, "No filter found"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(ErrorText(one.text), std::string(one.text) + "\n" +
                                       std::string(one.position, ' ') +
                                       "^\nparse_error: " + one.message + "\n");
  }
}

// Linux refuses the first with nothing but "Error: (0)", and takes the last.
TEST(FilterTest, RefusesWhatMeansNothing) {
  for (const char* text : {"()", "&& pid == 1", "pid == 1 && && pid == 2",
                           "pid == 1 && ()", "|", "(pid == 1 &&) pid == 2",
                           "\"pid\" == 1", "pid == 1 ||", "pid == 1 && !"}) {
    EXPECT_NE(
        ErrorText(text).find("parse_error: Meaningless filter expression"),
        std::string::npos)
        << text;
  }
  EXPECT_NE(ErrorText("").find("No filter found"), std::string::npos);
}

TEST(FilterTest, RefusesConstantsThatAreTooLong) {
  EXPECT_TRUE(Matches("pid != " + std::string(23, '0')));
  EXPECT_EQ(ErrorText("pid == " + std::string(24, '0')),
            "pid == " + std::string(24, '0') + "\n" + std::string(31, ' ') +
                "^\nparse_error: Operand too long\n");
  EXPECT_FALSE(Matches("oldcomm == \"" + std::string(255, 'a') + "\""));
  EXPECT_NE(ErrorText("oldcomm == \"" + std::string(256, 'a') + "\"")
                .find("^\nparse_error: Operand too long\n"),
            std::string::npos);
}

TEST(FilterTest, TakesWhatIsAsLongAndDeepAsAPage) {
  std::string many = "pid == 77";
  while (many.size() + 13 <= EventFilter::kMaxTextSize) {
    many += " && pid == 77";
  }
  EXPECT_TRUE(Matches(many));
  const std::string open(2000, '(');
  const std::string close(2000, ')');
  EXPECT_TRUE(Matches(open + "pid == 77" + close));
  EXPECT_TRUE(Matches(std::string(4000, '!') + "pid == 77"));
  FilterError error;
  EXPECT_EQ(EventFilter::Create(ViewOf("pid == 1" + std::string(4096, '1')),
                                kFilteredFields, PortAllocator(), &error)
                .status(),
            Status::kTooBig);
}

TEST(FilterTest, KeepsItsTextWithoutSpacesAround) {
  const OwnedFilter filter = MakeFilter("  pid == 1\n");
  ASSERT_NE(filter, nullptr);
  EXPECT_TRUE(filter->text() == "pid == 1");
}

TEST(FilterTest, FieldsThatAreNoNumbersAndNoTextCannotBeCompared) {
  EXPECT_NE(ErrorText("array == 1").find("Illegal operation"),
            std::string::npos);
  EXPECT_NE(ErrorText("array == \"1\"").find("Illegal operation"),
            std::string::npos);
}

TEST(FilterTest, EveryAllocationMayFail) {
  const uint64_t allocations =
      ForEachFailingAllocation("filter", [](FailingAllocator& allocator) {
        FilterError error;
        const Result<EventFilter*> filter =
            EventFilter::Create("(pid == 1 || oldcomm == \"a\") && !(pid == 2)",
                                kFilteredFields, allocator, &error);
        EXPECT_EQ(filter.ok(), !allocator.failed());
        if (filter.ok()) {
          (*filter)->Destroy();
        } else {
          EXPECT_EQ(filter.status(), Status::kNoMemory);
        }
      });
  EXPECT_EQ(allocations, 5u);
}

}  // namespace
}  // namespace ebpf
