// SPDX-License-Identifier: MIT
#include <vector>

#include "core/base/memory.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/object_info.h"

namespace ebpf {
namespace {

using linux_abi::FunctionInfo;
using linux_abi::LineInfo;
using linux_abi::MapInfo;
using linux_abi::ProgramInfo;

/// r1 = map (a hash), r2 = &value + 4 (of an array), then a tail call.
class DumpTest : public ObjectInfoTest {
 protected:
  DumpTest()
      : hash_(caller_.CreateMap(linux_abi::kMapTypeHash, 4, 8, 1)),
        array_(caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1)),
        programs_(caller_.CreateMap(linux_abi::kMapTypeProgArray, 4, 4, 1)) {}

  static isa::Insn StoreWord(uint8_t dst, int16_t offset, int32_t imm) {
    return Insn(0x62, dst, 0, offset, imm);
  }
  int64_t LoadProgram() {
    return caller_.Load(
        kKprobe,
        {MovReg(6, 1), StoreWord(10, -4, 0),
         LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(hash_)),
         LoadHigh(0), MovReg(2, 10), Insn(0x07, 2, 0, 0, -4),
         CallHelper(helper_id::map_lookup_elem),
         LoadLow(7, isa::kPseudoMapValue, static_cast<int32_t>(array_)),
         LoadHigh(4), StoreWord(7, 0, 1), MovReg(1, 6),
         LoadLow(2, isa::kPseudoMapFd, static_cast<int32_t>(programs_)),
         LoadHigh(0), MovImm(3, 0), CallHelper(helper_id::tail_call),
         LoadLow(8, isa::kPseudoNone, 5), LoadHigh(6), MovImm(0, 0), Exit()});
  }
  uint32_t IdOf(int64_t map) {
    MapInfo info{};
    EXPECT_EQ(Get(map, info), 0);
    return info.id;
  }

  int64_t hash_;
  int64_t array_;
  int64_t programs_;
};

INSTANTIATE_TEST_SUITE_P(, DumpTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(DumpTest, MapsAreNamedById) {
  const int64_t fd = LoadProgram();
  ASSERT_GE(fd, 0);
  ProgramInfo info{};
  info.map_count = 2;
  info.map_ids = caller_.Put(nullptr, 12);
  info.xlated_size = 1000;
  info.xlated_insns = caller_.Put(nullptr, 1000);
  ASSERT_EQ(Get(fd, info), 0);

  EXPECT_EQ(info.map_count, 3u);
  EXPECT_EQ(Read<uint32_t>(info.map_ids, 3),
            (std::vector<uint32_t>{IdOf(hash_), IdOf(array_), 0}));
  const auto insns =
      Read<isa::Insn>(info.xlated_insns, info.xlated_size / sizeof(isa::Insn));
  std::vector<isa::Insn> constants;
  std::vector<int32_t> calls;
  for (size_t i = 0; i < insns.size(); ++i) {
    if (insns[i].opcode == isa::kLdImm64Opcode) {
      constants.push_back(insns[i]);
      constants.push_back(insns[++i]);
    } else if (insns[i].opcode == isa::kCallOpcode) {
      EXPECT_EQ(insns[i].src, isa::kCallHelper);
      calls.push_back(insns[i].imm);
    }
  }
  ASSERT_EQ(constants.size(), 8u);
  EXPECT_EQ(constants[0].src, isa::kPseudoMapFd);
  EXPECT_EQ(constants[0].imm, static_cast<int32_t>(IdOf(hash_)));
  EXPECT_EQ(constants[1].imm, 0);
  EXPECT_EQ(constants[2].src, isa::kPseudoMapValue);
  EXPECT_EQ(constants[2].imm, static_cast<int32_t>(IdOf(array_)));
  EXPECT_EQ(constants[3].imm, 4);
  EXPECT_EQ(constants[4].src, isa::kPseudoMapFd);
  EXPECT_EQ(constants[4].imm, static_cast<int32_t>(IdOf(programs_)));
  EXPECT_EQ(constants[6].src, isa::kPseudoNone);
  EXPECT_EQ(constants[6].imm, 5);
  EXPECT_EQ(constants[7].imm, 6);
  EXPECT_EQ(calls, (std::vector<int32_t>{helper_id::map_lookup_elem,
                                         helper_id::tail_call}));
}

TEST_P(DumpTest, NoAddressOfTheKernelIsShown) {
  const int64_t fd = LoadProgram();
  ProgramInfo info{};
  info.xlated_size = 1000;
  info.xlated_insns = caller_.Put(nullptr, 1000);
  ASSERT_EQ(Get(fd, info), 0);
  const std::vector<uint8_t> bytes =
      Read<uint8_t>(info.xlated_insns, info.xlated_size);
  const Ref<Program> program = ProgramOf(fd);
  for (Map* map : program->maps()) {
    const auto address = static_cast<uint32_t>(reinterpret_cast<uint64_t>(map));
    for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
      EXPECT_NE(LoadUnaligned<uint32_t>(&bytes[i]), address);
    }
  }
}

TEST_P(DumpTest, WhoMayNotSeeTheKernelGetsNoDumps) {
  const int64_t fd = LoadProgram();
  SetHostCapabilities(0);
  ProgramInfo info{};
  info.map_count = 3;
  info.map_ids = caller_.Put(nullptr, 12);
  info.xlated_size = 1000;
  info.xlated_insns = caller_.Put(nullptr, 1000);
  ASSERT_EQ(Get(fd, info), 0);
  const bool may = GetParam() == Origin::kKernel;
  EXPECT_EQ(info.map_count, 3u);
  EXPECT_EQ(info.xlated_size != 0, may);
  EXPECT_EQ(info.jited_size != 0, may);
  EXPECT_EQ(info.jited_symbol_count != 0, may);
  EXPECT_EQ(caller_.Get<uint8_t>(info.xlated_insns) != 0, may);
}

TEST_P(DumpTest, EachAllocationMayFail) {
  const int64_t fd = LoadProgram();
  FailEachAllocation(
      "information on a program", caller_,
      [&] {
        ProgramInfo info{};
        info.jited_symbol_count = 1;
        info.jited_symbols = caller_.Put(nullptr, 8);
        return Get(fd, info);
      },
      [](int64_t) {});
}

/// main calls a function; both have a type, and lines.
class TypedDumpTest : public ObjectInfoTest {
 protected:
  int64_t LoadProgram() {
    btf_ = LoadBtf(caller_, ProgramTypes());
    linux_abi::ProgLoadAttr attr =
        caller_.Program(kKprobe, {Insn(0x85, 0, isa::kCallSubprogram, 0, 1),
                                  Exit(), MovImm(0, 3), MovImm(1, 4), Exit()});
    SetFunctions(caller_, attr, btf_, {{0, kFunctionType}, {2, kFunctionType}});
    const LineInfo lines[] = {{0, 0, 0, 1 << 10},
                              {1, 0, 0, 2 << 10},
                              {2, 0, 0, 3 << 10},
                              {4, 0, 0, 5 << 10}};
    attr.line_info = caller_.Put(lines);
    attr.line_info_cnt = 4;
    attr.line_info_rec_size = sizeof(LineInfo);
    return caller_.Call(linux_abi::kProgLoad, attr);
  }
  int64_t btf_ = -1;
};

INSTANTIATE_TEST_SUITE_P(, TypedDumpTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(TypedDumpTest, FunctionsAndLinesAreTold) {
  const int64_t fd = LoadProgram();
  ASSERT_GE(fd, 0);
  caller_.CloseFd(btf_);  // the program keeps its types
  ProgramInfo info{};
  info.function_info_count = 5;
  info.function_info_size = sizeof(FunctionInfo);
  info.function_info = caller_.Put(nullptr, 5 * sizeof(FunctionInfo));
  info.line_info_count = 5;
  info.line_info_size = sizeof(LineInfo);
  info.line_info = caller_.Put(nullptr, 5 * sizeof(LineInfo));
  info.jited_line_info_count = 5;
  info.jited_line_info_size = 8;
  info.jited_line_info = caller_.Put(nullptr, 5 * 8);
  info.jited_symbol_count = 3;
  info.jited_symbols = caller_.Put(nullptr, 3 * 8);
  info.jited_length_count = 3;
  info.jited_lengths = caller_.Put(nullptr, 3 * 4);
  info.tag_count = 3;
  info.tags = caller_.Put(nullptr, 3 * 8);
  ASSERT_EQ(Get(fd, info), 0);

  EXPECT_EQ(info.btf_id, btf::BtfIds()
                             .FirstId(RunningSystem()->kernel_types->id() + 1)
                             .ValueOr(0));
  ASSERT_EQ(info.function_info_count, 2u);
  const auto functions = Read<FunctionInfo>(info.function_info, 2);
  EXPECT_EQ(functions[0].insn_offset, 0u);
  EXPECT_EQ(functions[0].type_id, kFunctionType);
  EXPECT_EQ(functions[1].type_id, kFunctionType);
  const auto lines = Read<LineInfo>(info.line_info, info.line_info_count);
  ASSERT_EQ(lines.size(), 4u);
  const uint32_t numbers[] = {1, 2, 3, 5};
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].line_column >> 10, numbers[i]);
  }
  EXPECT_EQ(lines[2].insn_offset, functions[1].insn_offset);

  const MachineCode code = ProgramOf(fd)->code();
  ASSERT_EQ(info.jited_line_info_count, 4u);
  const auto addresses = Read<uint64_t>(info.jited_line_info, 4);
  ASSERT_EQ(info.jited_symbol_count, 2u);
  const auto symbols = Read<uint64_t>(info.jited_symbols, 2);
  const auto lengths = Read<uint32_t>(info.jited_lengths, 2);
  EXPECT_EQ(symbols[0], code.address);
  EXPECT_EQ(symbols[0] + lengths[0], symbols[1]);
  EXPECT_EQ(symbols[1] + lengths[1], code.address + code.size);
  EXPECT_EQ(addresses[0], symbols[0]);
  EXPECT_EQ(addresses[2], symbols[1]);
  for (size_t i = 1; i < addresses.size(); ++i) {
    EXPECT_GT(addresses[i], addresses[i - 1]);
  }
  ASSERT_EQ(info.tag_count, 2u);
  const auto tags = Read<uint64_t>(info.tags, 3);
  EXPECT_NE(tags[0], tags[1]);
  EXPECT_EQ(tags[2], 0u);
}

TEST_P(TypedDumpTest, AnInterpretedProgramHasNoCode) {
  ASSERT_EQ(SelectEngine(false, false), Status::kOk);
  const int64_t fd = LoadProgram();
  ASSERT_GE(fd, 0);
  ProgramInfo info{};
  info.jited_line_info_count = 5;
  info.jited_line_info_size = 8;
  info.jited_symbol_count = 3;
  info.jited_size = 100;
  ASSERT_EQ(Get(fd, info), 0);
  EXPECT_EQ(info.jited_size, 0u);
  EXPECT_EQ(info.jited_line_info_count, 0u);
  EXPECT_EQ(info.jited_symbol_count, 0u);
  EXPECT_EQ(info.line_info_count, 4u);
}

TEST_P(TypedDumpTest, EachAllocationOfALoadMayFail) {
  FailEachAllocation(
      "load a program with functions and lines", caller_,
      [&] {
        const int64_t fd = LoadProgram();
        caller_.CloseFd(btf_);
        return btf_ < 0 ? btf_ : fd;
      },
      [&](int64_t fd) { caller_.CloseFd(fd); });
}

TEST_P(TypedDumpTest, EachAllocationOfAnAnswerMayFail) {
  const int64_t fd = LoadProgram();
  FailEachAllocation(
      "information on functions and lines", caller_,
      [&] {
        ProgramInfo info{};
        return Get(fd, info);
      },
      [](int64_t) {});
}

}  // namespace
}  // namespace ebpf
