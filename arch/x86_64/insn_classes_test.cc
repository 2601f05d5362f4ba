// SPDX-License-Identifier: MIT
//
// What a probe does with each class of instructions, against what Debian's
// libzydis says of the class: branches and where they lead, operands relative
// to rip, privileged instructions, and what must be refused.
#include <Zydis/Zydis.h>
#include <map>
#include <set>
#include <stdio.h>
#include <string>

#include "arch/x86_64/emulation.h"
#include "arch/x86_64/probed_insn.h"
#include "arch/x86_64/random_insn_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint32_t kFullStub =
    machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;

/// Refused: every one of them. By mnemonic, with Zydis's spelling.
const std::set<std::string>& Refused() {
  static const std::set<std::string> names = {
      // Traps and what enters or leaves the kernel.
      "int3", "int", "int1", "iret", "iretd", "iretq", "syscall", "sysret",
      "sysenter", "sysexit", "ud0", "ud1", "ud2", "rsm", "uiret", "tdcall",
      "seamcall", "seamret", "seamops", "getsec", "enclu", "encls", "enclv",
      // They wait, with interrupts as they are.
      "hlt", "mwait", "mwaitx", "monitor", "monitorx",
      // What the trap stands on.
      "lgdt", "lidt", "lldt", "ltr", "lmsw", "swapgs", "wrgsbase", "lss", "lgs",
      // A trap ends a transaction.
      "xbegin", "xabort", "xend", "xtest", "xsusldtrk", "xresldtrk",
      // Shadow stacks.
      "rstorssp", "saveprevssp", "setssbsy",
      // Virtual machines and enclaves: who is new is refused.
      "vmlaunch", "vmresume", "vmxoff", "vmfunc", "vmrun", "vmload", "vmsave",
      "stgi", "clgi", "skinit", "invlpga", "invlpgb", "tlbsync", "psmash",
      "pvalidate", "rmpupdate", "rmpadjust", "rmpquery", "enclv", "pconfig",
      "serialize", "rdpru", "mcommit", "clzero", "clui", "stui", "testui",
      "serialize"};
  return names;
}

/// Refused in some forms and accepted in others; why.
const std::map<std::string, const char*>& RefusedInSomeForms() {
  static const std::map<std::string, const char*> names = {
      {"mov", "to cs, ss, gs; to a control register; relative to eip"},
      {"pop", "gs"},
      {"call", "far, or with prefix 66"},
      {"jmp", "far, or with prefix 66"},
      {"ret", "far, or with prefix 66"},
      {"popf", "with prefix 66"},
      {"popfq", "with prefix 66"},
      {"pushf", "with prefix 66"},
      {"pushfq", "with prefix 66"},
      {"sti", "before hlt and its like"},
      {"rdtscp", "with a prefix: who is new there is refused"},
      {"vmmcall", "with a prefix: who is new there is refused"},
      {"loop", "with prefix 66, 67, F2 or F3"},
      {"loope", "with prefix 66, 67, F2 or F3"},
      {"loopne", "with prefix 66, 67, F2 or F3"},
      {"jrcxz", "with prefix 66, F2 or F3"},
      {"jecxz", "it looks at ecx"}};
  return names;
}

/// Privileged, and stepped or emulated all the same: they run in the slot as at
/// their own place.
const std::set<std::string>& PrivilegedAndAccepted() {
  static const std::set<std::string> names = {
      "cli",       "sti",       "clac",   "stac",     "clts",    "invd",
      "wbinvd",    "wbnoinvd",  "invlpg", "invpcid",  "invvpid", "rdmsr",
      "wrmsr",     "rdpmc",     "mov",    "xsetbv",   "xsaves",  "xsaves64",
      "xrstors",   "xrstors64", "vmread", "vmwrite",  "vmptrld", "vmptrst",
      "vmclear",   "vmxon",     "vmcall", "clrssbsy", "wrussd",  "wrussq",
      "enqcmds",   "loadiwkey", "in",     "out",      "insb",    "insw",
      "insd",      "outsb",     "outsw",  "outsd",    "popf",    "popfq",
      "xsusldtrk", "smsw",      "lkgs",   "invept",   "hreset",  "vmmcall"};
  return names;
}

class Classes {
 public:
  Classes() {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64,
                     ZYDIS_STACK_WIDTH_64);
  }

  /// Its length, or 0 where not both decode it.
  size_t Check(const uint8_t* bytes, size_t size, uint64_t address) {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const ConstBytes code(bytes, size < 64 ? size : 64);
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder_, bytes, size, &insn, operands)) ||
        !ProbedInsn::Size(code).ok()) {
      return 0;
    }
    ++checked_;
    const Result<ProbePlan> plan =
        ProbedInsn::Plan(code, address, 0, kFullStub);
    const std::string name = ZydisMnemonicGetString(insn.mnemonic);
    if (!plan.ok()) {
      CheckRefusal(insn, operands, name, plan.status(), bytes);
      return insn.length;
    }
    if (Refused().count(name) != 0) {
      Disagree("must be refused", name, bytes);
    }
    CheckBranch(insn, operands, *plan, name, bytes);
    CheckRipRelative(insn, operands, *plan, name, bytes);
    if ((insn.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) != 0) {
      ++privileged_[name];
      if (PrivilegedAndAccepted().count(name) == 0) {
        Disagree("privileged, and nobody said that it may be probed", name,
                 bytes);
      }
    }
    ++(plan->method == ProbeMethod::kEmulate ? emulated_ : stepped_);
    return insn.length;
  }

  void Print(const char* what) const {
    printf("%s: %zu checked, %zu emulated, %zu stepped; refused:\n", what,
           checked_, emulated_, stepped_);
    for (const auto& [name, count] : refused_) {
      printf("  %s %zu\n", name.c_str(), count);
    }
    for (const auto& [name, count] : privileged_) {
      printf("  privileged and accepted: %s %zu\n", name.c_str(), count);
    }
    EXPECT_EQ(disagreements_, 0u);
  }
  size_t checked() const { return checked_; }

 private:
  void Disagree(const char* why, const std::string& name,
                const uint8_t* bytes) {
    if (++disagreements_ > 20) {
      return;
    }
    std::string hex;
    for (unsigned i = 0; i < DecodedInsn::kMaxSize; ++i) {
      char digits[4];
      snprintf(digits, sizeof(digits), "%02x ", bytes[i]);
      hex += digits;
    }
    ADD_FAILURE() << name << ": " << why << "; " << hex;
  }

  void CheckRefusal(const ZydisDecodedInstruction& insn,
                    const ZydisDecodedOperand* operands,
                    const std::string& name, Status status,
                    const uint8_t* bytes) {
    if (status != Status::kInvalid) {
      Disagree("refused as if it could not be decoded", name, bytes);
    }
    // With prefix 67; MPX alone does not look at it.
    const bool prefix_67 =
        (insn.attributes & ZYDIS_ATTRIB_HAS_ADDRESSSIZE) != 0;
    for (unsigned i = 0; i < insn.operand_count; ++i) {
      if (prefix_67 && operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
          (operands[i].mem.base == ZYDIS_REGISTER_EIP ||
           operands[i].mem.base == ZYDIS_REGISTER_RIP)) {
        ++refused_["(memory relative to eip)"];
        return;
      }
    }
    const bool prefix_66 =
        (insn.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) != 0;
    if (insn.meta.category == ZYDIS_CATEGORY_COND_BR && prefix_66) {
      ++refused_["(a branch with prefix 66)"];
      return;
    }
    ++refused_[name];
    if (Refused().count(name) == 0 && RefusedInSomeForms().count(name) == 0) {
      Disagree("refused without a reason", name, bytes);
    }
  }

  static bool IsBranch(const ZydisDecodedInstruction& insn) {
    switch (insn.meta.category) {
      case ZYDIS_CATEGORY_CALL:
      case ZYDIS_CATEGORY_RET:
      case ZYDIS_CATEGORY_COND_BR:
      case ZYDIS_CATEGORY_UNCOND_BR:
        return true;
      default:
        return false;
    }
  }

  static bool TakesBranch(Emulation kind) {
    switch (kind) {
      case Emulation::kJump:
      case Emulation::kJumpIf:
      case Emulation::kLoop:
      case Emulation::kJumpReg:
      case Emulation::kCall:
      case Emulation::kCallReg:
      case Emulation::kReturn:
      case Emulation::kStepCall:
      case Emulation::kStepCallVia:
      case Emulation::kStepJumpVia:
      case Emulation::kStepReturn:
        return true;
      default:
        return false;
    }
  }

  void CheckBranch(const ZydisDecodedInstruction& insn,
                   const ZydisDecodedOperand* operands, const ProbePlan& plan,
                   const std::string& name, const uint8_t* bytes) {
    const auto kind = static_cast<Emulation>(plan.emulation & 0xff);
    if (IsBranch(insn) != TakesBranch(kind)) {
      Disagree("a branch for one of us only", name, bytes);
      return;
    }
    const bool direct = insn.operand_count != 0 &&
                        operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
                        operands[0].imm.is_relative == ZYAN_TRUE;
    if (!IsBranch(insn) || !direct) {
      return;
    }
    ZyanU64 target = 0;
    if (!ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&insn, &operands[0],
                                               plan.address, &target)) ||
        target != plan.operand) {
      Disagree("another target", name, bytes);
    }
  }

  /// What lies at the place of the instruction must be reached from the slot.
  void CheckRipRelative(const ZydisDecodedInstruction& insn,
                        const ZydisDecodedOperand* operands,
                        const ProbePlan& plan, const std::string& name,
                        const uint8_t* bytes) {
    for (unsigned i = 0; i < insn.operand_count; ++i) {
      if (operands[i].type != ZYDIS_OPERAND_TYPE_MEMORY ||
          operands[i].mem.base != ZYDIS_REGISTER_RIP) {
        continue;
      }
      const auto kind = static_cast<Emulation>(plan.emulation & 0xff);
      if (kind == Emulation::kNop) {
        continue;  // a long nop only names memory
      }
      ZyanU64 memory = 0;
      ZydisCalcAbsoluteAddress(&insn, &operands[i], plan.address, &memory);
      if (kind == Emulation::kMoveConstant) {
        const uint64_t mask =
            insn.operand_width == 64 ? ~uint64_t{0} : 0xffffffff;
        if (plan.operand != (memory & mask)) {
          Disagree("another address", name, bytes);
        }
        continue;
      }
      CheckSlotReaches(memory, operands[i], plan, name, bytes);
    }
  }

  /// The segments that count; all others begin at 0.
  static ZydisRegister Base(ZydisRegister segment) {
    const bool counts =
        segment == ZYDIS_REGISTER_FS || segment == ZYDIS_REGISTER_GS;
    return counts ? segment : ZYDIS_REGISTER_NONE;
  }

  /// The copy addresses `memory` from its borrowed register, and uses that for
  /// nothing else.
  void CheckSlotReaches(uint64_t memory, const ZydisDecodedOperand& original,
                        const ProbePlan& plan, const std::string& name,
                        const uint8_t* bytes) {
    ZydisDecodedInstruction copy;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (plan.method != ProbeMethod::kStep || plan.emulation >> 8 == 0 ||
        !ZYAN_SUCCESS(ZydisDecoderDecodeFull(
            &decoder_, plan.slot, plan.slot_size, &copy, operands)) ||
        copy.length != plan.step_trap_offset) {
      Disagree("its slot is wrong", name, bytes);
      return;
    }
    constexpr ZydisRegister kByNumber[] = {
        ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_RDX,
        ZYDIS_REGISTER_RBX, ZYDIS_REGISTER_RSP, ZYDIS_REGISTER_RBP,
        ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDI};
    const ZydisRegister borrowed = kByNumber[(plan.emulation >> 8) - 1];
    bool reaches = false;
    for (unsigned i = 0; i < copy.operand_count; ++i) {
      const ZydisDecodedOperand& operand = operands[i];
      if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY &&
          operand.mem.base == borrowed) {
        reaches =
            operand.mem.index == ZYDIS_REGISTER_NONE &&
            plan.operand + static_cast<uint64_t>(operand.mem.disp.value) ==
                memory &&
            operand.size == original.size &&
            Base(operand.mem.segment) == Base(original.mem.segment);
      } else if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
                 ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
                                                  operand.reg.value) ==
                     borrowed &&
                 static_cast<Emulation>(plan.emulation & 0xff) !=
                     Emulation::kStepJumpVia) {
        Disagree("it uses the register that its slot borrows", name, bytes);
      }
    }
    if (!reaches) {
      Disagree("its slot reaches other memory", name, bytes);
    }
  }

  ZydisDecoder decoder_;
  std::map<std::string, size_t> refused_;
  std::map<std::string, size_t> privileged_;
  size_t checked_ = 0;
  size_t emulated_ = 0;
  size_t stepped_ = 0;
  size_t disagreements_ = 0;
};

constexpr uint64_t kAddress = 0xffff'8000'0012'3457;

TEST(InsnClassesTest, AgreeWithZydisOnRandomBytes) {
  const uint64_t count = RandomInsnCount();
  RandomInsns random(7);
  Classes classes;
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t bytes[RandomInsns::kSize];
    random.Fill(bytes);
    classes.Check(bytes, DecodedInsn::kMaxSize, kAddress);
  }
  classes.Print("random");
  EXPECT_GT(classes.checked(), count / 4);
}

TEST(InsnClassesTest, AgreeWithZydisOnRealPrograms) {
  Classes classes;
  for (const std::string& path : ProgramFiles()) {
    WalkText(path, [&](const uint8_t* bytes, size_t left, uint64_t address) {
      return classes.Check(bytes, left, address);
    });
  }
  classes.Print("real programs");
  EXPECT_GT(classes.checked(), 10000u);
}

}  // namespace
}  // namespace ebpf::x86_64
