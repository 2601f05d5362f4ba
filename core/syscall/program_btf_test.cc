// SPDX-License-Identifier: MIT
#include "core/syscall/program_btf.h"

#include "core/btf/core_relo.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::ProgLoadAttr;

struct Function {
  uint32_t insn;
  uint32_t type;
};
struct Line {
  uint32_t insn;
  uint32_t file;
  uint32_t text;
  uint32_t column;
};

class ProgramBtfTest : public SyscallTest {
 protected:
  ProgLoadAttr Typed() {
    ProgLoadAttr attr = caller_.Program(kSocketFilter, Returning(0));
    attr.prog_btf_fd = static_cast<uint32_t>(LoadBtf(caller_, ProgramTypes()));
    attr.func_info_cnt = 1;
    attr.func_info_rec_size = sizeof(Function);
    attr.func_info = caller_.Put(Function{0, kFunctionType});
    return attr;
  }
  void AddLog(ProgLoadAttr& attr) {
    attr.log_level = 1;
    attr.log_size = 4096;
    attr.log_buf = caller_.Put(nullptr, 4096);
  }
  std::string LogOf(const ProgLoadAttr& attr) {
    return static_cast<const char*>(caller_.At(attr.log_buf));
  }
  int64_t Load(const ProgLoadAttr& attr) {
    return caller_.Call(linux_abi::kProgLoad, attr);
  }
};

INSTANTIATE_TEST_SUITE_P(, ProgramBtfTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ProgramBtfTest, FunctionsAndLinesAreTaken) {
  ProgLoadAttr attr = Typed();
  attr.line_info_cnt = 1;
  attr.line_info_rec_size = sizeof(Line);
  attr.line_info = caller_.Put(Line{0, 1, 1, 5 << 10});

  EXPECT_GE(Load(attr), 0);
}

TEST_P(ProgramBtfTest, TheDescriptorIsOneOfBtf) {
  ProgLoadAttr attr = Typed();
  attr.prog_btf_fd = 300;
  EXPECT_EQ(Load(attr), Minus(Status::kBadFd));
  attr.prog_btf_fd =
      static_cast<uint32_t>(caller_.Load(kSocketFilter, Returning(0)));
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
}

TEST_P(ProgramBtfTest, LongerRecordsOfNewerClientsMustEndInZeros) {
  struct {
    Function function;
    uint32_t more;
  } longer = {{0, kFunctionType}, 0};
  ProgLoadAttr attr = Typed();
  attr.func_info_rec_size = sizeof(longer);
  attr.func_info = caller_.Put(longer);
  EXPECT_GE(Load(attr), 0);

  longer.more = 1;
  attr.func_info = caller_.Put(longer);
  AddLog(attr);
  EXPECT_EQ(Load(attr), Minus(Status::kTooBig));
  EXPECT_NE(LogOf(attr).find("nonzero tailing record in func_info"),
            std::string::npos)
      << LogOf(attr);
}

TEST_P(ProgramBtfTest, RecordSizesHaveBounds) {
  for (uint32_t size : {0u, 4u, 7u, 10u, 256u, 0xfffffffcu}) {
    ProgLoadAttr attr = Typed();
    attr.func_info_rec_size = size;
    AddLog(attr);
    EXPECT_EQ(Load(attr), Minus(Status::kInvalid)) << size;
    EXPECT_NE(
        LogOf(attr).find("invalid func info rec size " + std::to_string(size)),
        std::string::npos)
        << LogOf(attr);
  }
  ProgLoadAttr attr = Typed();
  attr.line_info_cnt = 1;
  attr.line_info_rec_size = 12;
  attr.line_info = caller_.Put(Line{});
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
}

TEST_P(ProgramBtfTest, TablesThatAreNotThereFault) {
  ProgLoadAttr attr = Typed();
  attr.func_info = 0;
  EXPECT_EQ(Load(attr), Minus(Status::kFault));
}

TEST_P(ProgramBtfTest, CountsBeyondAllReasonCostNothing) {
  ProgLoadAttr attr = Typed();
  attr.func_info_cnt = UINT32_MAX;
  EXPECT_LT(Load(attr), 0);
  attr = Typed();
  attr.line_info_cnt = UINT32_MAX;
  attr.line_info_rec_size = sizeof(Line);
  attr.line_info = caller_.Put(Line{});
  EXPECT_LT(Load(attr), 0);
}

TEST_P(ProgramBtfTest, RelocationsNeedAKernelWithTypes) {
  ProgLoadAttr attr = Typed();
  attr.core_relo_cnt = 1;
  attr.core_relo_rec_size = sizeof(btf::CoreRelocation);
  attr.core_relos = caller_.Put(btf::CoreRelocation{});
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));

  // As Linux: without functions and lines nobody looks at them.
  attr.func_info_cnt = 0;
  EXPECT_GE(Load(attr), 0);
}

TEST(ProgramBtfMemoryTest, EachAllocationMayFail) {
  TestSystem system;
  TestCaller caller(Origin::kKernel);
  ProgLoadAttr attr = caller.Program(kSocketFilter, Returning(0));
  attr.prog_btf_fd = static_cast<uint32_t>(LoadBtf(caller, ProgramTypes()));
  attr.func_info_cnt = 1;
  attr.func_info_rec_size = sizeof(Function);
  attr.func_info = caller.Put(Function{0, kFunctionType});
  attr.line_info_cnt = 1;
  attr.line_info_rec_size = sizeof(Line);
  attr.line_info = caller.Put(Line{0, 1, 1, 5 << 10});

  FailEachAllocation(
      "PROG_LOAD with BTF", caller,
      [&] { return caller.Call(linux_abi::kProgLoad, attr); },
      [&](int64_t fd) { EXPECT_EQ(caller.CloseFd(fd), 0); });
}

}  // namespace
}  // namespace ebpf
