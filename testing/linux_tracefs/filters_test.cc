// SPDX-License-Identifier: MIT
//
// Filters beside the host's: what it takes, how it says what is wrong, and what
// passes. Needs a tracefs that this process may use.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include "core/memory/allocator.h"
#include "core/tracepoints/filter.h"
#include "core/tracepoints/filter_test_util.h"
#include "gtest/gtest.h"
#include "testing/linux_tracefs/host_tracefs.h"

namespace ebpf {
namespace {

constexpr char kEvent[] = "events/task/task_rename/";

/// The fields of the host's task:task_rename.
constexpr EventField kFields[] = {
    {"unsigned short", "common_type", 0, 2, false, FieldKind::kInteger},
    {"unsigned char", "common_flags", 2, 1, false, FieldKind::kInteger},
    {"unsigned char", "common_preempt_count", 3, 1, false, FieldKind::kInteger},
    {"int", "common_pid", 4, 4, true, FieldKind::kInteger},
    {"pid_t", "pid", 8, 4, true, FieldKind::kInteger},
    {"char", "oldcomm", 12, 16, false, FieldKind::kText},
    {"char", "newcomm", 28, 16, false, FieldKind::kText},
    {"short", "oom_score_adj", 44, 2, true, FieldKind::kInteger},
};

class FiltersTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    host_ = HostTracefs::Open(&reason);
    if (host_ == nullptr) {
      GTEST_SKIP() << "NO ORACLE: " << reason;
    }
    if (host_->Read(std::string(kEvent) + "format")
            .find("field:short oom_score_adj;\toffset:44;") ==
        std::string::npos) {
      GTEST_SKIP() << "NO ORACLE: this Linux has another task_rename";
    }
  }

  /// What the host shows in the filter file, and whether it took it.
  bool HostTakes(const std::string& text, std::string* shown) {
    const bool taken = host_->Write(std::string(kEvent) + "filter", text) == 0;
    *shown = host_->Read(std::string(kEvent) + "filter");
    return taken;
  }

  OwnedFilter Ours(const std::string& text, std::string* shown) {
    FilterError error;
    const Result<EventFilter*> filter =
        EventFilter::Create(ViewOf(text), kFields, PortAllocator(), &error);
    if (filter.ok()) {
      *shown = std::string((*filter)->text().data(), (*filter)->text().size());
      *shown += "\n";
      return OwnedFilter(*filter);
    }
    shown->resize(2 * text.size() + 200);
    TextWriter writer(shown->data(), shown->size());
    WriteFilterError(writer, ViewOf(text), error);
    shown->resize(writer.text().size());
    *shown += "\n";  // as Linux ends it
    return nullptr;
  }

  std::unique_ptr<HostTracefs> host_;
};

/// Where we want to differ: Linux takes an operator that nothing follows, and
/// has no words for an expression that begins with one.
bool IsMeaningless(const std::string& ours) {
  return ours.find("Meaningless filter expression") != std::string::npos;
}

class RandomTexts {
 public:
  /// Tokens in a row, mostly in an order that could mean something.
  std::string Next() {
    static const std::vector<std::string> kFieldNames = {
        "pid",  "oldcomm", "newcomm", "oom_score_adj", "common_pid", "CPU",
        "comm", "foo",     "pi",      "common_type"};
    static const std::vector<std::string> kOperators = {
        "==", "!=", "<", "<=", ">", ">=", "&", "~", "=", "!~", "<>"};
    static const std::vector<std::string> kValues = {"1",
                                                     "0x1F",
                                                     "-3",
                                                     "017",
                                                     "08",
                                                     "0x",
                                                     "12a",
                                                     "1.5",
                                                     "\"a*\"",
                                                     "'b'",
                                                     "\"",
                                                     "x",
                                                     "- 1",
                                                     "99999999999999999999",
                                                     "-9223372036854775808"};
    static const std::vector<std::string> kJoints = {
        "&&", "||", "&&", "||", " ", "&", "|", ")", "(", "!"};
    std::string text;
    const uint32_t terms = 1 + random_() % 4;
    for (uint32_t i = 0; i < terms; ++i) {
      text += random_() % 4 == 0 ? "!" : "";
      const uint32_t opened = random_() % 4 == 0 ? 1 : 0;
      text += std::string(opened, '(');
      text += Pick(kFieldNames) + Space() + Pick(kOperators) + Space() +
              Pick(kValues);
      text += std::string(random_() % 12 == 0 ? 1 - opened : opened, ')');
      if (i + 1 < terms) {
        text += Space() + Pick(kJoints) + Space();
      }
    }
    if (random_() % 4 == 0) {
      const size_t at = random_() % text.size();
      random_() % 2 ? text.erase(at, 1) : text.insert(at, 1, text[at]);
    }
    return text;
  }

 private:
  const std::string& Pick(const std::vector<std::string>& of) {
    // The first ones, which are right, more often.
    const size_t limit = random_() % 4 == 0 ? of.size() : of.size() / 2;
    return of[random_() % limit];
  }
  std::string Space() { return random_() % 3 == 0 ? "" : " "; }

  std::mt19937 random_{23};
};

TEST_F(FiltersTest, TheHostTakesAndRefusesTheSameWithTheSameWords) {
  RandomTexts random;
  int taken = 0;
  int refused = 0;
  int meaningless = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random.Next();
    std::string host;
    std::string ours;
    const bool host_takes = HostTakes(text, &host);
    const bool we_take = Ours(text, &ours) != nullptr;
    if (IsMeaningless(ours)) {
      ++meaningless;
      continue;
    }
    ASSERT_EQ(we_take, host_takes) << text << "\n" << host << ours;
    ASSERT_EQ(ours, host) << text;
    ++(we_take ? taken : refused);
  }
  printf("%d taken, %d refused with the same words, %d that mean nothing\n",
         taken, refused, meaningless);
  EXPECT_GT(taken, 1000);
  EXPECT_GT(refused, 1000);
}

TEST_F(FiltersTest, TheHostPassesTheSameRecords) {
  const std::vector<std::string> texts = {
      "abc", "a*c", "", "xabcx", "a]c", "a[b", "abcdefghijklmno"};
  // Not "*c": Linux looks for it at the end of the field, behind the zeros. Nor
  // "*b*": it looks behind the zero, too, where older records have left bytes.
  const std::vector<std::string> filters = {
      "newcomm == \"abc\"",
      "newcomm != \"abc\"",
      "newcomm == \"\"",
      "newcomm ~ \"a*\"",
      "newcomm ~ \"*b*c\"",
      "newcomm ~ \"a?c\"",
      "newcomm ~ \"a[bB]c\"",
      "newcomm ~ \"a[!b]c\"",
      "newcomm ~ \"a[^b]c\"",
      "newcomm ~ \"a[b\"",
      "newcomm ~ \"a\\*c\"",
      "newcomm ~ \"a[]b]c\"",
      "newcomm ~ \"*?*c\"",
      "newcomm ~ \"\"",
      "newcomm ~ \"[*]\"",
      "newcomm == \"abcdefghijklmno\"",
      "newcomm == \"abcdefghijklmnop\"",
      "oldcomm == \"before\" && comm == \"before\"",
      "comm == \"abc\" || newcomm ~ \"???\"",
      "!(newcomm ~ \"a*\") || newcomm == 'a[b'",
      "oom_score_adj < 65535",
      "oom_score_adj > 65535",
      "oom_score_adj == 65536",
      "oom_score_adj & 0",
      "oom_score_adj >= -1",
      "pid == 1 || newcomm ~ \"a*\" && pid > 1",
      "(pid == 1 || newcomm ~ \"a*\") && pid == 1"};
  FilteredRecord record{};  // as task_rename's, as far as that goes
  record.pid = static_cast<int32_t>(getpid());
  strcpy(record.oldcomm, "before");
  char before[17] = {};
  prctl(PR_GET_NAME, before);
  std::string adjustment;
  std::getline(std::ifstream("/proc/self/oom_score_adj"), adjustment);
  record.oom_score_adj = static_cast<int16_t>(std::stoi(adjustment));
  int passed = 0;
  for (const std::string& text : filters) {
    std::string shown;
    ASSERT_TRUE(HostTakes(text, &shown)) << shown;
    const OwnedFilter filter = Ours(text, &shown);
    ASSERT_NE(filter, nullptr) << shown;
    for (const std::string& name : texts) {
      prctl(PR_SET_NAME, "before");
      host_->Write("trace", "");
      ASSERT_EQ(host_->Write(std::string(kEvent) + "enable", "1"), 0);
      prctl(PR_SET_NAME, name.c_str());
      ASSERT_EQ(host_->Write(std::string(kEvent) + "enable", "0"), 0);
      const bool host_passes =
          host_->Read("trace").find("task_rename:") != std::string::npos;
      memset(record.newcomm, 0, sizeof(record.newcomm));
      memcpy(record.newcomm, name.c_str(), name.size());
      EXPECT_EQ(filter->Matches(BytesOf(record), {.cpu = 0, .comm = "before"}),
                host_passes)
          << text << " on " << name;
      passed += host_passes ? 1 : 0;
    }
  }
  prctl(PR_SET_NAME, before);
  printf("%zu filters, %zu records each: %d passed\n", filters.size(),
         texts.size(), passed);
  EXPECT_GT(passed, 20);
}

}  // namespace
}  // namespace ebpf
