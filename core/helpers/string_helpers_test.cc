// SPDX-License-Identifier: MIT
//
// Edge cases are compared with the host's kernel by
// testing/oracle/helper_programs_test.cc; here are many numbers, beside
// strtoll.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <linux/bpf.h>
#include <random>
#include <string>

#include "core/helpers/helper_test_util.h"
#include "core/helpers/trace_log.h"

namespace ebpf {
namespace {

TEST(StringHelpersTest, ReadsWhatTheHostsStrtollReads) {
  std::mt19937_64 random(1);
  int compared = 0;
  for (int i = 0; i < 20000; ++i) {
    const int base = (i & 1) != 0 ? 10 : 16;
    const auto number = static_cast<int64_t>(random() >> (random() % 64));
    char text[40];
    snprintf(text, sizeof(text), base == 10 ? "%ld" : "%lx",
             base == 10 && (i & 2) != 0 ? -number : number);
    char* end;
    errno = 0;
    const long long wanted = std::strtoll(text, &end, base);
    int64_t value = 5;
    const uint64_t result = Call(BPF_FUNC_strtol, Address(text), strlen(text),
                                 base, Address(&value));
    if (errno == ERANGE) {
      EXPECT_EQ(result, Negative(ERANGE)) << text;
      EXPECT_EQ(value, 0);
      continue;
    }
    EXPECT_EQ(result, static_cast<uint64_t>(end - text)) << text;
    EXPECT_EQ(value, wanted) << text;
    ++compared;
  }
  EXPECT_GT(compared, 15000);
}

TEST(StringHelpersTest, ReadsNoFartherThanTheSizeSays) {
  const char text[] = "  -12345";
  int64_t value = 0;
  EXPECT_EQ(Call(BPF_FUNC_strtol, Address(text), 5, 0, Address(&value)), 5u);
  EXPECT_EQ(value, -12);
  EXPECT_EQ(Call(BPF_FUNC_strtol, Address(text), 3, 0, Address(&value)),
            Negative(EINVAL));
  uint64_t number = 0;
  EXPECT_EQ(Call(BPF_FUNC_strtoul, Address(text), 5, 0, Address(&number)),
            Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_strtoul, Address(text + 3), 5, 0, Address(&number)),
            5u);
  EXPECT_EQ(number, 12345u);
}

TEST(StringHelpersTest, ComparesAsUnsignedBytesUpToTheZero) {
  const auto compare = [](const char* a, uint64_t size, const char* b) {
    return static_cast<int32_t>(
        Call(BPF_FUNC_strncmp, Address(a), size, Address(b)));
  };
  EXPECT_EQ(compare("abc", 4, "abc"), 0);
  EXPECT_EQ(compare("abc", 2, "abd"), 0);
  EXPECT_EQ(compare("abc", 3, "abd"), -1);
  EXPECT_EQ(compare("abd", 3, "abc"), 1);
  EXPECT_EQ(compare("\xff", 1, "a"), 1);
  EXPECT_EQ(compare("a\0b", 3, "a"), 0);
}

class SnprintfTest : public HelperTest {
 protected:
  SnprintfTest() { EXPECT_EQ(InitTraceLog(PortAllocator()), Status::kOk); }
  ~SnprintfTest() override { ExitTraceLog(); }
};

TEST_F(SnprintfTest, TellsTheWholeLengthAndEndsWithAZero) {
  const uint64_t args[] = {42, 7};
  char text[8] = "zzzzzzz";
  EXPECT_EQ(Call(BPF_FUNC_snprintf, Address(text), sizeof(text),
                 Address("number %d"), Address(args), 8),
            10u);
  EXPECT_STREQ(text, "number ");
  EXPECT_EQ(Call(BPF_FUNC_snprintf, Address(text), sizeof(text),
                 Address("%d+%d"), Address(args), 16),
            5u);
  EXPECT_STREQ(text, "42+7");
  EXPECT_EQ(Call(BPF_FUNC_snprintf, 0, 0, Address("%d"), Address(args), 8), 3u);
}

TEST_F(SnprintfTest, RefusesArgumentsThatAreNoWordsOrTooMany) {
  const uint64_t args[13] = {};
  char text[8];
  for (uint64_t size : {1, 7, 9, 104}) {
    EXPECT_EQ(Call(BPF_FUNC_snprintf, Address(text), sizeof(text), Address(""),
                   Address(args), size),
              Negative(EINVAL))
        << size;
  }
  EXPECT_EQ(
      Call(BPF_FUNC_snprintf, Address(text), sizeof(text), Address("%d"), 0, 8),
      Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_snprintf, Address(text), sizeof(text), Address("%d"),
                 Address(args), 0),
            Negative(EINVAL));
}

TEST(SnprintfWithoutLogTest, IsBusy) {
  char text[8];
  EXPECT_EQ(Call(BPF_FUNC_snprintf, Address(text), 8, Address("x"), 0, 0),
            Negative(EBUSY));
}

}  // namespace
}  // namespace ebpf
