// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/bpf.h>
#include <string>
#include <utility>

#include "core/helpers/helper_test_util.h"
#include "core/helpers/trace_log.h"
#include "core/memory/allocator.h"

namespace ebpf {
namespace {

class TraceHelpersTest : public ::testing::Test, private TraceLines {
 protected:
  TraceHelpersTest() {
    EXPECT_EQ(InitTraceLog(PortAllocator()), Status::kOk);
    SetTraceLines(this);
  }
  ~TraceHelpersTest() override {
    SetTraceLines(nullptr);
    ExitTraceLog();
  }

  /// All lines since the last call.
  std::string Line() { return std::exchange(lines_, ""); }

 private:
  void Add(StringView text) override {
    lines_ += std::string(text.data(), text.size()) + "\n";
  }

  std::string lines_;
};

TEST_F(TraceHelpersTest, PrintkTakesThreeArguments) {
  const char format[] = "%d %s %lx";
  const char* name = "read";
  EXPECT_EQ(Call(BPF_FUNC_trace_printk, Address(format), sizeof(format), 42,
                 Address(name), 0xabcdef0123),
            18u);
  EXPECT_EQ(Line(), "42 read abcdef0123\n");
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
  EXPECT_EQ(Line(), "1 2 3 4 5 6 7 8 9 10 11 12\n");
  EXPECT_EQ(Call(BPF_FUNC_trace_vprintk, Address(format), sizeof(format),
                 Address(args), 104),
            Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_trace_vprintk, Address(format), sizeof(format),
                 Address(args), 12),
            Negative(EINVAL));
}

}  // namespace
}  // namespace ebpf
