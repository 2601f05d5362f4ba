// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "core/base/memory.h"
#include "core/files/program_file.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/program/program.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::BtfInfo;
using linux_abi::FunctionInfo;
using linux_abi::LineInfo;
using linux_abi::MapInfo;
using linux_abi::ObjectInfoAttr;
using linux_abi::ProgramInfo;

class ObjectInfoTest : public SyscallTest {
 protected:
  /// The call with `size` bytes at `at`; the size that came back is in `size_`.
  int64_t GetAt(int64_t fd, uint64_t at, uint32_t size) {
    const uint64_t attr =
        caller_.Put(ObjectInfoAttr{static_cast<uint32_t>(fd), size, at});
    const int64_t result =
        caller_.BpfAt(linux_abi::kObjGetInfoByFd, attr, sizeof(ObjectInfoAttr));
    size_ = caller_.Get<ObjectInfoAttr>(attr).info_size;
    return result;
  }
  /// `info` is in and out.
  template <typename Info>
  int64_t Get(int64_t fd, Info& info) {
    const uint64_t at = caller_.Put(info);
    const int64_t result = GetAt(fd, at, sizeof(info));
    info = caller_.Get<Info>(at);
    return result;
  }
  template <typename T>
  std::vector<T> Read(uint64_t at, size_t count) {
    std::vector<T> values(count);
    memcpy(values.data(), caller_.At(at), count * sizeof(T));
    return values;
  }
  Ref<Program> ProgramOf(int64_t fd) {
    return (*caller_.client().fds().Get(fd))->AsProgram()->program();
  }

  uint32_t size_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, ObjectInfoTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ObjectInfoTest, AMapTellsWhatItWasMadeOf) {
  linux_abi::MapCreateAttr attr{};
  attr.map_type = linux_abi::kMapTypeHash;
  attr.key_size = 4;
  attr.value_size = 12;
  attr.max_entries = 7;
  attr.map_flags = linux_abi::kMapNoPrealloc | linux_abi::kMapReadOnly |
                   linux_abi::kMapReadOnlyProg;
  memcpy(attr.map_name, "my.map", 6);
  const int64_t fd = caller_.Call(linux_abi::kMapCreate, attr);
  MapInfo info{};
  memset(&info, 0xff, sizeof(info));  // nobody reads it
  ASSERT_EQ(Get(fd, info), 0);

  EXPECT_EQ(size_, sizeof(info));
  EXPECT_EQ(info.type, linux_abi::kMapTypeHash);
  EXPECT_EQ(info.id, MapIds().FirstId(1).ValueOr(0));
  EXPECT_EQ(info.key_size, 4u);
  EXPECT_EQ(info.value_size, 12u);
  EXPECT_EQ(info.max_entries, 7u);
  // How the descriptor is open is not told.
  EXPECT_EQ(info.map_flags,
            linux_abi::kMapNoPrealloc | linux_abi::kMapReadOnlyProg);
  EXPECT_STREQ(info.name, "my.map");
  EXPECT_EQ(info.btf_id, 0u);
  EXPECT_EQ(info.map_extra, 0u);
  EXPECT_EQ(info.netns_dev, 0u);
}

TEST_P(ObjectInfoTest, AMapTellsItsTypes) {
  const int64_t btf = LoadBtf(caller_, ProgramTypes());
  linux_abi::MapCreateAttr attr{};
  attr.map_type = linux_abi::kMapTypeHash;
  attr.key_size = 4;
  attr.value_size = 8;
  attr.max_entries = 1;
  attr.btf_fd = static_cast<uint32_t>(btf);
  attr.btf_key_type_id = kIntType;
  attr.btf_value_type_id = kStructType;
  const int64_t fd = caller_.Call(linux_abi::kMapCreate, attr);
  ASSERT_GE(fd, 0);
  MapInfo info{};
  ASSERT_EQ(Get(fd, info), 0);
  BtfInfo types{};
  ASSERT_EQ(Get(btf, types), 0);
  EXPECT_NE(types.id, 0u);
  EXPECT_EQ(info.btf_id, types.id);
  EXPECT_EQ(info.btf_key_type_id, kIntType);
  EXPECT_EQ(info.btf_value_type_id, kStructType);
}

TEST_P(ObjectInfoTest, ClientsOfEachAgeGetWhatTheyKnow) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeHash, 4, 8, 1);
  const int64_t program = caller_.Load(kKprobe, Returning(0));
  const int64_t btf = LoadBtf(caller_, ProgramTypes());
  struct Object {
    int64_t fd;
    uint32_t known;
  };
  for (const Object& object :
       {Object{map, sizeof(MapInfo)}, Object{program, sizeof(ProgramInfo)},
        Object{btf, sizeof(BtfInfo)}}) {
    for (uint32_t size = 0; size <= 300; size += 4) {
      EXPECT_EQ(GetAt(object.fd, caller_.Put(nullptr, size), size), 0) << size;
      EXPECT_EQ(size_, size < object.known ? size : object.known);
    }
    EXPECT_EQ(GetAt(object.fd, caller_.Put(nullptr, 4096), 4096), 0);
    EXPECT_EQ(GetAt(object.fd, caller_.Put(nullptr, 4097), 4097),
              Minus(Status::kTooBig));
    EXPECT_EQ(size_, 4097u);
    std::vector<uint8_t> bytes(object.known + 8);
    bytes.back() = 1;
    EXPECT_EQ(GetAt(object.fd, caller_.Put(bytes.data(), bytes.size()),
                    object.known + 8),
              Minus(Status::kTooBig));
    EXPECT_EQ(GetAt(object.fd, 0, 0), 0);
    EXPECT_EQ(GetAt(object.fd, 0, 8), Minus(Status::kFault));
    EXPECT_EQ(GetAt(object.fd, 0, object.known + 8), Minus(Status::kFault));
  }
}

TEST_P(ObjectInfoTest, WhatHasNoInformationIsSaidAsLinuxDoes) {
  EXPECT_EQ(GetAt(-1, 0, 0), Minus(Status::kBadFdState));
  EXPECT_EQ(GetAt(300, 0, 0), Minus(Status::kBadFdState));
  uint8_t bytes[24] = {};
  bytes[16] = 1;
  EXPECT_EQ(caller_.BpfAt(linux_abi::kObjGetInfoByFd,
                          caller_.Put(bytes, sizeof(bytes)), sizeof(bytes)),
            Minus(Status::kInvalid));
}

TEST_P(ObjectInfoTest, TypesAreReadBack) {
  const std::vector<uint8_t> blob = ProgramTypes();
  const int64_t fd = LoadBtf(caller_, blob);
  BtfInfo info{};
  info.btf_size = 10000;
  info.btf = caller_.Put(nullptr, 10000);
  ASSERT_EQ(Get(fd, info), 0);
  EXPECT_EQ(info.btf_size, blob.size());
  EXPECT_EQ(Read<uint8_t>(info.btf, blob.size()), blob);
  EXPECT_EQ(info.kernel_btf, 0u);
  EXPECT_EQ(info.name_size, 0u);

  info.btf_size = 5;
  info.btf = caller_.Put(nullptr, 16);
  ASSERT_EQ(Get(fd, info), 0);
  EXPECT_EQ(info.btf_size, blob.size());
  std::vector<uint8_t> cut(blob.begin(), blob.begin() + 5);
  cut.resize(16);
  EXPECT_EQ(Read<uint8_t>(info.btf, 16), cut);
}

TEST_P(ObjectInfoTest, ANameNeedsItsSize) {
  const int64_t fd = LoadBtf(caller_, ProgramTypes());
  BtfInfo info{};
  info.name = caller_.Put("xxxx");
  EXPECT_EQ(Get(fd, info), Minus(Status::kInvalid));
  info.name_size = 4;
  EXPECT_EQ(Get(fd, info), 0);
  EXPECT_EQ(caller_.Get<char>(info.name), '\0');
  info = BtfInfo{};
  info.name_size = 4;
  EXPECT_EQ(Get(fd, info), Minus(Status::kInvalid));
  info = BtfInfo{};
  info.btf_size = 4;
  EXPECT_EQ(Get(fd, info), Minus(Status::kFault));
}

TEST_P(ObjectInfoTest, AProgramTellsWhatItIs) {
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

TEST_P(ObjectInfoTest, ADumpIsAsLongAsThereIsRoom) {
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

TEST_P(ObjectInfoTest, SizesWithoutAPlaceAreFaults) {
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
    const FunctionInfo functions[] = {{0, kFunctionType}, {2, kFunctionType}};
    const LineInfo lines[] = {{0, 0, 0, 1 << 10},
                              {1, 0, 0, 2 << 10},
                              {2, 0, 0, 3 << 10},
                              {4, 0, 0, 5 << 10}};
    attr.prog_btf_fd = static_cast<uint32_t>(btf_);
    attr.func_info = caller_.Put(functions);
    attr.func_info_cnt = 2;
    attr.func_info_rec_size = sizeof(FunctionInfo);
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

TEST_P(ObjectInfoTest, RunsAreMeasuredWhileSomebodyWantsIt) {
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
