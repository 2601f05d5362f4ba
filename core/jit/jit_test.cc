// SPDX-License-Identifier: MIT
#include "core/jit/jit.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/jit/image_pool.h"
#include "core/jit/test_program.h"
#include "core/memory/allocator.h"
#include "core/program/program.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_machine.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_nofault.h"
#include "testing/host_port/host_text.h"

namespace ebpf::jit {
namespace {

const ProgramType kType = {};

class JitTest : public testing::Test {
 protected:
  JitTest() {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
    engine_ = InitJit(ThisMachine(), 0, PortAllocator());
    EXPECT_NE(engine_, nullptr);
  }
  ~JitTest() {
    SetJitBlinding(false);
    ExitJit();
    EXPECT_EQ(HostExecBytes(), 0u);
    ExitRunContexts();
    ExitReadSections();
  }

  Result<Ref<Program>> Load(const std::vector<isa::Insn>& insns,
                            const std::vector<InsnFacts>& facts = {}) {
    ProgramParts parts;
    parts.type = &kType;
    parts.insns = Copy(insns);
    parts.facts = Copy(facts);
    std::strcpy(parts.name, "answer");
    parts.tag[0] = 0x12;
    parts.tag[7] = 0xef;
    Result<Ref<Program>> program =
        Program::Create(parts, *engine_, PortAllocator());
    if (!program.ok()) {
      PortAllocator().DeleteArray(parts.insns);
      PortAllocator().DeleteArray(parts.facts);
    }
    return program;
  }

  uint64_t Run(const std::vector<isa::Insn>& insns, void* context = nullptr) {
    Result<Ref<Program>> program = Load(insns);
    EXPECT_TRUE(program.ok());
    return program.ok() ? (*program)->Run(context) : 0;
  }

  template <typename T>
  Span<T> Copy(const std::vector<T>& from) {
    Result<Span<T>> array = PortAllocator().NewArray<T>(from.size());
    EXPECT_TRUE(array.ok());
    std::copy(from.begin(), from.end(), array->begin());
    return *array;
  }

  Engine* engine_;
};

std::vector<isa::Insn> Answer(int32_t value) {
  return {Make(Op::kMov64Imm, 0, 0, 0, value), Exit()};
}

TEST_F(JitTest, RunsAProgram) { EXPECT_EQ(Run(Answer(42)), 42u); }

TEST_F(JitTest, GivesR1AndTakesR0) {
  uint64_t context = 0x1122334455667788;
  EXPECT_EQ(Run({Make(Op::kLoadU64, 0, 1), Exit()}, &context), context);
}

TEST_F(JitTest, ADivisionKeepsWhatAnAliasStandsFor) {
  uint64_t memory[2] = {7, 40};
  EXPECT_EQ(Run({Make(Op::kMov64Reg, 3, 1), Make(Op::kLoadU64, 4, 3),
                 Make(Op::kMov64Imm, 5, 0, 0, 14), Make(Op::kMov64Reg, 2, 3),
                 Make(Op::kAdd64Imm, 2, 0, 0, 8), Make(Op::kDiv64Reg, 5, 4),
                 Make(Op::kLoadU64, 0, 2), Make(Op::kAdd64Reg, 0, 5), Exit()},
                memory),
            42u);
}

TEST_F(JitTest, AJumpOverMoreCodeThanWasThoughtReachesItsTarget) {
  // An address that each load makes itself is longer than its own computation.
  constexpr int32_t kFar = 1 << 20;
  std::vector<uint8_t> memory(kFar + 64, 7);
  for (int loads = 1; loads < 20; ++loads) {
    std::vector<isa::Insn> insns = {
        Make(Op::kLoadU8, 0, 1),
        Make(Op::kJNe64Imm, 0, 0, static_cast<int16_t>(loads + 3), 0),
        Make(Op::kMov64Reg, 2, 1), Make(Op::kAdd64Imm, 2, 0, 0, kFar)};
    for (int i = 0; i < loads; ++i) {
      insns.push_back(Make(Op::kLoadU8, 8, 2, static_cast<int16_t>(i + 1)));
    }
    insns.push_back(Make(Op::kMov64Reg, 0, 8));
    insns.push_back(Exit());
    memory[0] = 0;
    EXPECT_EQ(Run(insns, memory.data()), 7u) << loads;
    memory[0] = 9;
    EXPECT_EQ(Run(insns, memory.data()), 9u) << loads;
  }
}

TEST_F(JitTest, RefusesWhatLeavesTheProgram) {
  EXPECT_EQ(Load({Make(Op::kGoto, 0, 0, 5), Exit()}).status(),
            Status::kInvalid);
  EXPECT_EQ(Load({Make(Op::kMov64Imm, 0)}).status(), Status::kInvalid);
  EXPECT_EQ(Load({Make(Op::kMov64Imm, 10), Exit()}).status(), Status::kInvalid);
  EXPECT_EQ(Load({Make(Op::kCallHelper, 0, 0, 0, 9999), Exit()}).status(),
            Status::kInvalid);
  EXPECT_EQ(Load({Make(Op::kCallRegister, 1), Exit()}).status(),
            Status::kNotSupported);
}

TEST_F(JitTest, ImagesShareMemoryAndGiveItBack) {
  std::vector<Ref<Program>> programs;
  for (int i = 0; i < 100; ++i) {
    Result<Ref<Program>> program = Load(Answer(i));
    ASSERT_TRUE(program.ok());
    programs.push_back(Move(*program));
  }
  EXPECT_LE(HostExecBytes(), uint64_t{128} << 10);
  for (size_t i = 0; i < 100; i += 2) {
    programs[i] = Ref<Program>();
  }
  const uint64_t bytes = HostExecBytes();
  for (int i = 0; i < 50; ++i) {
    Result<Ref<Program>> program = Load(Answer(1000 + i));
    ASSERT_TRUE(program.ok());
    programs.push_back(Move(*program));
  }
  EXPECT_EQ(HostExecBytes(), bytes);
  for (size_t i = 1; i < 100; i += 2) {
    EXPECT_EQ(programs[i]->Run(nullptr), i);
  }
  for (size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(programs[100 + i]->Run(nullptr), 1000 + i);
  }
}

TEST(JitAllocationTest, EachAllocationThatFailsFailsTheLoad) {
  ASSERT_TRUE(InitReadSections());
  ASSERT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  const uint64_t failures =
      ForEachFailingAllocation("jit", [](FailingAllocator& allocator) {
        Engine* engine = InitJit(ThisMachine(), 0, allocator);
        if (engine == nullptr) {
          EXPECT_TRUE(allocator.failed());
          return;
        }
        std::vector<isa::Insn> insns = Answer(7);
        ProgramParts parts;
        parts.type = &kType;
        parts.insns = *PortAllocator().NewArray<isa::Insn>(insns.size());
        std::copy(insns.begin(), insns.end(), parts.insns.begin());
        Result<Ref<Program>> program =
            Program::Create(parts, *engine, PortAllocator());
        if (program.ok()) {
          EXPECT_EQ((*program)->Run(nullptr), 7u);
          *program = Ref<Program>();
        } else {
          EXPECT_EQ(program.status(), Status::kNoMemory);
          PortAllocator().DeleteArray(parts.insns);
        }
        ExitJit();
        EXPECT_EQ(HostExecBytes(), 0u);
      });
  EXPECT_GT(failures, 5u);
  ExitRunContexts();
  ExitReadSections();
}

TEST_F(JitTest, EachWriteThatFailsFailsTheLoad) {
  int failed = 0;
  for (uint64_t n = 1;; ++n) {
    FailNthTextWrite(n);
    Result<Ref<Program>> program = Load(Answer(7));
    FailNthTextWrite(0);
    if (program.ok()) {
      break;
    }
    EXPECT_EQ(program.status(), Status::kIo);
    ++failed;
  }
  EXPECT_GT(failed, 0);
}

uint64_t EntryOf(const Ref<Program>& program) {
  return reinterpret_cast<uint64_t>(program->tail_call_target().entry);
}

TEST_F(JitTest, AnImageIsASymbolWhileItLives) {
  char name[48];
  uint64_t begin = 0;
  uint64_t size = 0;
  uint32_t insn = 0;
  uint64_t entry = 0;
  {
    Result<Ref<Program>> program = Load(Answer(1));
    ASSERT_TRUE(program.ok());
    entry = EntryOf(*program);
    ReadSection reading;
    ASSERT_TRUE(FindJitSymbol(entry, name, &begin, &size, &insn));
    EXPECT_STREQ(name, "bpf_prog_12000000000000ef_answer");
    EXPECT_LE(begin, entry);
    EXPECT_LT(entry, begin + size);
    EXPECT_EQ(insn, 0u);
    EXPECT_FALSE(FindJitSymbol(begin + size, name, &begin, &size, &insn));
  }
  EXPECT_FALSE(FindJitSymbol(entry, name, &begin, &size, &insn));
}

TEST_F(JitTest, AWalkOverSymbolsSeesEachImageOnceInOrder) {
  std::vector<Ref<Program>> programs;
  for (int i = 0; i < 5; ++i) {
    Result<Ref<Program>> program = Load(Answer(i));
    ASSERT_TRUE(program.ok());
    programs.push_back(*Move(program));
  }
  programs.erase(programs.begin() + 2);
  ReadSection reading;
  for (size_t step = 1; step < 7; ++step) {
    uint64_t last = 0;
    size_t seen = 0;
    std::vector<JitSymbol> symbols(step);
    size_t count = 0;
    do {
      count = ListJitSymbols(last + 1, {symbols.data(), step});
      for (size_t i = 0; i < count; ++i) {
        EXPECT_STREQ(symbols[i].name, "bpf_prog_12000000000000ef_answer");
        EXPECT_GT(symbols[i].begin, last);
        last = symbols[i].begin;
        for (const Ref<Program>& program : programs) {
          seen += EntryOf(program) - last < symbols[i].size ? 1 : 0;
        }
      }
    } while (count == step);
    EXPECT_EQ(seen, 4u) << step;
  }
}

TEST_F(JitTest, TheLineTableFindsTheInstruction) {
  std::vector<isa::Insn> insns;
  for (int i = 0; i < 50; ++i) {
    insns.push_back(Make(Op::kStoreU64Imm, 1, 0, 0, i));
  }
  insns.push_back(Make(Op::kMov64Imm, 0));
  insns.push_back(Exit());
  Result<Ref<Program>> program = Load(insns);
  ASSERT_TRUE(program.ok());
  char name[48];
  uint64_t begin, size;
  uint32_t last = 0;
  uint32_t insn = 0;
  ReadSection reading;
  for (uint64_t at = EntryOf(*program);
       FindJitSymbol(at, name, &begin, &size, &insn); ++at) {
    EXPECT_GE(insn, last);
    last = insn;
  }
  EXPECT_GE(last, 51u);
}

TEST_F(JitTest, OnlyLoadsOfProbedMemoryAreFixedUp) {
  std::vector<InsnFacts> facts(3);
  facts[0].pointer = PointerKind::kProbed;
  Result<Ref<Program>> program = Load(
      {Make(Op::kLoadU64, 3, 1), Make(Op::kMov64Reg, 0, 3), Exit()}, facts);
  ASSERT_TRUE(program.ok());
  uint64_t resume = 0;
  uint8_t dst = 0;
  uint64_t at = EntryOf(*program);
  ReadSection reading;
  char name[48];
  uint64_t begin, size;
  uint32_t insn = 0;
  while (!FindJitFixup(at, &resume, &dst)) {
    ASSERT_TRUE(FindJitSymbol(++at, name, &begin, &size, &insn));
  }
  EXPECT_EQ(insn, 0u);
  EXPECT_EQ(dst, 3);
  EXPECT_GT(resume, at);
  EXPECT_FALSE(FindJitFixup(resume, &resume, &dst));
}

/// r0 = the T that the address in the context, plus `offset`, leads to.
class ProbedLoadTest : public JitTest {
 protected:
  ~ProbedLoadTest() { ResetHostNofaultRanges(); }

  uint64_t LoadFrom(const void* address, Op op = Op::kLoadU64,
                    int16_t offset = 0) {
    std::vector<InsnFacts> facts(3);
    facts[1].pointer = PointerKind::kProbed;
    Result<Ref<Program>> program =
        Load({Make(Op::kLoadU64, 1, 1), Make(op, 0, 1, offset), Exit()}, facts);
    EXPECT_TRUE(program.ok());
    return program.ok() ? (*program)->Run(&address) : 0;
  }
  static ebpf_address_range Around(const uint8_t* first, const uint8_t* last) {
    return {reinterpret_cast<uintptr_t>(first),
            reinterpret_cast<uintptr_t>(last)};
  }
  uint8_t bytes_[64] = {};
};

TEST_F(ProbedLoadTest, NothingIsLoadedFromOutsideOfTheRange) {
  std::memset(bytes_, 0xff, sizeof(bytes_));
  SetHostNofaultRanges({Around(bytes_ + 16, bytes_ + 31)});
  EXPECT_EQ(LoadFrom(bytes_ + 16), UINT64_MAX);
  EXPECT_EQ(LoadFrom(bytes_ + 24), UINT64_MAX);
  EXPECT_EQ(LoadFrom(bytes_, Op::kLoadU64, 24), UINT64_MAX);
  EXPECT_EQ(LoadFrom(bytes_ + 15), 0u);
  EXPECT_EQ(LoadFrom(bytes_ + 25), 0u);  // its last byte is behind
  EXPECT_EQ(LoadFrom(bytes_ + 20, Op::kLoadU64, 8), 0u);
  EXPECT_EQ(LoadFrom(bytes_ + 31, Op::kLoadU8), 0xffu);
  EXPECT_EQ(LoadFrom(bytes_ + 32, Op::kLoadU8), 0u);
  EXPECT_EQ(LoadFrom(bytes_ + 30, Op::kLoadS16), UINT64_MAX);
  EXPECT_EQ(LoadFrom(bytes_ + 31, Op::kLoadS16), 0u);
  EXPECT_EQ(LoadFrom(bytes_ + 28, Op::kLoadU32), 0xffffffffu);
  EXPECT_EQ(LoadFrom(bytes_ + 29, Op::kLoadU32), 0u);
}

TEST_F(ProbedLoadTest, ThereMayBeAHoleBetweenTwoRanges) {
  std::memset(bytes_, 0xff, sizeof(bytes_));
  SetHostNofaultRanges(
      {Around(bytes_ + 8, bytes_ + 23), Around(bytes_ + 40, bytes_ + 55)});
  for (int i = 0; i < 56; ++i) {
    const bool inside = (i >= 8 && i <= 16) || (i >= 40 && i <= 48);
    EXPECT_EQ(LoadFrom(bytes_ + i), inside ? UINT64_MAX : 0) << i;
  }
}

TEST_F(ProbedLoadTest, ARangeMayGoToTheEndOfAllAddresses) {
  bytes_[9] = 7;
  SetHostNofaultRanges({{Around(bytes_ + 9, bytes_).first, UINTPTR_MAX}});
  EXPECT_EQ(LoadFrom(bytes_ + 9, Op::kLoadU8), 7u);
  bytes_[8] = 7;
  EXPECT_EQ(LoadFrom(bytes_ + 8, Op::kLoadU8), 0u);
  EXPECT_EQ(LoadFrom(nullptr), 0u);
}

TEST_F(ProbedLoadTest, AddressesThatAreNoneGiveZero) {
  for (const uint64_t address :
       {uint64_t{0}, uint64_t{1} << 47, uint64_t{1} << 63, ~uint64_t{0},
        ~uint64_t{7}, uint64_t{0xdeadbeefdeadbeef}}) {
    EXPECT_EQ(LoadFrom(reinterpret_cast<const void*>(address)), 0u) << address;
  }
}

TEST_F(ProbedLoadTest, AnAddressOfSeveralInstructionsIsChecked) {
  std::memset(bytes_, 0xff, sizeof(bytes_));
  SetHostNofaultRanges({Around(bytes_ + 16, bytes_ + 31)});
  // r2 = r1 + (r3 << 3), which a load may take as its own address.
  for (int i = 0; i < 8; ++i) {
    std::vector<InsnFacts> facts(6);
    facts[4].pointer = PointerKind::kProbed;
    Result<Ref<Program>> program =
        Load({Make(Op::kMov64Imm, 3, 0, 0, i), Make(Op::kMov64Reg, 2, 3),
              Make(Op::kLsh64Imm, 2, 0, 0, 3), Make(Op::kAdd64Reg, 2, 1),
              Make(Op::kLoadU64, 0, 2), Exit()},
             facts);
    ASSERT_TRUE(program.ok());
    EXPECT_EQ((*program)->Run(bytes_), i == 2 || i == 3 ? UINT64_MAX : 0) << i;
  }
}

TEST_F(ProbedLoadTest, WhereAllMustBeAskedForNothingIsCompiled) {
  SetHostNofaultRanges({});
  std::vector<InsnFacts> facts(2);
  facts[0].pointer = PointerKind::kProbed;
  EXPECT_EQ(Load({Make(Op::kLoadU64, 0, 1), Exit()}, facts).status(),
            Status::kNotSupported);
}

/// The bytes of an image, as they are executed.
std::string BytesOf(const Ref<Program>& program) {
  char name[48];
  uint64_t begin = 0;
  uint64_t size = 0;
  uint32_t insn = 0;
  ReadSection reading;
  EXPECT_TRUE(FindJitSymbol(EntryOf(program), name, &begin, &size, &insn));
  return std::string(reinterpret_cast<const char*>(begin), size);
}

bool Holds(const std::string& bytes, uint32_t constant) {
  char raw[4];
  std::memcpy(raw, &constant, 4);
  return bytes.find(std::string(raw, 4)) != std::string::npos;
}

// 64 constants in every kind of instruction that has one.
std::vector<isa::Insn> Planted(std::vector<uint32_t>& constants) {
  const Op ops[] = {Op::kMov64Imm, Op::kMov32Imm, Op::kAdd64Imm, Op::kXor64Imm,
                    Op::kOr32Imm,  Op::kMul64Imm, Op::kAnd64Imm, Op::kDiv64Imm};
  std::vector<isa::Insn> insns = {Make(Op::kMov64Imm, 0)};
  uint32_t seed = 0x9e3779b9;
  for (int i = 0; i < 64; ++i) {
    seed = seed * 1664525 + 1013904223;
    const uint32_t constant = seed | 0x01010101;
    constants.push_back(constant);
    const auto imm = static_cast<int32_t>(constant);
    if (i % 10 == 8) {
      insns.push_back(Make(Op::kStoreU32Imm, 1, 0, 0, imm));
    } else if (i % 10 == 9) {
      insns.push_back(Make(Op::kJEq64Imm, 0, 0, 0, imm));
    } else {
      insns.push_back(Make(ops[i % 10], 0, 0, 0, imm));
    }
  }
  insns.push_back(Exit());
  return insns;
}

TEST_F(JitTest, BlindedConstantsAreNotInTheImage) {
  std::vector<uint32_t> constants;
  const std::vector<isa::Insn> insns = Planted(constants);
  uint32_t word = 0;
  Result<Ref<Program>> plain = Load(insns);
  SetJitBlinding(true);
  Result<Ref<Program>> blinded = Load(insns);
  ASSERT_TRUE(plain.ok() && blinded.ok());
  EXPECT_EQ((*plain)->Run(&word), (*blinded)->Run(&word));
  const std::string plain_bytes = BytesOf(*plain);
  const std::string blinded_bytes = BytesOf(*blinded);
  size_t in_plain = 0;
  for (const uint32_t constant : constants) {
    in_plain += Holds(plain_bytes, constant) ? 1 : 0;
    EXPECT_FALSE(Holds(blinded_bytes, constant)) << std::hex << constant;
  }
  EXPECT_GT(in_plain, 30u);  // of what is not a dead or folded one
}

TEST(ImagePoolTest, WhatIsFreedTraps) {
  std::vector<uint8_t> guard(4096);
  ThisMachine().compiler->fill_guard(Span<uint8_t>(guard.data(), guard.size()));
  ImagePool pool(ThisMachine(), PortAllocator(), 0);
  Result<uint64_t> first = pool.Allocate(100);
  Result<uint64_t> second = pool.Allocate(100);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first % ImagePool::kAlignment, 0u);
  EXPECT_EQ(*second - *first, 128u);
  const std::vector<uint8_t> code(100, 0x90);
  EXPECT_EQ(pool.Write(*first, ConstBytes(code.data(), code.size())),
            Status::kOk);
  const auto* bytes = reinterpret_cast<const uint8_t*>(*first);
  EXPECT_EQ(std::memcmp(bytes, code.data(), 100), 0);
  EXPECT_EQ(std::memcmp(bytes + 100, guard.data() + 100, 28), 0);
  pool.Free(*first, 100);
  EXPECT_EQ(std::memcmp(bytes, guard.data(), 128), 0);
  pool.Free(*second, 100);
  EXPECT_EQ(pool.executable_bytes(), 0u);
}

TEST(ImagePoolTest, WhatAnImageDoesNotNeedIsForTheNext) {
  ImagePool pool(ThisMachine(), PortAllocator(), 0);
  Result<uint64_t> first = pool.Allocate(1000);
  ASSERT_TRUE(first.ok());
  const size_t kept = pool.Shrink(*first, 1000, 100);
  Result<uint64_t> second = pool.Allocate(100);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*second - *first, 128u);
  pool.Free(*first, kept);
  pool.Free(*second, 100);
  EXPECT_EQ(pool.executable_bytes(), 0u);
  Result<uint64_t> large = pool.Allocate(1 << 20);
  ASSERT_TRUE(large.ok());
  pool.Free(*large, pool.Shrink(*large, 1 << 20, 10));
  EXPECT_EQ(pool.executable_bytes(), 0u);
}

TEST(ImagePoolTest, LargeImagesHaveMemoryOfTheirOwn) {
  ImagePool pool(ThisMachine(), PortAllocator(), 0);
  Result<uint64_t> large = pool.Allocate(1 << 20);
  ASSERT_TRUE(large.ok());
  EXPECT_GE(pool.executable_bytes(), size_t{1} << 20);
  pool.Free(*large, 1 << 20);
  EXPECT_EQ(pool.executable_bytes(), 0u);
}

}  // namespace
}  // namespace ebpf::jit
