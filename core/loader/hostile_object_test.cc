// SPDX-License-Identifier: MIT
//
// Objects that no compiler makes: each is refused with a line that says why, or
// loaded right; and none makes the loader work longer than its size deserves.
#include <string>

#include "core/btf/test_builder.h"
#include "core/loader/object_file.h"
#include "core/loader/program_linker.h"
#include "core/loader/test_objects.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf::loader {
namespace {

using Insns = std::vector<isa::Insn>;

const Insns kPlain = {ReturnZero(), ExitInsn()};

class HostileObjectTest : public testing::Test {
 protected:
  HostileObjectTest()
      : log_(buffer_, sizeof(buffer_)), file_(PortAllocator()) {}

  /// Reads what was built, with a program in it.
  Status Read(bool with_program = true) {
    if (with_program) {
      AddProgram(kPlain);
    }
    bytes_ = elf_.Build();
    return file_.Read(ToBytes(bytes_), log_);
  }
  /// Reads it, and links its first program.
  Status ReadAndLink() {
    const Status status = Read(false);
    EXPECT_EQ(status, Status::kOk) << log();
    if (!IsOk(status)) {
      return status;
    }
    ProgramLinker linker(file_, Span<const int>(fds_), PortAllocator(), log_);
    const Status linked = linker.Link(file_.programs()[0]);
    insns_.assign(linker.insns().begin(), linker.insns().end());
    return linked;
  }
  uint32_t AddProgram(const Insns& insns) {
    const uint32_t section = elf_.AddCode("kprobe", insns);
    elf_.AddSymbol("program", elf::kSymbolFunction, section, 0,
                   insns.size() * 8);
    return section;
  }
  std::string log() const { return {log_.text().data(), log_.text().size()}; }
  bool Logged(const std::string& text) const {
    return log().find(text) != std::string::npos;
  }

  /// BTF of a section ".maps" with `count` variables named m, all of one type
  /// whose struct has these members (name, number).
  void AddMaps(uint32_t count,
               const std::vector<std::pair<std::string, uint32_t>>& members) {
    btf::Builder b;
    const uint32_t u32 = b.Add(btf::Kind::kInt, b.Name("int"), 4, {32});
    std::vector<uint32_t> tail;
    for (const auto& [name, number] : members) {
      const uint32_t array = b.Add(btf::Kind::kArray, 0, 0, {u32, u32, number});
      const uint32_t pointer = b.Add(btf::Kind::kPointer, 0, array);
      tail.insert(tail.end(), {b.Name(name), pointer, 0});
    }
    const uint32_t record = b.Add(btf::Kind::kStruct, 0, 8, tail,
                                  static_cast<uint32_t>(members.size()));
    const uint32_t variable =
        b.Add(btf::Kind::kVariable, b.Name("m"), record, {1});
    std::vector<uint32_t> variables;
    for (uint32_t i = 0; i < count; ++i) {
      variables.insert(variables.end(), {variable, 0, 8});
    }
    b.Add(btf::Kind::kDataSection, b.Name(".maps"), 8 * count, variables,
          count);
    elf_.AddSection(".BTF", elf::kSectionProgBits, 0, b.Blob());
    maps_ = elf_.AddSection(".maps", elf::kSectionProgBits, elf::kFlagAlloc,
                            std::vector<uint8_t>(8));
  }

  ElfBuilder elf_;
  uint32_t maps_ = 0;
  int fds_[64] = {100, 101};
  std::vector<uint8_t> bytes_;
  Insns insns_;
  char buffer_[4096];
  TextWriter log_;
  ObjectFile file_;
};

TEST_F(HostileObjectTest, TheBuilderMakesWhatTheReaderTakes) {
  AddMaps(
      1, {{"type", 2}, {"key_size", 4}, {"value_size", 8}, {"max_entries", 3}});
  elf_.AddSymbol("m", elf::kSymbolObject, maps_, 0, 8);

  ASSERT_EQ(Read(), Status::kOk) << log();

  ASSERT_EQ(file_.maps().size(), 1u);
  EXPECT_EQ(file_.maps()[0].spec.value_size, 8u);
}

// --- Maps ------------------------------------------------------------------

TEST_F(HostileObjectTest, MoreMapsThanAnybodyNeedsAreRefused) {
  AddMaps(65535, {{"type", 2}});
  EXPECT_EQ(Read(), Status::kTooBig);
  EXPECT_TRUE(Logged("more than 64 maps")) << log();
}

TEST_F(HostileObjectTest, MoreMembersThanAMapHasAreRefused) {
  AddMaps(1, std::vector<std::pair<std::string, uint32_t>>(33, {"type", 2}));
  EXPECT_EQ(Read(), Status::kInvalid);
  EXPECT_TRUE(Logged("map 'm': is not a struct of at most 32 members"))
      << log();
}

TEST_F(HostileObjectTest, UnknownMembersAreNamed) {
  AddMaps(1, {{"type", 2}, {"pining", 1}});
  EXPECT_EQ(Read(), Status::kNotSupported);
  EXPECT_TRUE(Logged("member 'pining' is not supported")) << log();
}

TEST_F(HostileObjectTest, SizesThatContradictEachOtherAreRefused) {
  AddMaps(1, {{"type", 2}, {"key_size", 4}, {"key_size", 8}});
  EXPECT_EQ(Read(), Status::kInvalid);
  EXPECT_TRUE(Logged("member 'key_size' is malformed")) << log();
}

TEST_F(HostileObjectTest, AMapWithoutASymbolIsRefused) {
  AddMaps(1, {{"type", 2}});
  EXPECT_EQ(Read(), Status::kBadExec);
  EXPECT_TRUE(Logged("map 'm': has no symbol in .maps")) << log();
}

TEST_F(HostileObjectTest, ASymbolInMapsThatIsNoMapIsRefused) {
  AddMaps(1, {{"type", 2}});
  elf_.AddSymbol("m", elf::kSymbolObject, maps_, 0, 8);
  elf_.AddSymbol("other", elf::kSymbolObject, maps_, 0, 8);
  EXPECT_EQ(Read(), Status::kBadExec);
  EXPECT_TRUE(Logged("a symbol in .maps is no map")) << log();
}

TEST_F(HostileObjectTest, AMapIsPlacedOnce) {
  AddMaps(1, {{"type", 2}});
  elf_.AddSymbol("m", elf::kSymbolObject, maps_, 0, 8);
  elf_.AddSymbol("m", elf::kSymbolObject, maps_, 4, 8);
  EXPECT_EQ(Read(), Status::kBadExec);
}

TEST_F(HostileObjectTest, MoreSectionsOfDataThanMapsAreRefused) {
  for (int i = 0; i < 65; ++i) {
    elf_.AddSection(".data." + std::to_string(i), elf::kSectionProgBits,
                    elf::kFlagAlloc, std::vector<uint8_t>(8));
  }
  EXPECT_EQ(Read(), Status::kTooBig);
  EXPECT_TRUE(Logged("'.data.64' is too large, or one too many")) << log();
}

TEST_F(HostileObjectTest, AddressesInDataAreLeftOutAsLibbpfDoes) {
  const uint32_t data = elf_.AddSection(
      ".data", elf::kSectionProgBits, elf::kFlagAlloc, std::vector<uint8_t>(8));
  elf_.AddRelocations(data, {{0, 2, 0}});
  EXPECT_EQ(Read(), Status::kOk);
  EXPECT_TRUE(Logged("map '.data': addresses in its contents are not filled"))
      << log();
}

// --- Relocations -----------------------------------------------------------

TEST_F(HostileObjectTest, RelocationsWithAddendsAreRefused) {
  elf_.AddSection(".rela", elf::kSectionRela, 0, {}, 0, 0);
  EXPECT_EQ(Read(), Status::kBadExec);
  EXPECT_TRUE(Logged("relocations in '.rela' are malformed")) << log();
}

TEST_F(HostileObjectTest, ASectionHasOneSectionOfRelocations) {
  const uint32_t code = AddProgram(kPlain);
  elf_.AddRelocations(code, {});
  elf_.AddRelocations(code, {});
  EXPECT_EQ(Read(false), Status::kBadExec);
}

TEST_F(HostileObjectTest, RelocationsOfNoSectionAreRefused) {
  elf_.AddRelocations(1000, {});
  EXPECT_EQ(Read(), Status::kBadExec);
}

TEST_F(HostileObjectTest, ARelocationIsAtAnInstructionOfItsOwn) {
  for (const std::vector<ElfBuilder::Rel>& rels :
       std::vector<std::vector<ElfBuilder::Rel>>{
           {{4, elf::kRelocationCall, 1}},   // inside of one
           {{16, elf::kRelocationCall, 1}},  // behind the last
           {{UINT64_MAX - 7, elf::kRelocationCall, 1}},
           {{0, elf::kRelocationCall, 1}, {0, elf::kRelocationCall, 1}}}) {
    ElfBuilder elf;
    const uint32_t code = elf.AddCode("kprobe", kPlain);
    elf.AddSymbol("program", elf::kSymbolFunction, code, 0, 16);
    elf.AddRelocations(code, rels);
    const std::vector<uint8_t> bytes = elf.Build();
    ObjectFile file(PortAllocator());
    ASSERT_EQ(file.Read(ToBytes(bytes), log_), Status::kOk) << log();
    ProgramLinker linker(file, {}, PortAllocator(), log_);
    EXPECT_EQ(linker.Link(file.programs()[0]), Status::kBadExec);
    EXPECT_TRUE(Logged("is not at an instruction of its own")) << log();
    log_.Clear();
  }
}

TEST_F(HostileObjectTest, ARelocationOfAConstantsSecondHalfIsRefused) {
  const uint32_t code =
      AddProgram({ConstantLow(), ConstantHigh(), ReturnZero(), ExitInsn()});
  elf_.AddRelocations(code, {{8, elf::kRelocation64, 1}});
  EXPECT_EQ(ReadAndLink(), Status::kBadExec);
  EXPECT_TRUE(Logged("insn 0: relocation inside an instruction")) << log();
}

TEST_F(HostileObjectTest, SymbolsFarAwayDoNotOverflow) {
  const uint32_t data = elf_.AddSection(
      ".data", elf::kSectionProgBits, elf::kFlagAlloc, std::vector<uint8_t>(8));
  for (uint64_t value : {uint64_t{INT64_MAX}, uint64_t{1} << 63, UINT64_MAX,
                         uint64_t{INT32_MAX} + 1}) {
    elf_.AddSymbol("far", elf::kSymbolObject, data, value, 8);
  }
  const uint32_t code = AddProgram(
      {ConstantLow(INT32_MAX), ConstantHigh(), ReturnZero(), ExitInsn()});
  elf_.AddRelocations(code, {{0, elf::kRelocation64, 1}});
  EXPECT_EQ(ReadAndLink(), Status::kBadExec);
  EXPECT_TRUE(Logged("insn 0: relocation against no place")) << log();
}

TEST_F(HostileObjectTest, ReferencesPastASectionAreRefused) {
  const uint32_t data = elf_.AddSection(
      ".data", elf::kSectionProgBits, elf::kFlagAlloc, std::vector<uint8_t>(8));
  const uint32_t symbol = elf_.AddSymbol("x", elf::kSymbolObject, data, 4, 4);
  for (int32_t imm : {5, -5, INT32_MAX, INT32_MIN}) {
    ElfBuilder elf = elf_;
    const uint32_t code = elf.AddCode(
        "kprobe", {ConstantLow(imm), ConstantHigh(), ReturnZero(), ExitInsn()});
    elf.AddSymbol("program", elf::kSymbolFunction, code, 0, 32);
    elf.AddRelocations(code, {{0, elf::kRelocation64, symbol}});
    const std::vector<uint8_t> bytes = elf.Build();
    ObjectFile file(PortAllocator());
    ASSERT_EQ(file.Read(ToBytes(bytes), log_), Status::kOk) << log();
    ProgramLinker linker(file, Span<const int>(fds_), PortAllocator(), log_);
    EXPECT_EQ(linker.Link(file.programs()[0]), Status::kBadExec);
    EXPECT_TRUE(Logged("reference past its section")) << log();
    log_.Clear();
  }
}

TEST_F(HostileObjectTest, SymbolsThatAreNotThereAreRefused) {
  const uint32_t code =
      AddProgram({ConstantLow(), ConstantHigh(), ReturnZero(), ExitInsn()});
  elf_.AddRelocations(code, {{0, elf::kRelocation64, 1000}});
  EXPECT_EQ(ReadAndLink(), Status::kBadExec);
  EXPECT_TRUE(Logged("relocation against no symbol")) << log();
}

TEST_F(HostileObjectTest, ExternSymbolsAreNamed) {
  const uint32_t symbol = elf_.AddSymbol("jiffies", 0, elf::kUndefined, 0, 0);
  const uint32_t code =
      AddProgram({ConstantLow(), ConstantHigh(), ReturnZero(), ExitInsn()});
  elf_.AddRelocations(code, {{0, elf::kRelocation64, symbol}});
  EXPECT_EQ(ReadAndLink(), Status::kInvalid);
  EXPECT_TRUE(Logged("extern 'jiffies': its type is not known")) << log();
}

TEST_F(HostileObjectTest, CallsGoToTheStartOfAFunction) {
  const uint32_t text =
      elf_.AddCode(".text", {ReturnZero(), ReturnZero(), ExitInsn()});
  const uint32_t symbol =
      elf_.AddSymbol("f", elf::kSymbolFunction, text, 0, 24);
  const uint32_t code = AddProgram({CallOf(0), ReturnZero(), ExitInsn()});
  elf_.AddRelocations(code, {{0, elf::kRelocationCall, symbol}});
  EXPECT_EQ(ReadAndLink(), Status::kBadExec);
  EXPECT_TRUE(Logged("insn 0: refers to what is not the start")) << log();
}

// --- Sizes -----------------------------------------------------------------

TEST_F(HostileObjectTest, AHundredThousandFunctionsAreLinkedInTheirTime) {
  // Each calls the next one, by a relocation; looking any of it up by a walk
  // would take ten thousand million steps.
  constexpr uint32_t kCount = 100'000;
  Insns text;
  for (uint32_t i = 0; i < kCount; ++i) {
    text.push_back(i + 1 < kCount ? CallOf(-1) : ReturnZero());
    text.push_back(ExitInsn());
  }
  const uint32_t section = elf_.AddCode(".text", text);
  std::vector<ElfBuilder::Rel> rels;
  uint32_t first = 0;
  for (uint32_t i = 0; i < kCount; ++i) {
    const uint32_t symbol = elf_.AddSymbolAt(0, elf::kSymbolFunction, section,
                                             uint64_t{i} * 16, 16);
    if (i == 0) {
      first = symbol;
    } else {
      rels.push_back({uint64_t{i - 1} * 16, elf::kRelocationCall, symbol});
    }
  }
  elf_.AddRelocations(section, rels);
  const uint32_t code = AddProgram({CallOf(-1), ExitInsn()});
  elf_.AddRelocations(code, {{0, elf::kRelocationCall, first}});

  ASSERT_EQ(ReadAndLink(), Status::kOk) << log();

  ASSERT_EQ(insns_.size(), 2 + 2 * kCount);
  for (uint32_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(insns_[2 * i].imm, 1) << i;  // over its own exit
  }
}

TEST_F(HostileObjectTest, FunctionsThatOverlapDoNotGrowWithoutABound) {
  // The program calls 2 000 functions that each reach to the end of .text.
  constexpr uint32_t kCount = 2000;
  Insns text(kCount, ReturnZero());
  text.back() = ExitInsn();
  const uint32_t section = elf_.AddCode(".text", text);
  Insns calls;
  std::vector<ElfBuilder::Rel> rels;
  for (uint32_t i = 0; i < kCount; ++i) {
    const uint32_t symbol =
        elf_.AddSymbolAt(0, elf::kSymbolFunction, section, uint64_t{i} * 8,
                         uint64_t{kCount - i} * 8);
    rels.push_back({uint64_t{i} * 8, elf::kRelocationCall, symbol});
    calls.push_back(CallOf(-1));
  }
  calls.push_back(ExitInsn());
  const uint32_t code = AddProgram(calls);
  elf_.AddRelocations(code, rels);

  EXPECT_EQ(ReadAndLink(), Status::kTooBig);
  EXPECT_TRUE(Logged("the program is too large")) << log();
}

TEST_F(HostileObjectTest, ManySymbolsOfOneHugeNameAreReadInTheirTime) {
  // Were names measured whenever a symbol is looked at, this would be a
  // million million characters.
  const std::string huge(4 << 20, 'x');
  elf_.AddSymbol(huge, elf::kSymbolObject, 0, 0, 0);
  for (int i = 0; i < 200'000; ++i) {
    elf_.AddSymbolAt(1, elf::kSymbolObject, 0, 0, 0);
  }
  EXPECT_EQ(Read(), Status::kOk) << log();
}

TEST_F(HostileObjectTest, AProgramWithAHugeNameIsRefused) {
  const std::string huge(5000, 'x');
  const uint32_t code = elf_.AddCode("kprobe", kPlain);
  elf_.AddSymbol(huge, elf::kSymbolFunction, code, 0, 16);
  EXPECT_EQ(Read(false), Status::kBadExec);
  EXPECT_TRUE(Logged("the name of a program is malformed")) << log();
}

TEST_F(HostileObjectTest, ManyTypesOfOneHugeNameAreReadInTheirTime) {
  btf::Builder b;
  const uint32_t name = b.Name(std::string(4 << 20, 'x'));
  const uint32_t u32 = b.Add(btf::Kind::kInt, name, 4, {32});
  for (int i = 0; i < 200'000; ++i) {
    b.Add(btf::Kind::kTypedef, name, u32);
  }
  elf_.AddSection(".BTF", elf::kSectionProgBits, 0, b.Blob());
  elf_.AddSection(".maps", elf::kSectionProgBits, elf::kFlagAlloc,
                  std::vector<uint8_t>(8));
  EXPECT_EQ(Read(), Status::kInvalid);
  EXPECT_TRUE(Logged("no types for section .maps")) << log();
}

TEST_F(HostileObjectTest, MoreProgramsThanAnybodyNeedsAreRefused) {
  const uint32_t code = elf_.AddCode("kprobe", kPlain);
  for (int i = 0; i < 257; ++i) {
    elf_.AddSymbol("p" + std::to_string(i), elf::kSymbolFunction, code, 0, 16);
  }
  EXPECT_EQ(Read(false), Status::kTooBig);
  EXPECT_TRUE(Logged("more than 256 programs") || log_.truncated()) << log();
}

TEST_F(HostileObjectTest, EachAllocationMayFail) {
  const std::vector<uint8_t> bytes =
      ReadObject("core/loader/shapes.x86_64.bpf.o");
  ASSERT_FALSE(bytes.empty());
  const int fds[8] = {3, 4, 5, 6, 7, 8, 9, 10};
  ForEachFailingAllocation("read and link", [&](FailingAllocator& allocator) {
    ObjectFile file(allocator);
    Status status = file.Read(ToBytes(bytes), log_);
    for (size_t i = 0; IsOk(status) && i < file.programs().size(); ++i) {
      ProgramLinker linker(file, Span<const int>(fds), allocator, log_);
      status = linker.Link(file.programs()[i]);
    }
    EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf::loader
