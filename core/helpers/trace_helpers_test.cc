// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/bpf.h>
#include <string>

#include "core/helpers/helper_test_util.h"
#include "core/helpers/trace_log.h"
#include "core/memory/allocator.h"

namespace ebpf {
namespace {

class TraceHelpersTest : public ::testing::Test {
 protected:
  TraceHelpersTest() { EXPECT_EQ(InitTraceLog(PortAllocator()), Status::kOk); }
  ~TraceHelpersTest() override { ExitTraceLog(); }

  static std::string Line() {
    char line[kMaxTraceLine];
    const Result<size_t> size = GlobalTraceLog()->ReadLine(line);
    return size.ok() ? std::string(line, *size) : "";
  }
};

TEST_F(TraceHelpersTest, PrintkTakesThreeArguments) {
  const char format[] = "%d %s %lx";
  const char* name = "read";
  EXPECT_EQ(Call(BPF_FUNC_trace_printk, Address(format), sizeof(format), 42,
                 Address(name), 0xabcdef0123),
            18u);
  EXPECT_NE(Line().find(": bpf_trace_printk: 42 read abcdef0123\n"),
            std::string::npos);
}

TEST_F(TraceHelpersTest, PrintkRefusesABadFormatAndPrintsNothing) {
  const char bad[] = "%f";
  const char open[] = {'a', 'b'};
  EXPECT_EQ(Call(BPF_FUNC_trace_printk, Address(bad), sizeof(bad), 1, 2, 3),
            Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_trace_printk, Address(open), sizeof(open), 1, 2, 3),
            Negative(EINVAL));
  EXPECT_EQ(Line(), "");
}

TEST(TraceHelpersWithoutLogTest, PrintkIsBusyWithoutALog) {
  const char format[] = "x";
  EXPECT_EQ(Call(BPF_FUNC_trace_printk, Address(format), sizeof(format)),
            Negative(EBUSY));
}

TEST_F(TraceHelpersTest, VprintkTakesItsArgumentsFromMemory) {
  const uint64_t args[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const char format[] = "%d %d %d %d %d %d %d %d %d %d %d %d";
  EXPECT_EQ(Call(BPF_FUNC_trace_vprintk, Address(format), sizeof(format),
                 Address(args), sizeof(args)),
            26u);
  EXPECT_NE(Line().find("1 2 3 4 5 6 7 8 9 10 11 12\n"), std::string::npos);
  EXPECT_EQ(Call(BPF_FUNC_trace_vprintk, Address(format), sizeof(format),
                 Address(args), 104),
            Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_trace_vprintk, Address(format), sizeof(format),
                 Address(args), 12),
            Negative(EINVAL));
}

}  // namespace
}  // namespace ebpf
