// SPDX-License-Identifier: MIT
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/program/program.h"
#include "core/verifier/log.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::ProgLoadAttr;

constexpr uint64_t kNowhere = 0x1000;
constexpr uint32_t kLogSize = 4096;

/// Uses a register that was never written.
std::vector<isa::Insn> Rejected() { return {MovReg(0, 3), Exit()}; }

class ProgLoadTest : public SyscallTest {
 protected:
  int64_t Load(const ProgLoadAttr& attr) {
    return caller_.Call(linux_abi::kProgLoad, attr);
  }
  ProgLoadAttr Plain() { return caller_.Program(kSocketFilter, Returning(0)); }

  /// With a log of `size` bytes at `log_buf`.
  ProgLoadAttr Logged(const std::vector<isa::Insn>& insns, uint32_t level,
                      uint32_t size = kLogSize) {
    ProgLoadAttr attr = caller_.Program(kSocketFilter, insns);
    attr.log_level = level;
    attr.log_size = size;
    attr.log_buf = caller_.Put(nullptr, size);
    return attr;
  }
  std::string LogOf(const ProgLoadAttr& attr) {
    return static_cast<const char*>(caller_.At(attr.log_buf));
  }

  /// The program behind a descriptor.
  Ref<Program> ProgramOf(int64_t fd) {
    return (*caller_.client().fds().Get(fd))->AsProgram()->program();
  }
};

INSTANTIATE_TEST_SUITE_P(, ProgLoadTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ProgLoadTest, AProgramHasTheTagOfWhatWasLoaded) {
  const std::vector<isa::Insn> insns = Returning(3);
  const int64_t fd = caller_.Load(kSocketFilter, insns);
  ASSERT_GE(fd, 0);
  uint8_t tag[kTagSize];
  ComputeTag(isa::ConstInsns(insns.data(), insns.size()), tag);
  Result<Ref<File>> file = caller_.client().fds().Get(static_cast<int32_t>(fd));
  ASSERT_TRUE(file.ok());
  const Program& program = *(*file)->AsProgram()->program();
  EXPECT_EQ(memcmp(program.parts().tag, tag, kTagSize), 0);
}

TEST_P(ProgLoadTest, WhatIsLoadedRuns) {
  const int64_t fd = caller_.Load(kSocketFilter, Returning(42));
  ASSERT_EQ(fd, 3);

  EXPECT_EQ(ProgramOf(fd)->Run(nullptr), 42u);
  EXPECT_EQ(ProgramOf(fd)->type().id, ProgramTypeId::kSocketFilter);
  EXPECT_EQ(caller_.CloseFd(fd), 0);
}

TEST_P(ProgLoadTest, TheProgramIsACopy) {
  const std::vector<isa::Insn> insns = Returning(1);
  ProgLoadAttr attr = caller_.Program(kSocketFilter, insns);
  const int64_t fd = Load(attr);
  ASSERT_GE(fd, 0);
  static_cast<isa::Insn*>(caller_.At(attr.insns))[0] = MovReg(0, 3);

  EXPECT_EQ(ProgramOf(fd)->Run(nullptr), 1u);
}

TEST_P(ProgLoadTest, CountsOfInstructionsHaveBounds) {
  ProgLoadAttr attr = Plain();
  for (uint32_t count : {0u, 1000001u, 0x20000000u, 0xffffffffu}) {
    attr.insn_cnt = count;
    EXPECT_EQ(Load(attr), Minus(Status::kTooBig)) << count;
  }
  attr.insn_cnt = 1;  // falls off the end
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
}

TEST_P(ProgLoadTest, UnknownTypesAndFlagsAreInvalid) {
  for (uint32_t type : {0u, 33u, 1000u, 0xffffffffu}) {
    EXPECT_EQ(caller_.Load(type, Returning(0)), Minus(Status::kInvalid));
  }
  // Without a device nobody looks whether it is bound to one.
  constexpr uint32_t kTaken = linux_abi::kProgXdpHasFrags |
                              linux_abi::kProgXdpDeviceBound |
                              linux_abi::kProgTestRegInvariants;
  for (uint32_t bit = 4; bit < 32; ++bit) {
    ProgLoadAttr attr = Plain();
    attr.prog_flags = 1u << bit;
    if ((attr.prog_flags & kTaken) != 0) {
      EXPECT_GE(Load(attr), 0) << bit;
    } else {
      EXPECT_EQ(Load(attr), Minus(Status::kInvalid)) << bit;
    }
  }
}

TEST_P(ProgLoadTest, PointersThatAreWrongFault) {
  std::vector<uint64_t> bad = {0};
  if (GetParam() == Origin::kUser) {
    bad.push_back(kNowhere);
    bad.push_back(UINT64_MAX - 8);
  }
  for (uint64_t at : bad) {
    ProgLoadAttr attr = Plain();
    attr.insns = at;
    EXPECT_EQ(Load(attr), Minus(Status::kFault));
    attr = Plain();
    attr.license = at;
    EXPECT_EQ(Load(attr), Minus(Status::kFault));
    if (at != 0) {
      attr = Logged(Rejected(), 1);
      attr.log_buf = at;
      EXPECT_EQ(Load(attr), Minus(Status::kFault));
    }
  }
}

TEST_P(ProgLoadTest, NamesAreKeptOrRefused) {
  ProgLoadAttr attr = Plain();
  memcpy(attr.prog_name, "my_prog.1\0junk", 15);
  const int64_t fd = Load(attr);
  ASSERT_GE(fd, 0);
  EXPECT_TRUE(ProgramOf(fd)->name() == "my_prog.1");

  memcpy(attr.prog_name, "my prog", 8);
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
  memset(attr.prog_name, 'x', sizeof(attr.prog_name));
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
}

TEST_P(ProgLoadTest, GplHelpersAskForAGplLicense) {
  // bpf_probe_read_kernel(stack, 8, 0)
  const std::vector<isa::Insn> insns = {
      MovReg(1, 10), Insn(0x07, 1, 0, 0, -8), MovImm(2, 8),
      MovImm(3, 0),  CallHelper(113),         MovImm(0, 0),
      Exit()};
  ProgLoadAttr attr = caller_.Program(kKprobe, insns);
  for (const char* license : {"GPL", "GPL v2", "GPL and additional rights",
                              "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"}) {
    attr.license = caller_.Put(license);
    EXPECT_GE(Load(attr), 0) << license;
  }
  for (const char* license : {"", "MIT", "gpl", "GPL ", "GPLv2"}) {
    attr.license = caller_.Put(license);
    EXPECT_EQ(Load(attr), Minus(Status::kInvalid)) << license;
  }
}

TEST_P(ProgLoadTest, ALongLicenseIsCutNotRefused) {
  const std::string longer(1000, 'x');
  ProgLoadAttr attr = Plain();
  attr.license = caller_.Put(longer.c_str());
  EXPECT_GE(Load(attr), 0);
}

TEST_P(ProgLoadTest, WhatNeedsObjectsThatAreNotHereIsRefused) {
  ProgLoadAttr attr = Plain();
  attr.prog_btf_fd = 500;
  EXPECT_GE(Load(attr), 0) << "without records nobody looks at it";
  attr.func_info_cnt = 1;
  EXPECT_EQ(Load(attr), Minus(Status::kBadFd));
  attr.prog_btf_fd = static_cast<uint32_t>(Load(Plain()));
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
  for (auto field :
       {&ProgLoadAttr::prog_ifindex, &ProgLoadAttr::attach_btf_id,
        &ProgLoadAttr::attach_prog_fd, &ProgLoadAttr::fd_array_cnt}) {
    attr = Plain();
    attr.*field = 1;
    EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
  }
}

// --- The log ---------------------------------------------------------------

TEST_P(ProgLoadTest, ALogIsThereOrNot) {
  struct {
    uint32_t level;
    bool has_buffer;
    uint32_t size;
    bool is_valid;
  } const kCases[] = {
      {0, false, 0, true},           {1, true, kLogSize, true},
      {2, true, kLogSize, true},     {4, true, kLogSize, true},
      {7, true, kLogSize, true},     {8, true, kLogSize, true},
      {9, true, kLogSize, true},     {1, false, 0, true},
      {0, true, kLogSize, false},    {1, true, 0, false},
      {1, false, kLogSize, false},   {16, true, kLogSize, false},
      {0x80000001, true, 64, false}, {1, true, (UINT32_MAX >> 2) + 1, false},
  };
  for (const auto& c : kCases) {
    ProgLoadAttr attr = Plain();
    attr.log_level = c.level;
    attr.log_size = c.size;
    attr.log_buf = c.has_buffer ? caller_.Put(nullptr, kLogSize) : 0;
    const int64_t fd = Load(attr);
    if (c.is_valid) {
      EXPECT_GE(fd, 0) << c.level << " " << c.size;
    } else {
      EXPECT_EQ(fd, Minus(Status::kInvalid)) << c.level << " " << c.size;
    }
  }
}

TEST_P(ProgLoadTest, TheLogSaysWhatAndWhere) {
  const ProgLoadAttr attr = Logged(Rejected(), 1);

  EXPECT_EQ(Load(attr), Minus(Status::kAccess));

  const std::string log = LogOf(attr);
  EXPECT_NE(log.find("0: (bf) r0 = r3"), std::string::npos) << log;
  EXPECT_NE(log.find("R3 !read_ok"), std::string::npos) << log;
  EXPECT_NE(log.find("processed 1 insns"), std::string::npos) << log;
}

TEST_P(ProgLoadTest, WrongProgramsAreRefusedWithLinuxsErrnoAndTheReason) {
  const auto map = static_cast<int32_t>(
      caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1));
  struct {
    const char* what;
    std::vector<isa::Insn> insns;
    Status status;
    const char* log;
  } const cases[] = {
      {"an unknown opcode",
       {Insn(0xff, 0, 0, 0, 0), Exit()},
       Status::kInvalid,
       "unknown opcode ff"},
      {"an endless loop",
       {MovImm(0, 0), Insn(0x15, 0, 0, -1, 0), Exit()},
       Status::kInvalid,
       "infinite loop detected"},
      {"a loop that is too long",
       {MovImm(0, 0), Insn(0x07, 0, 0, 0, 1), Insn(0xa5, 0, 0, -2, 2000000),
        MovImm(0, 0), Exit()},
       Status::kTooBig,
       "BPF program is too large. Processed 1000001 insn"},
      {"a write below the stack",
       {Insn(0x7a, 10, 0, -520, 0), MovImm(0, 0), Exit()},
       Status::kAccess,
       "invalid write to stack R10 off=-520 size=8"},
      {"too much stack",
       {Insn(0x85, 0, 1, 0, 1), Exit(), Insn(0x7a, 10, 0, -512, 0),
        Insn(0x85, 0, 1, 0, 1), Exit(), Insn(0x7a, 10, 0, -512, 0),
        MovImm(0, 0), Exit()},
       Status::kAccess,
       "combined stack size of"},
      {"a map access out of range",
       {LoadLow(1, isa::kPseudoMapValue, map), LoadHigh(0),
        Insn(0x79, 0, 1, 4, 0), Exit()},
       Status::kAccess,
       "invalid access to map value, value_size=8 off=4 size=8"},
      {"a jump out of the program",
       {MovImm(0, 0), Insn(0x05, 0, 0, 5, 0), Exit()},
       Status::kInvalid,
       "jump out of range from insn 1 to 7"},
      {"unreachable code",
       {MovImm(0, 0), Exit(), MovImm(0, 1), Exit()},
       Status::kInvalid,
       "unreachable insn 2"},
      {"an unknown helper",
       {CallHelper(12345), MovImm(0, 0), Exit()},
       Status::kInvalid,
       "invalid func unknown#12345"},
  };
  for (const auto& c : cases) {
    // Of a path of a million steps the reason alone.
    const uint32_t level = c.status == Status::kTooBig ? 4 : 1;
    const ProgLoadAttr attr = Logged(c.insns, level, 1 << 16);
    EXPECT_EQ(Load(attr), Minus(c.status)) << c.what << ": " << LogOf(attr);
    EXPECT_NE(LogOf(attr).find(c.log), std::string::npos)
        << c.what << ": " << LogOf(attr);
  }
  EXPECT_EQ(caller_.Load(kSocketFilter, Returning(0)), map + 1);
}

TEST_P(ProgLoadTest, TheStatisticsComeAlsoForWhatIsTaken) {
  const ProgLoadAttr attr = Logged(Returning(0), 4);

  EXPECT_GE(Load(attr), 0);

  EXPECT_NE(LogOf(attr).find("processed 2 insns"), std::string::npos)
      << LogOf(attr);
}

TEST_P(ProgLoadTest, ALogThatDoesNotFitIsCutAndSaysHowMuchThereWouldBe) {
  ProgLoadAttr attr = Logged(Rejected(), 1);
  const uint64_t at = caller_.Put(attr);
  EXPECT_EQ(caller_.BpfAt(linux_abi::kProgLoad, at, sizeof(attr)),
            Minus(Status::kAccess));
  const std::string whole = LogOf(attr);
  const uint32_t true_size = caller_.Get<ProgLoadAttr>(at).log_true_size;
  ASSERT_EQ(true_size, whole.size() + 1);

  for (uint32_t level : {1u, 1u | verifier::kLogFixed}) {
    for (uint32_t size = 1; size <= true_size; ++size) {
      ProgLoadAttr cut = Logged(Rejected(), level, size);
      const uint64_t cut_at = caller_.Put(cut);

      EXPECT_EQ(caller_.BpfAt(linux_abi::kProgLoad, cut_at, sizeof(cut)),
                Minus(size < true_size ? Status::kNoSpace : Status::kAccess));

      // The end with the reason, or, for who asks for that, the beginning.
      EXPECT_EQ(LogOf(cut), level == 1 ? whole.substr(true_size - size)
                                       : whole.substr(0, size - 1));
      EXPECT_EQ(caller_.Get<ProgLoadAttr>(cut_at).log_true_size, true_size);
    }
  }
}

TEST_P(ProgLoadTest, AProgramWhoseLogDoesNotFitIsNotLoaded) {
  const ProgLoadAttr attr = Logged(Returning(0), 2, 10);

  EXPECT_EQ(Load(attr), Minus(Status::kNoSpace));

  EXPECT_EQ(caller_.Load(kSocketFilter, Returning(0)), 3);
}

TEST_P(ProgLoadTest, AClientMayAskForTheLogsSizeAlone) {
  ProgLoadAttr attr = caller_.Program(kSocketFilter, Rejected());
  attr.log_level = 1;
  const uint64_t at = caller_.Put(attr);

  EXPECT_EQ(caller_.BpfAt(linux_abi::kProgLoad, at, sizeof(attr)),
            Minus(Status::kAccess));

  EXPECT_GT(caller_.Get<ProgLoadAttr>(at).log_true_size, 10u);
}

TEST_P(ProgLoadTest, AnOldClientsAttributeIsNotWrittenTo) {
  for (uint32_t size : {64u, 116u, 128u, 140u, 143u}) {
    ProgLoadAttr attr = Logged(Rejected(), 1);
    const uint64_t at = caller_.Put(&attr, size);

    EXPECT_EQ(caller_.BpfAt(linux_abi::kProgLoad, at, size),
              Minus(Status::kAccess));

    EXPECT_EQ(memcmp(caller_.At(at), &attr, size), 0);
  }
}

// --- Maps ------------------------------------------------------------------

/// "r1 = the map; r0 = 0; exit".
std::vector<isa::Insn> Naming(uint8_t pseudo, int64_t imm, int32_t next = 0) {
  return {LoadLow(1, pseudo, static_cast<int32_t>(imm)), LoadHigh(next),
          MovImm(0, 0), Exit()};
}

TEST_P(ProgLoadTest, ProgramsNameMapsByDescriptor) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  const int64_t fd =
      caller_.Load(kSocketFilter, Naming(isa::kPseudoMapFd, map));
  ASSERT_GE(fd, 0);
  ASSERT_EQ(ProgramOf(fd)->maps().size(), 1u);

  // The program keeps the map.
  EXPECT_EQ(caller_.CloseFd(map), 0);
  EXPECT_EQ(ProgramOf(fd)->Run(nullptr), 0u);
}

TEST_P(ProgLoadTest, ProgramsReadAndWriteAValueDirectly) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 16, 1);
  // *(u64 *)(value + 8) = 7; r0 = the same
  const int64_t fd = caller_.Load(
      kSocketFilter,
      {LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map)), LoadHigh(8),
       Insn(0x7a, 1, 0, 0, 7), Insn(0x79, 0, 1, 0, 0), Exit()});
  ASSERT_GE(fd, 0);

  EXPECT_EQ(ProgramOf(fd)->Run(nullptr), 7u);

  const uint64_t value = caller_.Put(nullptr, 16);
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                         caller_.Put(uint32_t{0}), value),
            0);
  EXPECT_EQ(caller_.Get<uint64_t>(value + 8), 7u);
}

TEST_P(ProgLoadTest, ProgramsRunAsFixupMadeThem) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 4);
  // For each of 4 rounds: add the round to the value under its number. A call
  // of a helper that is not there is on a side that is never taken.
  const int64_t fd = caller_.Load(
      kSocketFilter,
      {MovImm(0, 1), Insn(0x55, 0, 0, 1, 0), CallHelper(195896080),
       MovImm(1, 4), LoadLow(2, isa::kPseudoFunc, 5), LoadHigh(0), MovImm(3, 0),
       MovImm(4, 0), CallHelper(181), Exit(),
       // u64 round(r1)
       Insn(0x63, 10, 1, -4, 0), MovReg(6, 1), MovReg(2, 10),
       Insn(0x07, 2, 0, 0, -4),
       LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(map)), LoadHigh(0),
       CallHelper(1), Insn(0x15, 0, 0, 3, 0), Insn(0x79, 1, 0, 0, 0),
       Insn(0x0f, 1, 6, 0, 0), Insn(0x7b, 0, 1, 0, 0), MovImm(0, 0), Exit()});
  ASSERT_GE(fd, 0);
  const Ref<Program> program = ProgramOf(fd);

  EXPECT_EQ(program->Run(nullptr), 4u);
  EXPECT_EQ(program->Run(nullptr), 4u);

  for (uint32_t key = 0; key < 4; ++key) {
    const uint64_t value = caller_.Put(nullptr, 8);
    EXPECT_EQ(
        caller_.Elem(linux_abi::kMapLookupElem, map, caller_.Put(key), value),
        0);
    EXPECT_EQ(caller_.Get<uint64_t>(value), 2 * key);
  }
  const ProgramParts& parts = program->parts();
  ASSERT_EQ(parts.functions.size(), 2u);
  EXPECT_EQ(parts.functions[1].depth, 1u);
  EXPECT_EQ(parts.original_indices.size(), parts.insns.size());
  EXPECT_EQ(parts.original_indices[parts.functions[1].start], 10u);
  for (const isa::Insn& insn : parts.insns) {
    EXPECT_FALSE(insn.opcode == 0x85 && insn.src == 0);  // no helper is called
  }
}

TEST_P(ProgLoadTest, DescriptorsThatAreNoMapsAreRefusedByName) {
  const int64_t program = Load(Plain());
  ProgLoadAttr attr = Logged(Naming(isa::kPseudoMapFd, 77), 1);
  EXPECT_EQ(Load(attr), Minus(Status::kBadFd));
  EXPECT_NE(LogOf(attr).find("fd 77 is not pointing to valid bpf_map"),
            std::string::npos)
      << LogOf(attr);
  attr = Logged(Naming(isa::kPseudoMapFd, program), 1);
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
  attr = Logged(Naming(isa::kPseudoMapValue, -1), 1);
  EXPECT_EQ(Load(attr), Minus(Status::kBadFd));
}

TEST_P(ProgLoadTest, ProgramsNameMapsByIndexInAnArray) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  const int32_t fds[] = {500, static_cast<int32_t>(map)};
  ProgLoadAttr attr =
      caller_.Program(kSocketFilter, Naming(isa::kPseudoMapIdx, 1));
  attr.fd_array = caller_.Put(fds);
  const int64_t fd = Load(attr);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(ProgramOf(fd)->maps().size(), 1u);

  attr.insns = caller_.Put(Naming(isa::kPseudoMapIdxValue, 1));
  EXPECT_GE(Load(attr), 0);
  attr.insns = caller_.Put(Naming(isa::kPseudoMapIdx, 0));
  EXPECT_EQ(Load(attr), Minus(Status::kBadFd));
  attr.insns = caller_.Put(Naming(isa::kPseudoMapIdx, -1));
  EXPECT_EQ(Load(attr), Minus(Status::kFault));
  if (GetParam() == Origin::kUser) {
    attr.insns = caller_.Put(Naming(isa::kPseudoMapIdx, 0x7fffffff));
    EXPECT_EQ(Load(attr), Minus(Status::kFault));
  }
  attr.insns = caller_.Put(Naming(isa::kPseudoMapIdx, 1));
  attr.fd_array = 0;
  EXPECT_EQ(Load(attr), Minus(Status::kProtocol));
}

TEST_P(ProgLoadTest, OneMapNamedOftenCountsOnce) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  std::vector<isa::Insn> insns;
  for (int i = 0; i < 200; ++i) {
    insns.push_back(LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(map)));
    insns.push_back(LoadHigh(0));
  }
  insns.push_back(MovImm(0, 0));
  insns.push_back(Exit());

  const int64_t fd = caller_.Load(kSocketFilter, insns);

  ASSERT_GE(fd, 0);
  EXPECT_EQ(ProgramOf(fd)->maps().size(), 1u);
}

TEST_P(ProgLoadTest, AProgramHasAtMostSixtyFourMaps) {
  std::vector<isa::Insn> insns;
  const auto load = [&] {
    std::vector<isa::Insn> all = insns;
    all.push_back(MovImm(0, 0));
    all.push_back(Exit());
    return Load(Logged(all, 1));
  };
  for (int i = 0; i < 64; ++i) {
    const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
    insns.push_back(LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(map)));
    insns.push_back(LoadHigh(0));
  }
  EXPECT_GE(load(), 0);
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  insns.push_back(LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(map)));
  insns.push_back(LoadHigh(0));
  EXPECT_EQ(load(), Minus(Status::kTooBig));
}

// --- Rights and memory -----------------------------------------------------

TEST(ProgLoadRightsTest, LoadingAsksForBpfAndTracingForPerfmonToo) {
  TestSystem system;
  TestCaller caller(Origin::kUser);
  const auto can = [&](uint32_t type, uint64_t capabilities) {
    SetHostCapabilities(capabilities);
    const int64_t fd = caller.Load(type, Returning(0));
    SetHostCapabilities(~uint64_t{0});
    if (fd < 0) {
      EXPECT_EQ(fd, Minus(Status::kNotPermitted));
    }
    return fd >= 0;
  };
  constexpr uint64_t kBpf = uint64_t{1} << linux_abi::kCapBpf;
  constexpr uint64_t kPerfmon = uint64_t{1} << linux_abi::kCapPerfmon;
  constexpr uint64_t kAdmin = uint64_t{1} << linux_abi::kCapSysAdmin;
  EXPECT_FALSE(can(kSocketFilter, 0));
  EXPECT_FALSE(can(kSocketFilter, kPerfmon));
  EXPECT_TRUE(can(kSocketFilter, kBpf));
  EXPECT_TRUE(can(kSocketFilter, kAdmin));
  EXPECT_FALSE(can(kKprobe, 0));
  EXPECT_FALSE(can(kKprobe, kBpf));
  EXPECT_FALSE(can(kKprobe, kPerfmon));
  EXPECT_TRUE(can(kKprobe, kBpf | kPerfmon));
  EXPECT_TRUE(can(kKprobe, kAdmin));
}

TEST(ProgLoadRightsTest, WhatOthersLeftOnTheStackIsForPerfmonToRead) {
  TestSystem system;
  TestCaller caller(Origin::kUser);
  // r0 = *(u64 *)(r10 - 8), which nobody wrote
  const std::vector<isa::Insn> code = {Insn(0x79, 0, 10, -8, 0), Exit()};
  constexpr uint64_t kBpf = uint64_t{1} << linux_abi::kCapBpf;
  constexpr uint64_t kPerfmon = uint64_t{1} << linux_abi::kCapPerfmon;
  SetHostCapabilities(kBpf);
  EXPECT_EQ(caller.Load(kSocketFilter, code), Minus(Status::kAccess));
  SetHostCapabilities(kBpf | kPerfmon);
  EXPECT_GE(caller.Load(kSocketFilter, code), 0);
}

TEST(ProgLoadMemoryTest, EachAllocationMayFail) {
  TestSystem system;
  TestCaller caller(Origin::kKernel);
  const int64_t map = caller.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  ProgLoadAttr attr =
      caller.Program(kSocketFilter, Naming(isa::kPseudoMapFd, map));
  const auto load = [&] { return caller.Call(linux_abi::kProgLoad, attr); };
  const auto close = [&](int64_t fd) { EXPECT_EQ(caller.CloseFd(fd), 0); };
  FailEachAllocation("load a program", caller, load, close);

  // With less memory the log is smaller, not the program refused.
  attr.log_level = 1;
  attr.log_size = 1 << 20;
  attr.log_buf = caller.Put(nullptr, 1 << 20);
  FailEachAllocation("load a program with a log", caller, load, close);

  attr = caller.Program(kSocketFilter, Rejected());
  FailEachAllocation(
      "refuse a program", caller,
      [&] {
        const int64_t result = load();
        return result == Minus(Status::kAccess) ? 0 : result;
      },
      [](int64_t /*refused*/) {});
}

}  // namespace
}  // namespace ebpf
