// SPDX-License-Identifier: MIT
#include <vector>

#include "core/base/memory.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/insns.h"
#include "testing/caller/object_info.h"

namespace ebpf {
namespace {

using linux_abi::ProgramInfo;

using ProgInfoTest = ObjectInfoTest;

INSTANTIATE_TEST_SUITE_P(, ProgInfoTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ProgInfoTest, AProgramTellsWhatItIs) {
  linux_abi::ProgLoadAttr attr = caller_.Program(kKprobe, Returning(7));
  memcpy(attr.prog_name, "my_program", 10);
  const int64_t fd = caller_.Call(linux_abi::kProgLoad, attr);
  ProgramInfo info{};
  ASSERT_EQ(Get(fd, info), 0);

  EXPECT_EQ(size_, sizeof(info));
  EXPECT_EQ(info.type, kKprobe);
  EXPECT_EQ(info.id, ProgramOf(fd)->id());
  EXPECT_EQ(memcmp(info.tag, ProgramOf(fd)->parts().tag, 8), 0);
  EXPECT_STREQ(info.name, "my_program");
  EXPECT_EQ(info.gpl_compatible, 1u);
  EXPECT_NE(info.load_time, 0u);
  EXPECT_EQ(info.map_count, 0u);
  EXPECT_EQ(info.verified_insns, 2u);
  EXPECT_EQ(info.xlated_size, 16u);
  EXPECT_EQ(info.jited_size, ProgramOf(fd)->code().size);
  EXPECT_GT(info.jited_size, 0u);
  EXPECT_EQ(info.jited_symbol_count, 1u);
  EXPECT_EQ(info.jited_length_count, 1u);
  EXPECT_EQ(info.tag_count, 1u);
  EXPECT_EQ(info.function_info_size, 8u);
  EXPECT_EQ(info.line_info_size, 16u);
  EXPECT_EQ(info.jited_line_info_size, 8u);
  EXPECT_EQ(info.function_info_count, 0u);
  EXPECT_EQ(info.btf_id, 0u);

  attr.license = caller_.Put("MIT");
  const int64_t other = caller_.Call(linux_abi::kProgLoad, attr);
  info = ProgramInfo{};
  ASSERT_EQ(Get(other, info), 0);
  EXPECT_EQ(info.gpl_compatible, 0u);
}

TEST_P(ProgInfoTest, ADumpIsAsLongAsThereIsRoom) {
  const int64_t fd = caller_.Load(kKprobe, Returning(7));
  ProgramInfo info{};
  info.xlated_size = 9;
  info.xlated_insns = caller_.Put(nullptr, 16);
  info.jited_size = 5;
  info.jited_insns = caller_.Put(nullptr, 16);
  ASSERT_EQ(Get(fd, info), 0);
  EXPECT_EQ(info.xlated_size, 16u);
  const MachineCode code = ProgramOf(fd)->code();
  EXPECT_EQ(info.jited_size, code.size);

  const std::vector<uint8_t> insns = Read<uint8_t>(info.xlated_insns, 16);
  EXPECT_EQ(insns[0], 0xb7);
  EXPECT_EQ(insns[4], 7);
  EXPECT_EQ(insns[8], 0x95);
  EXPECT_EQ(insns[9], 0);
  const std::vector<uint8_t> bytes = Read<uint8_t>(info.jited_insns, 16);
  EXPECT_EQ(memcmp(bytes.data(), reinterpret_cast<void*>(code.address), 5), 0);
  EXPECT_EQ(bytes[5], 0);
}

TEST_P(ProgInfoTest, SizesWithoutAPlaceAreFaults) {
  const int64_t fd = caller_.Load(kKprobe, Returning(7));
  const auto with = [&](auto set) {
    ProgramInfo info{};
    set(info);
    return Get(fd, info);
  };
  const int64_t fault = Minus(Status::kFault);
  EXPECT_EQ(with([](ProgramInfo& i) { i.xlated_size = 16; }), fault);
  EXPECT_EQ(with([](ProgramInfo& i) { i.jited_size = 16; }), fault);
  EXPECT_EQ(with([](ProgramInfo& i) { i.jited_symbol_count = 1; }), fault);
  EXPECT_EQ(with([](ProgramInfo& i) { i.jited_length_count = 1; }), fault);
  EXPECT_EQ(with([](ProgramInfo& i) { i.tag_count = 1; }), fault);
  // Nothing is there to be copied.
  EXPECT_EQ(with([](ProgramInfo& i) { i.map_count = 1; }), 0);
  const int64_t invalid = Minus(Status::kInvalid);
  EXPECT_EQ(with([](ProgramInfo& i) { i.function_info_count = 1; }), invalid);
  EXPECT_EQ(with([](ProgramInfo& i) { i.function_info_size = 12; }), invalid);
  EXPECT_EQ(with([](ProgramInfo& i) { i.function_info_size = 8; }), 0);
  EXPECT_EQ(with([](ProgramInfo& i) { i.line_info_count = 1; }), invalid);
  EXPECT_EQ(with([](ProgramInfo& i) { i.line_info_size = 8; }), invalid);
  EXPECT_EQ(with([](ProgramInfo& i) { i.jited_line_info_count = 1; }), invalid);
  EXPECT_EQ(with([](ProgramInfo& i) { i.jited_line_info_size = 4; }), invalid);
}

TEST_P(ProgInfoTest, RunsAreMeasuredWhileSomebodyWantsIt) {
  const int64_t fd = caller_.Load(kKprobe, Returning(7));
  ProgramOf(fd)->Run(nullptr);
  ProgramInfo info{};
  ASSERT_EQ(Get(fd, info), 0);
  EXPECT_EQ(info.run_count, 0u);
  EXPECT_EQ(info.run_time_ns, 0u);
  {
    RunTimes times;
    RunTimes more;
    for (int i = 0; i < 1000; ++i) {
      ProgramOf(fd)->Run(nullptr);
    }
  }
  ProgramOf(fd)->Run(nullptr);
  info = ProgramInfo{};
  ASSERT_EQ(Get(fd, info), 0);
  EXPECT_EQ(info.run_count, 1000u);
  EXPECT_GT(info.run_time_ns, 0u);
}

}  // namespace
}  // namespace ebpf
