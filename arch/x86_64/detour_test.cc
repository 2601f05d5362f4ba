// SPDX-License-Identifier: MIT
//
// Where jumps may stand: cases made by hand, every instruction of every
// function of real programs against what Debian's libzydis says of them, and
// functions that run with such a jump.
#include "arch/x86_64/detour.h"

#include <Zydis/Zydis.h>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <map>
#include <stdio.h>
#include <string.h>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "arch/x86_64/probed_insn.h"
#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

constexpr uint64_t kFunction = 0xffff'8000'0010'0000;
using Bytes = std::vector<uint8_t>;

Result<uint8_t> WindowOf(const Bytes& code, size_t offset = 0) {
  return Detour::FindWindow(ConstBytes(code.data(), code.size()), kFunction,
                            offset);
}

/// `insn` and then five one-byte instructions, of which four fill a window.
Bytes Before(const Bytes& insn) {
  Bytes code = insn;
  code.insert(code.end(), {0x90, 0x90, 0x90, 0x90, 0xc3});
  return code;
}

TEST(DetourTest, TheWindowIsWholeInstructions) {
  // push rbp; mov rbp, rsp; push rbx; sub rsp, 24; ret
  const Bytes code = {0x55, 0x48, 0x89, 0xe5, 0x53,
                      0x48, 0x83, 0xec, 0x18, 0xc3};
  EXPECT_EQ(*WindowOf(code, 0), 5);
  EXPECT_EQ(*WindowOf(code, 1), 8);
  EXPECT_EQ(*WindowOf(code, 4), 5);
  EXPECT_EQ(WindowOf(code, 2).status(), Status::kBadSequence);
  EXPECT_EQ(WindowOf(code, 5).status(), Status::kInvalid);  // the return
  EXPECT_EQ(WindowOf(code, 9).status(), Status::kInvalid);
  EXPECT_EQ(WindowOf(code, 10).status(), Status::kInvalid);
}

TEST(DetourTest, TheWindowFitsIntoASlot) {
  // nops: 4 bytes, and one that ends at 15, or 16
  Bytes code = {0x0f, 0x1f, 0x40, 0x00, 0x66, 0x66, 0x66, 0x2e,
                0x0f, 0x1f, 0x84, 0x00, 0,    0,    0,    0};
  code.erase(code.begin() + 4);
  code.push_back(0xc3);
  EXPECT_EQ(*WindowOf(code), 15);
  code.insert(code.begin() + 4, 0x66);
  EXPECT_EQ(WindowOf(code).status(), Status::kInvalid);
}

machine::ProbePlan PlanOf(const Bytes& code) {
  return *ProbedInsn::Plan(ConstBytes(code.data(), code.size()), kFunction, 0,
                           3);
}

int32_t DistanceAt(const uint8_t* field) {
  int32_t distance;
  memcpy(&distance, field, sizeof(distance));
  return distance;
}

TEST(DetourTest, TheSlotMasksInterruptsAndCallsAndGivesThemBack) {
  // push rbp; mov rbp, rsp; push rbx; ret
  const Bytes code = {0x55, 0x48, 0x89, 0xe5, 0x53, 0xc3};
  constexpr uint64_t kSlot = kFunction + 0x4000;
  constexpr uint64_t kEntry = kFunction - 0x4000;
  machine::ProbePlan plan = PlanOf(code);
  ASSERT_TRUE(Detour::IsPossible(plan));
  const machine::DetourWindow window =
      *Detour::Find(ConstBytes(code.data(), code.size()), kFunction, 0);
  ASSERT_TRUE(Detour::Make(plan, window, kSlot, kEntry));
  EXPECT_EQ(plan.method, machine::ProbeMethod::kDetour);
  EXPECT_EQ(plan.window_size, 5);
  EXPECT_EQ(plan.insn_size, 1);
  EXPECT_EQ(memcmp(plan.insn, code.data(), 5), 0);
  EXPECT_EQ(plan.breakpoint[0], 0xcc);
  EXPECT_EQ(plan.jump_size, 5);
  EXPECT_EQ(plan.jump[0], 0xe9);
  EXPECT_EQ(kFunction + 5 + DistanceAt(plan.jump + 1), kSlot);

  EXPECT_EQ(plan.slot[0], 0x9c);  // pushfq
  EXPECT_EQ(plan.slot[1], 0xfa);  // cli
  EXPECT_EQ(plan.slot[2], 0xe8);  // call
  EXPECT_EQ(kSlot + 7 + DistanceAt(plan.slot + 3), kEntry);
  EXPECT_EQ(plan.slot[7], 0x9d);  // popfq
  EXPECT_EQ(plan.copy_offset, 8);
  EXPECT_EQ(memcmp(plan.slot + 8, code.data(), 5), 0);
  EXPECT_EQ(plan.slot[13], 0xe9);
  EXPECT_EQ(kSlot + 18 + DistanceAt(plan.slot + 14), kFunction + 5);
  EXPECT_EQ(kSlot + DistanceAt(plan.slot + 28), kFunction);
  EXPECT_EQ(plan.slot_size, 32);
}

TEST(DetourTest, IsNotMadeWhereSomethingIsOutOfReach) {
  const Bytes code = {0x55, 0x48, 0x89, 0xe5, 0x53, 0xc3};
  constexpr uint64_t kReach = 0x8000'0000;
  const machine::DetourWindow window =
      *Detour::Find(ConstBytes(code.data(), code.size()), kFunction, 0);
  machine::ProbePlan plan = PlanOf(code);
  const machine::ProbePlan before = plan;
  EXPECT_FALSE(Detour::Make(plan, window, kFunction + kReach + 5, kFunction));
  EXPECT_FALSE(Detour::Make(plan, window, kFunction - kReach, kFunction));
  EXPECT_FALSE(Detour::Make(plan, window, kFunction, kFunction + kReach + 7));
  EXPECT_FALSE(Detour::Make(plan, window, kFunction, kFunction - kReach));
  EXPECT_EQ(memcmp(&plan, &before, sizeof(plan)), 0);
  EXPECT_TRUE(
      Detour::Make(plan, window, kFunction + kReach - 64, kFunction + kReach));
}

TEST(DetourTest, NothingJumpsIntoTheWindow) {
  // push rax; push rbx; push rcx; push rdx; push rsi; jmp to offset i; ret
  for (int target = 0; target < 8; ++target) {
    const Bytes code = {
        0x50, 0x53, 0x51, 0x52, 0x56, 0xeb, static_cast<uint8_t>(target - 7),
        0xc3};
    const bool inside = target > 0 && target < 5;
    EXPECT_EQ(WindowOf(code).ok(), !inside) << target;
  }
  const Bytes far_and_conditional = {
      0x50, 0x53, 0x51, 0x52, 0x56, 0x0f,
      0x84, 0xf7, 0xff, 0xff, 0xff, 0xc3};  // je to offset 2
  EXPECT_EQ(WindowOf(far_and_conditional).status(), Status::kInvalid);
  const Bytes calls = {0x50, 0x53, 0x51, 0x52, 0x56, 0xe8,
                       0xf9, 0xff, 0xff, 0xff, 0xc3};  // call offset 3
  EXPECT_EQ(WindowOf(calls).status(), Status::kInvalid);
}

TEST(DetourTest, APartOfTheFunctionElsewhereDoesNotEither) {
  const Bytes code = {0x50, 0x53, 0x51, 0x52, 0x56, 0xc3};
  for (int target = 0; target < 6; ++target) {
    Bytes cold = {0xe9, 0, 0, 0, 0};
    const uint64_t address = kFunction + 0x1000;
    const int32_t distance = target - 0x1000 - 5;
    memcpy(cold.data() + 1, &distance, sizeof(distance));
    const Detour::Piece piece = {ConstBytes(cold.data(), cold.size()), address};
    const Result<uint8_t> window =
        Detour::FindWindow(ConstBytes(code.data(), code.size()), kFunction, 0,
                           Span<const Detour::Piece>(&piece, 1));
    EXPECT_EQ(window.ok(), target == 0 || target == 5) << target;
  }
}

TEST(DetourTest, AFunctionWithAnIndirectJumpHasNone) {
  for (const Bytes& jump : {Bytes{0xff, 0xe0},        // jmp rax
                            Bytes{0x3e, 0xff, 0xe1},  // notrack
                            Bytes{0xff, 0x24, 0xc5, 0, 0, 0, 0}}) {
    Bytes code = {0x50, 0x53, 0x51, 0x52, 0x56};
    code.insert(code.end(), jump.begin(), jump.end());
    EXPECT_EQ(WindowOf(code).status(), Status::kInvalid);
  }
  // An indirect call comes back behind itself.
  EXPECT_TRUE(WindowOf({0x50, 0x53, 0x51, 0x52, 0x56, 0xff, 0xd0}).ok());
}

TEST(DetourTest, WhatCannotBeDecodedMayHideAnything) {
  EXPECT_EQ(WindowOf({0x50, 0x53, 0x51, 0x52, 0x56, 0xc3, 0x06}).status(),
            Status::kBadSequence);
  EXPECT_EQ(WindowOf({0x50, 0x53, 0x51, 0x52, 0x56, 0xe8, 0}).status(),
            Status::kBadSequence);
}

TEST(DetourTest, ItsInstructionsDoTheSameElsewhere) {
  const std::map<const char*, Bytes> refused = {
      {"jmp", {0xeb, 0}},
      {"je", {0x74, 0}},
      {"call", {0xe8, 0, 0, 0, 0}},
      {"call rax", {0xff, 0xd0}},
      {"ret", {0xc3}},
      {"int3", {0xcc}},
      {"hlt", {0xf4}},
      {"cli", {0xfa}},
      {"sti", {0xfb}},
      {"pushf", {0x9c}},
      {"popf", {0x9d}},
      {"endbr64", {0xf3, 0x0f, 0x1e, 0xfa}},
      {"syscall", {0x0f, 0x05}},
  };
  for (const auto& [name, insn] : refused) {
    EXPECT_EQ(WindowOf(Before(insn)).status(), Status::kInvalid) << name;
    Bytes second = {0x90};
    second.insert(second.end(), insn.begin(), insn.end());
    EXPECT_EQ(WindowOf(Before(second)).status(), Status::kInvalid) << name;
  }
}

TEST(DetourTest, OnlyTheFirstMayFault) {
  const std::map<const char*, Bytes> faulting = {
      {"mov rax, [rdi]", {0x48, 0x8b, 0x07}},
      {"mov rax, [rbp - 8]", {0x48, 0x8b, 0x45, 0xf8}},
      {"mov rax, [rsp + rax]", {0x48, 0x8b, 0x04, 0x04}},
      {"mov rax, [r12]", {0x49, 0x8b, 0x04, 0x24}},
      {"mov rax, gs:[rsp]", {0x65, 0x48, 0x8b, 0x04, 0x24}},
      {"mov rax, [rip]", {0x48, 0x8b, 0x05, 0, 0, 0, 0}},
      {"div ecx", {0xf7, 0xf1}},
      {"push [rdi]", {0xff, 0x37}},
      {"leave", {0xc9}},
      {"lodsb", {0xac}},
      {"bt [rsp], rax", {0x48, 0x0f, 0xa3, 0x04, 0x24}},
      {"addps xmm0, xmm1", {0x0f, 0x58, 0xc1}},
      {"rdmsr", {0x0f, 0x32}},
  };
  for (const auto& [name, insn] : faulting) {
    EXPECT_TRUE(WindowOf(Before(insn)).ok()) << name;
    Bytes second = {0x90};
    second.insert(second.end(), insn.begin(), insn.end());
    EXPECT_EQ(WindowOf(Before(second)).status(), Status::kInvalid) << name;
  }
  const std::map<const char*, Bytes> tame = {
      {"mov rax, [rsp + 8]", {0x48, 0x8b, 0x44, 0x24, 0x08}},
      {"lea rax, [rip]", {0x48, 0x8d, 0x05, 0, 0, 0, 0}},
      {"nop [rax]", {0x0f, 0x1f, 0x40, 0}},
      {"movzx eax, dil", {0x40, 0x0f, 0xb6, 0xc7}},
  };
  for (const auto& [name, insn] : tame) {
    Bytes second = {0x90};
    second.insert(second.end(), insn.begin(), insn.end());
    EXPECT_TRUE(WindowOf(Before(second)).ok()) << name;
  }
}

// --- Real programs ---------------------------------------------------------

struct Function {
  std::string name;
  uint64_t address;
  Bytes code;
};

/// The functions that a program's symbol tables name.
std::vector<Function> FunctionsOf(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string data((std::istreambuf_iterator<char>(file)), {});
  std::map<uint64_t, Function> functions;
  if (data.size() < sizeof(Elf64_Ehdr)) {
    return {};
  }
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(data.data());
  const auto* sections =
      reinterpret_cast<const Elf64_Shdr*>(data.data() + header->e_shoff);
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB &&
        sections[i].sh_type != SHT_DYNSYM) {
      continue;
    }
    const char* names = data.data() + sections[sections[i].sh_link].sh_offset;
    const auto* symbols =
        reinterpret_cast<const Elf64_Sym*>(data.data() + sections[i].sh_offset);
    for (size_t j = 0; j < sections[i].sh_size / sizeof(Elf64_Sym); ++j) {
      const Elf64_Sym& symbol = symbols[j];
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_size == 0 ||
          symbol.st_shndx >= header->e_shnum) {
        continue;
      }
      const Elf64_Shdr& text = sections[symbol.st_shndx];
      const char* code =
          data.data() + text.sh_offset + (symbol.st_value - text.sh_addr);
      functions[symbol.st_value] = {names + symbol.st_name, symbol.st_value,
                                    Bytes(code, code + symbol.st_size)};
    }
  }
  std::vector<Function> list;
  for (auto& [address, function] : functions) {
    list.push_back(std::move(function));
  }
  return list;
}

/// What Zydis says of an instruction.
struct Insn {
  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  size_t offset;

  bool IsControlFlow() const {
    switch (insn.meta.category) {
      case ZYDIS_CATEGORY_CALL:
      case ZYDIS_CATEGORY_RET:
      case ZYDIS_CATEGORY_COND_BR:
      case ZYDIS_CATEGORY_UNCOND_BR:
      case ZYDIS_CATEGORY_INTERRUPT:
      case ZYDIS_CATEGORY_SYSCALL:
      case ZYDIS_CATEGORY_SYSRET:
        return true;
      default:
        return false;
    }
  }
  bool IsIndirectJump() const {
    return insn.mnemonic == ZYDIS_MNEMONIC_JMP &&
           operands[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE;
  }
  /// Where it branches to directly.
  bool BranchesTo(uint64_t address, uint64_t* target) const {
    return IsControlFlow() && insn.operand_count != 0 &&
           operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
           operands[0].imm.is_relative &&
           ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&insn, &operands[0],
                                                 address + offset, target));
  }
  /// Whether it may fault, the stack being there.
  bool MayFault() const {
    if (insn.mnemonic == ZYDIS_MNEMONIC_DIV ||
        insn.mnemonic == ZYDIS_MNEMONIC_IDIV ||
        (insn.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) != 0) {
      return true;
    }
    for (unsigned i = 0; i < insn.operand_count; ++i) {
      const ZydisDecodedOperand& operand = operands[i];
      if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY &&
          operand.mem.type == ZYDIS_MEMOP_TYPE_MEM &&
          insn.mnemonic != ZYDIS_MNEMONIC_NOP &&
          (operand.mem.base != ZYDIS_REGISTER_RSP ||
           operand.mem.index != ZYDIS_REGISTER_NONE ||
           operand.mem.segment != ZYDIS_REGISTER_SS)) {
        return true;
      }
    }
    return false;
  }
};

class Oracle {
 public:
  Oracle() {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64,
                     ZYDIS_STACK_WIDTH_64);
  }

  /// All instructions; empty if one of them is none.
  std::vector<Insn> Decode(const uint8_t* code, size_t size) const {
    std::vector<Insn> insns;
    for (size_t at = 0; at < size; at += insns.back().insn.length) {
      Insn insn;
      insn.offset = at;
      if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, code + at, size - at,
                                               &insn.insn, insn.operands))) {
        return {};
      }
      insns.push_back(insn);
    }
    return insns;
  }

 private:
  ZydisDecoder decoder_;
};

/// Whether a jump over `size` bytes at the `first` instruction does no harm.
std::string WhatIsWrong(const Function& function,
                        const std::vector<Insn>& insns, size_t first,
                        size_t size) {
  const size_t begin = insns[first].offset;
  size_t covered = 0;
  for (size_t i = first; covered < size; ++i) {
    if (i == insns.size()) {
      return "ends beyond the function";
    }
    if (covered >= Detour::kJumpSize) {
      return "longer than it needs to be";
    }
    if (insns[i].IsControlFlow()) {
      return "control flow";
    }
    if (covered != 0 && insns[i].MayFault()) {
      return "a fault behind the first";
    }
    covered += insns[i].insn.length;
  }
  if (covered != size || size < Detour::kJumpSize) {
    return "not whole instructions";
  }
  for (const Insn& insn : insns) {
    uint64_t target = 0;
    if (insn.IsIndirectJump()) {
      return "an indirect jump";
    }
    if (insn.BranchesTo(function.address, &target) &&
        target > function.address + begin &&
        target < function.address + begin + size) {
      return "a branch into it";
    }
  }
  return "";
}

/// Whether the window elsewhere is the same instructions.
void ExpectSameElsewhere(const Oracle& oracle, const Function& function,
                         const std::vector<Insn>& insns, size_t first,
                         size_t size) {
  const size_t begin = insns[first].offset;
  const uint64_t address = function.address + begin;
  const uint64_t to = address + 0x1234567;
  uint8_t out[Detour::kMaxRelocatedSize];
  const Result<uint8_t> made =
      Detour::Relocate(ConstBytes(function.code.data() + begin, size), address,
                       to, Span<uint8_t>(out));
  ASSERT_TRUE(made.ok());
  const std::vector<Insn> moved = oracle.Decode(out, *made);
  ASSERT_FALSE(moved.empty());
  for (size_t i = 0; i + 1 < moved.size(); ++i) {
    const Insn& old = insns[first + i];
    ASSERT_EQ(moved[i].insn.mnemonic, old.insn.mnemonic);
    ASSERT_EQ(moved[i].insn.length, old.insn.length);
    for (unsigned j = 0; j < old.insn.operand_count; ++j) {
      uint64_t before = 0;
      uint64_t after = 0;
      const bool has_address = ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(
          &old.insn, &old.operands[j], function.address + old.offset, &before));
      ASSERT_EQ(ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(
                    &moved[i].insn, &moved[i].operands[j], to + moved[i].offset,
                    &after)),
                has_address);
      ASSERT_EQ(before, after);
    }
  }
  uint64_t target = 0;
  ASSERT_TRUE(moved.back().BranchesTo(to, &target));
  ASSERT_EQ(target, address + size);
}

TEST(DetourTest, EveryFunctionOfRealProgramsAgreesWithZydis) {
  const Oracle oracle;
  for (const char* path : {"/proc/self/exe", "/lib/x86_64-linux-gnu/libc.so.6",
                           "/lib/x86_64-linux-gnu/libm.so.6"}) {
    unsigned functions = 0, entries = 0, places = 0, accepted = 0;
    for (const Function& function : FunctionsOf(path)) {
      const std::vector<Insn> insns =
          oracle.Decode(function.code.data(), function.code.size());
      if (insns.empty() || function.code.size() > 4096) {
        continue;  // the search is quadratic here
      }
      ++functions;
      for (size_t i = 0; i < insns.size(); ++i) {
        ++places;
        const Result<uint8_t> window = Detour::FindWindow(
            ConstBytes(function.code.data(), function.code.size()),
            function.address, insns[i].offset);
        if (!window.ok()) {
          continue;
        }
        ++accepted;
        entries += i == 0 ? 1 : 0;
        ASSERT_EQ(WhatIsWrong(function, insns, i, *window), "")
            << function.name << "+" << insns[i].offset;
        ExpectSameElsewhere(oracle, function, insns, i, *window);
      }
    }
    printf("%s: %u of %u places, %u of %u entries\n", path, accepted, places,
           entries, functions);
    // Else it would be of no use, and show nothing here.
    EXPECT_GT(functions, 100u);
    EXPECT_GT(entries * 4, functions);
  }
}

// --- Execution -------------------------------------------------------------

/// Two pages of code: functions, and far from them where detours lead.
class CodePages {
 public:
  static constexpr size_t kSize = size_t{1} << 20;
  CodePages()
      : data_(static_cast<uint8_t*>(
            mmap(nullptr, kSize, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~CodePages() { munmap(data_, kSize); }
  uint8_t* data() { return data_; }

 private:
  uint8_t* data_;
};

using Binary = uint64_t (*)(uint64_t, uint64_t);

TEST(DetourTest, FunctionsDoTheSameWithAJumpAnywhere) {
  const Bytes functions[] = {
      // push rbp; mov rbp, rsp; push rbx; sub rsp, 24; mov [rsp+8], rdi;
      // lea rbx, [rdi+rsi*4]; imul rbx, rsi; add rbx, [rsp+8];
      // mov rax, rbx; add rsp, 24; pop rbx; pop rbp; ret
      {0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec, 0x18, 0x48,
       0x89, 0x7c, 0x24, 0x08, 0x48, 0x8d, 0x1c, 0xb7, 0x48, 0x0f,
       0xaf, 0xde, 0x48, 0x03, 0x5c, 0x24, 0x08, 0x48, 0x89, 0xd8,
       0x48, 0x83, 0xc4, 0x18, 0x5b, 0x5d, 0xc3},
      // mov rax, [rip + 12]; xor rax, rdi; rol rax, 7; sub rax, rsi; ret; data
      {0x48, 0x8b, 0x05, 0x0c, 0,    0,    0,    0x48, 0x31,
       0xf8, 0x48, 0xc1, 0xc0, 7,    0x48, 0x29, 0xf0, 0xc3,
       0x90, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88},
      // cmp rdi, rsi; setb al; movzx eax, al; cmova rax, rdi; adc rax, rsi; ret
      {0x48, 0x39, 0xf7, 0x0f, 0x92, 0xc0, 0x0f, 0xb6, 0xc0, 0x48, 0x0f, 0x47,
       0xc7, 0x48, 0x11, 0xf0, 0xc3},
  };
  const uint64_t values[] = {0, 1, 7, 0x8000'0000'0000'0001, ~uint64_t{0}};
  unsigned tried = 0;
  for (const Bytes& function : functions) {
    CodePages pages;
    memcpy(pages.data(), function.data(), function.size());
    const auto call = reinterpret_cast<Binary>(pages.data());
    const auto address = reinterpret_cast<uint64_t>(pages.data());
    uint8_t* elsewhere = pages.data() + CodePages::kSize / 2;
    // Data behind the code of the second is none of its instructions.
    const size_t size =
        function[0] == 0x48 && function[1] == 0x8b ? 19 : function.size();
    for (size_t offset = 0; offset < size; ++offset) {
      const Result<uint8_t> window = Detour::FindWindow(
          ConstBytes(function.data(), size), address, offset);
      if (!window.ok()) {
        continue;
      }
      ++tried;
      uint64_t expected[25];
      for (int i = 0; i < 25; ++i) {
        expected[i] = call(values[i / 5], values[i % 5]);
      }
      uint8_t* at = pages.data() + offset;
      ASSERT_TRUE(Detour::Relocate(ConstBytes(at, *window), address + offset,
                                   reinterpret_cast<uint64_t>(elsewhere),
                                   Span<uint8_t>(elsewhere, 64))
                      .ok());
      const auto distance = static_cast<int32_t>(elsewhere - at - 5);
      memset(at, 0xcc, *window);
      at[0] = 0xe9;
      memcpy(at + 1, &distance, sizeof(distance));
      for (int i = 0; i < 25; ++i) {
        EXPECT_EQ(call(values[i / 5], values[i % 5]), expected[i])
            << "offset " << offset;
      }
      memcpy(pages.data(), function.data(), function.size());
    }
  }
  EXPECT_GT(tried, 12u);
}

TEST(DetourTest, RefusesABufferOutOfReach) {
  const Bytes window = {0x90, 0x90, 0x90, 0x90, 0x90};
  uint8_t out[Detour::kMaxRelocatedSize];
  const ConstBytes bytes(window.data(), window.size());
  const auto relocate = [&](uint64_t to) {
    return Detour::Relocate(bytes, kFunction, to, Span<uint8_t>(out)).ok();
  };
  EXPECT_TRUE(relocate(kFunction + 0x7fff'0000));
  EXPECT_TRUE(relocate(kFunction - 0x7fff'0000));
  EXPECT_FALSE(relocate(kFunction + 0x8000'1000));
  EXPECT_FALSE(relocate(kFunction - 0x8000'1000));
  EXPECT_FALSE(
      Detour::Relocate(bytes, kFunction, kFunction, Span<uint8_t>(out, 8))
          .ok());
  // The jump reaches, the operand does not.
  const Bytes load = {0x48, 0x8b, 0x05, 0xff, 0xff, 0xff, 0x7f};
  EXPECT_FALSE(Detour::Relocate(ConstBytes(load.data(), load.size()), kFunction,
                                kFunction - 64, Span<uint8_t>(out))
                   .ok());
}

}  // namespace
}  // namespace ebpf::x86_64
