// SPDX-License-Identifier: MIT
//
// What a probe does with AArch64 instructions, against what LLVM's disassembler
// says that they are: chance's choice of each class of the encoding table.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "arch/aarch64/probed_insn.h"
#include "arch/aarch64/pt_regs.h"
#include "gtest/gtest.h"
#include "testing/probes/llvm_decoder.h"

namespace ebpf::aarch64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;
using testing::LlvmDecoder;
using testing::LlvmInsn;

constexpr uint32_t kFullStub =
    machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;

bool StartsWith(const std::string& text, const char* prefix) {
  return text.rfind(prefix, 0) == 0;
}

struct Register {
  unsigned number = 99;
  bool wide = false;
  bool sp = false;
};

Register Parse(const std::string& name) {
  if (name == "sp" || name == "wsp") {
    return {31, name == "sp", true};
  }
  if (name == "xzr" || name == "wzr") {
    return {31, name == "xzr", false};
  }
  if ((name[0] == 'x' || name[0] == 'w') && isdigit(name[1]) != 0) {
    return {static_cast<unsigned>(atoi(name.c_str() + 1)), name[0] == 'x',
            false};
  }
  return {};
}

/// "#-16"
int64_t Number(const std::string& text) {
  return strtoll(text.c_str() + (text[0] == '#' ? 1 : 0), nullptr, 0);
}

/// A machine that does what LLVM's text says.
class Model {
 public:
  uint64_t x[31];
  uint64_t sp;
  uint64_t pc;
  uint64_t pstate;
  struct Store {
    uint64_t at, value;
  };
  std::vector<Store> stores;

  /// False: the text is of none of the instructions that a trap may emulate.
  bool Run(const LlvmInsn& insn) {
    here_ = pc;
    pc += 4;
    operands_ = &insn.operands;
    return insn.mnemonic == "nop" || insn.mnemonic == "bti" ||
           Branch(insn.mnemonic) || Move(insn.mnemonic) || Add(insn.mnemonic) ||
           Literal(insn.mnemonic) || Masks(insn.mnemonic) ||
           Stack(insn.mnemonic);
  }

 private:
  std::string Operand(size_t index) const {
    return index < operands_->size() ? (*operands_)[index] : "";
  }
  uint64_t Get(const std::string& name) const {
    const Register reg = Parse(name);
    const uint64_t value =
        reg.number == 31 ? (reg.sp ? sp : 0) : x[reg.number % 31];
    return reg.wide ? value : static_cast<uint32_t>(value);
  }
  void Set(const std::string& name, uint64_t value) {
    const Register reg = Parse(name);
    value = reg.wide ? value : static_cast<uint32_t>(value);
    if (reg.number < 31) {
      x[reg.number] = value;
    } else if (reg.sp) {
      sp = value;
    }
  }
  uint64_t Relative(size_t index) const {
    return here_ + static_cast<uint64_t>(Number(Operand(index)));
  }

  bool Holds(const std::string& condition) const {
    const bool n = (pstate >> 31 & 1) != 0;
    const bool z = (pstate >> 30 & 1) != 0;
    const bool c = (pstate >> 29 & 1) != 0;
    const bool v = (pstate >> 28 & 1) != 0;
    const std::map<std::string, bool> holds = {{"eq", z},
                                               {"ne", !z},
                                               {"hs", c},
                                               {"lo", !c},
                                               {"mi", n},
                                               {"pl", !n},
                                               {"vs", v},
                                               {"vc", !v},
                                               {"hi", c && !z},
                                               {"ls", !c || z},
                                               {"ge", n == v},
                                               {"lt", n != v},
                                               {"gt", !z && n == v},
                                               {"le", z || n != v},
                                               {"al", true},
                                               {"nv", true}};
    return holds.at(condition);
  }

  bool Branch(const std::string& name) {
    if (name == "b") {
      pc = Relative(0);
    } else if (name == "bl") {
      x[30] = pc;
      pc = Relative(0);
    } else if (StartsWith(name, "b.") || StartsWith(name, "bc.")) {
      pc = Holds(name.substr(name.find('.') + 1)) ? Relative(0) : pc;
    } else if (name == "cbz" || name == "cbnz") {
      pc = (Get(Operand(0)) == 0) == (name == "cbz") ? Relative(1) : pc;
    } else if (name == "tbz" || name == "tbnz") {
      const bool set = (Get(Operand(0)) >> Number(Operand(1)) & 1) != 0;
      pc = set == (name == "tbnz") ? Relative(2) : pc;
    } else if (name == "br") {
      pc = Get(Operand(0));
    } else if (name == "ret") {
      pc = operands_->empty() ? x[30] : Get(Operand(0));
    } else if (name == "blr") {
      const uint64_t target = Get(Operand(0));
      x[30] = pc;
      pc = target;
    } else {
      return false;
    }
    return true;
  }

  bool Move(const std::string& name) {
    if (name == "adr") {
      Set(Operand(0), Relative(1));
    } else if (name == "adrp") {
      Set(Operand(0), (here_ & ~uint64_t{4095}) +
                          static_cast<uint64_t>(Number(Operand(1))));
    } else if (name == "mov") {
      Set(Operand(0), Operand(1)[0] == '#'
                          ? static_cast<uint64_t>(Number(Operand(1)))
                          : Get(Operand(1)));
    } else if (name == "movz" || name == "movn") {
      const unsigned shift =
          operands_->size() > 2 ? atoi(Operand(2).c_str() + 5) : 0;  // "lsl #"
      const uint64_t value = static_cast<uint64_t>(Number(Operand(1))) << shift;
      Set(Operand(0), name == "movz" ? value : ~value);
    } else {
      return false;
    }
    return true;
  }

  bool Add(const std::string& name) {
    if ((name != "add" && name != "sub") || Operand(2)[0] != '#') {
      return false;
    }
    const unsigned shift =
        operands_->size() > 3 ? atoi(Operand(3).c_str() + 5) : 0;
    const uint64_t value = static_cast<uint64_t>(Number(Operand(2))) << shift;
    Set(Operand(0),
        name == "add" ? Get(Operand(1)) + value : Get(Operand(1)) - value);
    return true;
  }

  bool Masks(const std::string& name) {
    constexpr uint64_t kDaif = 0x3c0;
    if (name == "mrs" && Operand(1) == "DAIF") {
      Set(Operand(0), pstate & kDaif);
    } else if (name == "msr" && Operand(0) == "DAIF") {
      pstate = (pstate & ~kDaif) | (Get(Operand(1)) & kDaif);
    } else if (name == "msr" && Operand(0) == "DAIFSet") {
      pstate |= static_cast<uint64_t>(Number(Operand(1))) << 6;
    } else if (name == "msr" && Operand(0) == "DAIFClr") {
      pstate &= ~(static_cast<uint64_t>(Number(Operand(1))) << 6);
    } else {
      return false;
    }
    return true;
  }

  bool Literal(const std::string& name) {
    if (name == "prfm") {
      return Operand(1)[0] == '#';
    }
    if ((name != "ldr" && name != "ldrsw") || Operand(1)[0] != '#' ||
        Parse(Operand(0)).number == 99) {
      return false;
    }
    const bool wide = Parse(Operand(0)).wide && name == "ldr";
    uint64_t value = 0;
    memcpy(&value, reinterpret_cast<const void*>(Relative(1)), wide ? 8 : 4);
    if (name == "ldrsw") {
      value = static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)});
    }
    Set(Operand(0), value);
    return true;
  }

  /// ldr, str, ldp, stp of x registers with sp as the base.
  bool Stack(const std::string& name) {
    const bool pair = name == "ldp" || name == "stp";
    const size_t at = pair ? 2 : 1;
    if ((!pair && name != "ldr" && name != "str") ||
        !StartsWith(Operand(at), "[sp") || Operand(0)[0] != 'x') {
      return false;
    }
    const std::string memory = Operand(at);
    const size_t comma = memory.find('#');
    const auto offset = static_cast<uint64_t>(
        comma == std::string::npos ? 0 : Number(memory.substr(comma)));
    uint64_t address = sp + offset;
    if (operands_->size() > at + 1) {  // post-index
      sp += static_cast<uint64_t>(Number(Operand(at + 1)));
    } else if (memory.back() == '!') {
      sp = address;
    }
    for (size_t i = 0; i < at; ++i, address += 8) {
      if (name[0] == 's') {
        stores.push_back({address, Get(Operand(i))});
      } else {
        uint64_t value = 0;
        memcpy(&value, reinterpret_cast<const void*>(address), 8);
        Set(Operand(i), value);
      }
    }
    return true;
  }

  uint64_t here_;
  const std::vector<std::string>* operands_;
};

bool OneOf(const std::string& name, const std::set<std::string>& names) {
  return names.count(name) != 0;
}

/// Why no probe may stand there; empty where one must be able to.
std::string ReasonToRefuse(const LlvmInsn& insn) {
  const std::string& name = insn.mnemonic;
  if (OneOf(name, {"svc", "hvc", "smc", "brk", "hlt", "dcps1", "dcps2", "dcps3",
                   "udf"})) {
    return "trap";
  }
  if (OneOf(name, {"tstart", "tcommit", "tcancel", "ttest"})) {
    return "transaction, which a trap ends";
  }
  if (OneOf(name, {"eret", "eretaa", "eretab", "drps"})) {
    return "return from an exception";
  }
  if (StartsWith(name, "braa") || StartsWith(name, "brab") ||
      StartsWith(name, "blraa") || StartsWith(name, "blrab") ||
      StartsWith(name, "retaa") || StartsWith(name, "retab")) {
    return "authenticated branch";
  }
  if (OneOf(name, {"wfi", "wfe", "wfit", "wfet"})) {
    return "wait";
  }
  if (StartsWith(name, "ldxr") || StartsWith(name, "ldaxr") ||
      StartsWith(name, "stxr") || StartsWith(name, "stlxr") ||
      OneOf(name, {"ldxp", "ldaxp", "stxp", "stlxp"})) {
    return "exclusive access";
  }
  for (const char* part : {"cpyp", "cpym", "cpye", "cpyfp", "cpyfm", "cpyfe",
                           "setp", "setm", "sete", "setgp", "setgm", "setge"}) {
    if (StartsWith(name, part)) {
      return "part of a copy";
    }
  }
  if (name == "msr" && StartsWith(insn.operands[0], "DAIF")) {
    return "";
  }
  if (OneOf(name, {"msr", "msrr", "cfinv", "axflag", "xaflag", "smstart",
                   "smstop", "sysp", "tlbip", "mrrs"})) {
    return "writes pstate or a system register, or is of 128 bits";
  }
  if (name == "mrs" && StartsWith(insn.operands[1], "S0_")) {
    return "reads no system register";
  }
  if (name == "mrs" &&
      OneOf(insn.operands[1], {"SPSR_EL1", "ELR_EL1", "ESR_EL1", "FAR_EL1"})) {
    return "reads what the trap changes";
  }
  if (name == "ldr" && insn.operands[1][0] == '#' &&
      Parse(insn.operands[0]).number == 99) {
    return "literal of a SIMD register";
  }
  if (name.find("sppc") != std::string::npos ||
      name.find("171615") != std::string::npos) {
    return "authenticates by pc, and its like";
  }
  return "";
}

bool DependsOnPc(const LlvmInsn& insn) {
  const std::string& name = insn.mnemonic;
  const bool literal = insn.operands.size() == 2 &&
                       insn.operands[1][0] == '#' &&
                       OneOf(name, {"ldr", "ldrsw", "prfm"});
  const bool vector_address =
      StartsWith(name, "adr") && Parse(insn.operands[0]).number == 99;
  if (vector_address) {
    return false;
  }
  return literal || StartsWith(name, "b.") || StartsWith(name, "bc.") ||
         OneOf(name, {"b", "bl", "br", "blr", "ret", "cbz", "cbnz", "tbz",
                      "tbnz", "adr", "adrp"});
}

class Comparison {
 public:
  Comparison() : llvm_("aarch64"), text_(kTextWords), stack_(kStackWords) {
    for (std::vector<uint64_t>* memory : {&text_, &stack_}) {
      for (uint64_t& word : *memory) {
        word = random_();
      }
    }
    stack_before_ = stack_;
    address_ = reinterpret_cast<uint64_t>(text_.data() + kTextWords / 2) + 4;
  }

  void Check(uint32_t word) {
    uint8_t bytes[4];
    memcpy(bytes, &word, 4);
    LlvmInsn insn;
    const bool theirs = llvm_.Decode(bytes, 4, insn);
    const Result<ProbePlan> plan =
        ProbedInsn::Plan(ConstBytes(bytes, 4), address_, 0, kFullStub);
    if (!theirs) {
      ++unknown_;
      if (plan.ok() && plan->method == ProbeMethod::kEmulate) {
        Disagree("emulated, and nobody knows it", word, insn);
      }
      return;
    }
    ++both_;
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
    EXPECT_TRUE(stack_ == stack_before_) << "a stray store";
    printf(
        "%s: both know %zu (%zu emulated, %zu stepped), LLVM does not know "
        "%zu; refused:\n",
        what, both_, emulated_, stepped_, unknown_);
    for (const auto& [name, count] : refused_) {
      printf("  %s: %zu\n", name.c_str(), count);
    }
    EXPECT_EQ(disagreements_, 0u);
  }
  size_t both() const { return both_; }
  size_t emulated() const { return emulated_; }

 private:
  // A literal is at most 1 MiB away; the farthest of the stack 32 KiB.
  static constexpr size_t kTextWords = (4 << 20) / 8;
  static constexpr size_t kStackWords = (64 << 10) / 8;

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
      if (memcmp(plan.slot, &word, 4) != 0 || plan.step_trap_offset != 4 ||
          plan.slot_size != 8) {
        Disagree("another slot", word, insn);
      }
      return;
    }
    ++emulated_;
    PtRegs regs = {};
    Model model;
    for (uint64_t& reg : regs.x) {
      const uint64_t value = random_();
      reg = value % 4 == 0 ? value >> 60 : value % 4 == 1 ? value << 32 : value;
    }
    regs.sp = reinterpret_cast<uint64_t>(stack_.data() + kStackWords / 4);
    regs.pc = address_;
    regs.pstate = 5 | (random_() & 0xf00003c0);
    memcpy(model.x, regs.x, sizeof(model.x));
    model.sp = regs.sp;
    model.pc = regs.pc;
    model.pstate = regs.pstate;
    if (!model.Run(insn)) {
      Disagree("emulated, and it is not what we emulate", word, insn);
      return;
    }
    ProbedInsn::Emulate(plan, Opaque(regs));
    bool same = regs.pc == model.pc && regs.sp == model.sp &&
                regs.pstate == model.pstate &&
                memcmp(regs.x, model.x, sizeof(model.x)) == 0;
    for (const Model::Store& store : model.stores) {
      auto* stored = reinterpret_cast<uint64_t*>(store.at);
      same = same && memcmp(stored, &store.value, 8) == 0;
      memcpy(stored, stack_before_.data() + (stored - stack_.data()), 8);
    }
    if (!same) {
      Disagree("emulated differently", word, insn);
    }
  }

  LlvmDecoder llvm_;
  std::mt19937_64 random_{3};
  std::vector<uint64_t> text_;
  std::vector<uint64_t> stack_;
  std::vector<uint64_t> stack_before_;
  uint64_t address_;
  std::map<std::string, size_t> refused_;
  size_t both_ = 0;
  size_t unknown_ = 0;
  size_t emulated_ = 0;
  size_t stepped_ = 0;
  size_t disagreements_ = 0;
};

/// Words of the classes that chance seldom gives, and that need care here.
struct Class {
  const char* name;
  uint32_t mask, value;
};
constexpr Class kClasses[] = {
    {"exclusive accesses", 0x3f000000, 0x08000000},
    {"their unprivileged forms", 0x3f000000, 0x09000000},
    {"exceptions", 0xff000000, 0xd4000000},
    {"system instructions", 0xffc00000, 0xd5000000},
    {"hints and barriers", 0xfffff01f, 0xd503201f},
    {"barriers", 0xfffff000, 0xd5033000},
    {"reads of system registers", 0xfff00000, 0xd5300000},
    {"reads of registers of EL1", 0xfff8f000, 0xd5384000},
    {"pstate", 0xfff8f01f, 0xd500401f},
    {"masks by constants", 0xfffff01f, 0xd503401f},
    {"masks by registers", 0xffdfffe0, 0xd51b4220},
    {"branches to registers", 0xfe000000, 0xd6000000},
    {"plain branches to registers", 0xff9ffc1f, 0xd61f0000},
    {"branches on comparisons", 0x7c000000, 0x34000000},
    {"branches on conditions", 0xff000000, 0x54000000},
    {"addresses", 0x1f000000, 0x10000000},
    {"literals", 0x3b000000, 0x18000000},
    {"moves of constants", 0x1f800000, 0x12800000},
    {"moves of registers", 0x7fe0ffe0, 0x2a0003e0},
    {"additions of constants", 0x1f800000, 0x11000000},
    {"pairs on the stack", 0x3c0003e0, 0x280003e0},
    {"registers on the stack", 0x3a0003e0, 0x380003e0},
    {"one source", 0x7fe00000, 0x5ac00000},
    {"authentication by pc", 0xff800000, 0xf3800000},
    {"no instructions", 0xff000000, 0x00000000},
};

uint64_t Count() {
  const char* text = getenv("EBPF_RANDOM_INSNS");
  return text != nullptr ? strtoull(text, nullptr, 10) : 1000000;
}

TEST(Aarch64DecodeTest, AgreesWithLlvmOnRandomWords) {
  std::mt19937_64 random(11);
  Comparison comparison;
  for (uint64_t i = 0; i < Count(); ++i) {
    // Each of the top-level classes as often as any other.
    const auto word = static_cast<uint32_t>(random());
    comparison.Check((word & ~uint32_t{0x1e000000}) |
                     static_cast<uint32_t>(i % 16) << 25);
  }
  comparison.Print("random words");
  EXPECT_GT(comparison.both(), Count() / 4);
  EXPECT_GT(comparison.emulated(), Count() / 40);
}

TEST(Aarch64DecodeTest, AgreesWithLlvmOnEachClassThatNeedsCare) {
  std::mt19937_64 random(12);
  const uint64_t each = std::min<uint64_t>(Count() / 30, 1000000);
  for (const Class& c : kClasses) {
    Comparison comparison;
    for (uint64_t i = 0; i < each; ++i) {
      const auto word = static_cast<uint32_t>(random());
      comparison.Check((word & ~c.mask) | c.value);
    }
    comparison.Print(c.name);
  }
}

}  // namespace
}  // namespace ebpf::aarch64
