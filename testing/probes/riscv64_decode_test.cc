// SPDX-License-Identifier: MIT
//
// What a probe does with RISC-V instructions, against what LLVM's disassembler
// says that they are: all of 16 bits, and chance's choice of the longer ones.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>

#include "arch/riscv64/probed_insn.h"
#include "arch/riscv64/pt_regs.h"
#include "gtest/gtest.h"
#include "testing/probes/llvm_decoder.h"

namespace ebpf::riscv64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;
using testing::LlvmDecoder;
using testing::LlvmInsn;

constexpr uint32_t kFullStub =
    machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;
constexpr uint64_t kAddress = 0x8020'1234;

/// The number of the register that LLVM calls so.
unsigned RegNumber(const std::string& name) {
  static const std::map<std::string, unsigned> numbers = [] {
    std::map<std::string, unsigned> all;
    const char* names[] = {"zero", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                           "s0",   "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                           "a6",   "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                           "s8",   "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    for (unsigned i = 0; i < 32; ++i) {
      all[names[i]] = i;
    }
    return all;
  }();
  const auto found = numbers.find(name);
  return found == numbers.end() ? 99 : found->second;
}

int64_t Number(const std::string& text) {
  return strtoll(text.c_str(), nullptr, 10);
}

/// A machine that does what LLVM's text says.
struct Model {
  uint64_t x[32];
  uint64_t pc;
  bool stored = false;
  uint64_t stored_at = 0;
  uint64_t stored_value = 0;

  void Set(unsigned reg, uint64_t value) {
    if (reg != 0) {
      x[reg] = value;
    }
  }

  /// False: the text is of none of the instructions that a trap may emulate.
  bool Run(const LlvmInsn& insn) {
    const uint64_t next = pc + insn.size;
    const uint64_t here = pc;
    pc = next;
    return Move(insn, here) || Jump(insn, here, next) || Branch(insn, here) ||
           Memory(insn);
  }

 private:
  static std::string Operand(const LlvmInsn& insn, size_t index) {
    return index < insn.operands.size() ? insn.operands[index] : "";
  }
  /// "imm(reg)"
  uint64_t Address(const std::string& text) const {
    const size_t open = text.find('(');
    return x[RegNumber(text.substr(open + 1, text.size() - open - 2))] +
           static_cast<uint64_t>(Number(text));
  }

  bool Move(const LlvmInsn& insn, uint64_t here) {
    const std::string& name = insn.mnemonic;
    const unsigned rd = RegNumber(Operand(insn, 0));
    if (name == "nop" || name == "c.nop") {
      return true;
    }
    if (name == "lui" || name == "c.lui" || name == "auipc") {
      const auto value = static_cast<uint64_t>(
          int64_t{static_cast<int32_t>(Number(Operand(insn, 1)) << 12)});
      Set(rd, name == "auipc" ? here + value : value);
      return true;
    }
    if (name == "li" || name == "c.li") {
      Set(rd, static_cast<uint64_t>(Number(Operand(insn, 1))));
      return true;
    }
    if (name == "mv" || name == "c.mv") {
      Set(rd, x[RegNumber(Operand(insn, 1))]);
      return true;
    }
    if (name == "addi") {
      Set(rd, x[RegNumber(Operand(insn, 1))] +
                  static_cast<uint64_t>(Number(Operand(insn, 2))));
      return true;
    }
    if (name == "c.addi") {
      Set(rd, x[rd] + static_cast<uint64_t>(Number(Operand(insn, 1))));
      return true;
    }
    return false;
  }

  bool Jump(const LlvmInsn& insn, uint64_t here, uint64_t next) {
    const std::string& name = insn.mnemonic;
    const auto relative = [&](size_t index) {
      return here + static_cast<uint64_t>(Number(Operand(insn, index)));
    };
    if (name == "j") {
      pc = relative(0);
      return true;
    }
    if (name == "jal") {  // to ra where it is not said
      const bool brief = insn.operands.size() == 1;
      pc = relative(brief ? 0 : 1);
      Set(brief ? 1 : RegNumber(Operand(insn, 0)), next);
      return true;
    }
    if (name == "ret") {
      pc = x[1] & ~uint64_t{1};
      return true;
    }
    if (name == "jr" || name == "jalr") {
      const bool brief = insn.operands.size() == 1;
      const std::string target = Operand(insn, brief ? 0 : 1);
      const unsigned link =
          name == "jr" ? 0 : (brief ? 1 : RegNumber(Operand(insn, 0)));
      pc = (target.find('(') == std::string::npos ? x[RegNumber(target)]
                                                  : Address(target)) &
           ~uint64_t{1};
      Set(link, next);
      return true;
    }
    return false;
  }

  bool Branch(const LlvmInsn& insn, uint64_t here) {
    std::string name = insn.mnemonic;
    if (name[0] != 'b' || insn.operands.size() < 2) {
      return false;
    }
    uint64_t a = x[RegNumber(insn.operands[0]) % 32];
    uint64_t b = 0;
    if (name.back() == 'z') {  // beqz and its like
      name.pop_back();
    } else if (insn.operands.size() == 3) {
      b = x[RegNumber(insn.operands[1]) % 32];
    } else {
      return false;
    }
    const auto sa = static_cast<int64_t>(a);
    const auto sb = static_cast<int64_t>(b);
    const std::map<std::string, bool> holds = {
        {"beq", a == b}, {"bne", a != b},  {"blt", sa < sb},  {"bge", sa >= sb},
        {"bltu", a < b}, {"bgeu", a >= b}, {"ble", sa <= sb}, {"bgt", sa > sb}};
    const auto found = holds.find(name);
    if (found == holds.end()) {
      return false;
    }
    if (found->second) {
      pc = here + static_cast<uint64_t>(Number(insn.operands.back()));
    }
    return true;
  }

  bool Memory(const LlvmInsn& insn) {
    if (insn.mnemonic != "ld" && insn.mnemonic != "sd") {
      return false;
    }
    const uint64_t at = Address(Operand(insn, 1));
    const unsigned reg = RegNumber(Operand(insn, 0));
    if (insn.mnemonic == "ld") {
      uint64_t value = 0;
      memcpy(&value, reinterpret_cast<const void*>(at), sizeof(value));
      Set(reg, value);
    } else {
      stored = true;
      stored_at = at;
      stored_value = x[reg];
    }
    return true;
  }
};

bool StartsWith(const std::string& text, const char* prefix) {
  return text.rfind(prefix, 0) == 0;
}

/// Why no probe may stand there; empty where one must be able to.
std::string ReasonToRefuse(const LlvmInsn& insn) {
  const std::string& name = insn.mnemonic;
  if (name == "ebreak" || name == "unimp" || name == "c.unimp" ||
      name == "ecall") {
    return "trap";
  }
  if (name == "sret" || name == "mret" || name == "mnret" || name == "dret" ||
      name == "uret" || name == "sctrclr") {
    return "return from a trap";
  }
  if (name == "wfi" || StartsWith(name, "wrs.")) {
    return "wait";
  }
  if (StartsWith(name, "csr") || StartsWith(name, "rdcycle") ||
      StartsWith(name, "rdtime") || StartsWith(name, "rdinstret") ||
      name == "frcsr" || name == "fscsr" || StartsWith(name, "frrm") ||
      StartsWith(name, "fsrm") || StartsWith(name, "frflags") ||
      StartsWith(name, "fsflags")) {
    return "control register";
  }
  if (StartsWith(name, "sfence") || StartsWith(name, "hfence") ||
      StartsWith(name, "sinval") || StartsWith(name, "hinval")) {
    return "fence of page tables";
  }
  if (StartsWith(name, "hlv") || StartsWith(name, "hsv")) {
    return "hypervisor's load and store";
  }
  if (StartsWith(name, "mop.r")) {
    return "may be an operation, among system instructions";
  }
  if (name == "fence.i") {
    return "fence.i";
  }
  if (StartsWith(name, "lr.") || StartsWith(name, "sc.")) {
    return "exclusive access";
  }
  return "";
}

/// Of the opcodes that a CPU's maker, or the future, may make branches.
bool IsForeign(uint32_t word) {
  const uint32_t opcode = word & 0x7f;
  return opcode == 0x0b || opcode == 0x2b || opcode == 0x5b || opcode == 0x6b ||
         opcode == 0x7b;
}

bool DependsOnPc(const LlvmInsn& insn) {
  static const std::set<std::string> names = {
      "auipc", "jal",  "j",    "jr",   "jalr", "ret",  "beq",  "bne",  "blt",
      "bge",   "bltu", "bgeu", "beqz", "bnez", "blez", "bgez", "bltz", "bgtz"};
  return names.count(insn.mnemonic) != 0;
}

class Comparison {
 public:
  Comparison() : llvm_("riscv64") {
    for (size_t i = 0; i < kWords; ++i) {
      stack_[i] = random_();
    }
  }

  void Check(uint32_t word, unsigned size) {
    uint8_t bytes[4];
    memcpy(bytes, &word, 4);
    const ConstBytes code(bytes, size);
    LlvmInsn insn;
    const bool theirs = llvm_.Decode(bytes, size, insn);
    const Result<ProbePlan> plan =
        ProbedInsn::Plan(code, kAddress, 0, kFullStub);
    if (!theirs) {
      ++unknown_;
      if (size == 4 && IsForeign(word) && plan.status() != Status::kInvalid) {
        Disagree("a vendor's own, and accepted", word, insn);
      }
      if (plan.ok()) {
        ++we_only_[size == 2 ? "16 bits" : "32 bits"];
        if (plan->method == ProbeMethod::kEmulate) {
          Disagree("emulated, and nobody knows it", word, insn);
        }
      }
      return;
    }
    ++both_;
    const Result<uint8_t> our_size = ProbedInsn::Size(code);
    if (!our_size.ok() || *our_size != insn.size || insn.size != size) {
      Disagree("another size", word, insn);
      return;
    }
    const std::string reason = ReasonToRefuse(insn);
    if (!plan.ok()) {
      ++refused_[reason];
      if (reason.empty() || plan.status() != Status::kInvalid) {
        Disagree("refused without a reason", word, insn);
      }
      return;
    }
    if (!reason.empty()) {
      Disagree("must be refused", word, insn);
    }
    CheckPlan(*plan, word, insn);
  }

  void Print(const char* what) {
    printf(
        "%s: both know %zu (%zu emulated, %zu stepped), neither or we alone "
        "%zu; refused:\n",
        what, both_, emulated_, stepped_, unknown_);
    for (const auto& [name, count] : refused_) {
      printf("  %s: %zu\n", name.c_str(), count);
    }
    for (const auto& [name, count] : we_only_) {
      printf("  stepped, LLVM does not know it: %s: %zu\n", name.c_str(),
             count);
    }
    EXPECT_EQ(disagreements_, 0u);
  }
  size_t both() const { return both_; }
  size_t emulated() const { return emulated_; }

 private:
  static constexpr size_t kWords = 1024;

  void Disagree(const char* why, uint32_t word, const LlvmInsn& insn) {
    if (++disagreements_ <= 20) {
      ADD_FAILURE() << why << ": " << std::hex << word << " " << insn.Text();
    }
  }

  void CheckPlan(const ProbePlan& plan, uint32_t word, const LlvmInsn& insn) {
    if (plan.method == ProbeMethod::kStep) {
      ++stepped_;
      if (DependsOnPc(insn)) {
        Disagree("stepped, but it depends on pc", word, insn);
      }
      if (memcmp(plan.slot, &word, insn.size) != 0 ||
          plan.step_trap_offset != insn.size ||
          plan.slot_size != insn.size + plan.breakpoint_size) {
        Disagree("another slot", word, insn);
      }
      return;
    }
    ++emulated_;
    PtRegs regs = {};
    Model model = {};
    for (unsigned i = 1; i < 32; ++i) {
      // Small ones too, so that some are equal.
      Reg(regs, i) = random_() % 4 == 0 ? random_() % 3 : random_();
    }
    Reg(regs, kSp) = reinterpret_cast<uint64_t>(stack_ + kWords / 2);
    for (unsigned i = 1; i < 32; ++i) {
      model.x[i] = Reg(regs, i);
    }
    regs.epc = kAddress;
    model.pc = kAddress;
    uint64_t before[kWords];
    memcpy(before, stack_, sizeof(before));
    if (!model.Run(insn)) {
      Disagree("emulated, and it is not what we emulate", word, insn);
      return;
    }
    ProbedInsn::Emulate(plan, Opaque(regs));
    bool same = regs.epc == model.pc;
    for (unsigned i = 1; i < 32; ++i) {
      same = same && Reg(regs, i) == model.x[i];
    }
    if (model.stored) {
      memcpy(reinterpret_cast<uint8_t*>(before) +
                 (model.stored_at - reinterpret_cast<uint64_t>(stack_)),
             &model.stored_value, 8);
    }
    if (!same || memcmp(before, stack_, sizeof(before)) != 0) {
      Disagree("emulated differently", word, insn);
    }
  }

  LlvmDecoder llvm_;
  std::mt19937_64 random_{3};
  alignas(16) uint64_t stack_[kWords];
  std::map<std::string, size_t> refused_;
  std::map<std::string, size_t> we_only_;
  size_t both_ = 0;
  size_t unknown_ = 0;
  size_t emulated_ = 0;
  size_t stepped_ = 0;
  size_t disagreements_ = 0;
};

TEST(Riscv64DecodeTest, AgreesWithLlvmOnEveryCompressedEncoding) {
  Comparison comparison;
  for (uint32_t half = 0; half < 0x10000; ++half) {
    if ((half & 3) != 3) {
      comparison.Check(half, 2);
    }
  }
  comparison.Print("all 49152 of 16 bits");
  EXPECT_GT(comparison.both(), 47000u);
}

TEST(Riscv64DecodeTest, KnowsWhereEachLengthBegins) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const uint8_t code[4] = {static_cast<uint8_t>(half),
                             static_cast<uint8_t>(half >> 8), 0, 0};
    const Result<uint8_t> size = ProbedInsn::Size(ConstBytes(code, 4));
    const bool two = (half & 3) != 3;
    const bool longer = (half & 0x1f) == 0x1f;
    ASSERT_EQ(size.ok(), !longer) << half;
    if (!longer) {
      ASSERT_EQ(*size, two ? 2 : 4) << half;
    }
  }
}

TEST(Riscv64DecodeTest, AgreesWithLlvmOnRandomWords) {
  const char* text = getenv("EBPF_RANDOM_INSNS");
  const uint64_t count =
      text != nullptr ? strtoull(text, nullptr, 10) : 1000000;
  // Opcodes of which few encodings are instructions are sampled more often in
  // the fields that tell them apart.
  std::mt19937_64 random(11);
  Comparison comparison;
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t word = static_cast<uint32_t>(random()) | 3;
    if ((word & 0x1c) == 0x1c) {
      word &= ~uint32_t{0x10};
    }
    switch (i % 8) {
      case 1:  // system
        word = (word & ~uint32_t{0x7f}) | 0x73;
        word &= random() % 2 == 0 ? 0xfff0'007f : 0xffff'ffff;
        break;
      case 2:  // atomics
        word = (word & ~uint32_t{0x7f}) | 0x2f;
        word &= random() % 2 == 0 ? 0xfe0f'ffff : 0xffff'ffff;
        break;
      case 3:  // loads and stores on the stack
        word = (word & 0xfff0'0fff & ~uint32_t{0x7f}) | 0x1'3000 |
               (random() % 2 == 0 ? 0x03 : 0x23);
        break;
      case 4:  // fences
        word = (word & ~uint32_t{0x7f}) | 0x0f;
        break;
      default:
        break;
    }
    comparison.Check(word, 4);
  }
  comparison.Print("random words");
  EXPECT_GT(comparison.both(), count / 4);
  EXPECT_GT(comparison.emulated(), count / 20);
}

}  // namespace
}  // namespace ebpf::riscv64
