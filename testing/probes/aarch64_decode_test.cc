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
#include <string>
#include <vector>

#include "arch/aarch64/probed_insn.h"
#include "arch/aarch64/pt_regs.h"
#include "gtest/gtest.h"
#include "testing/probes/aarch64_classes.h"
#include "testing/probes/aarch64_model.h"
#include "testing/probes/llvm_decoder.h"

namespace ebpf::aarch64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;
using testing::LlvmDecoder;
using testing::LlvmInsn;

constexpr uint32_t kFullStub =
    machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;

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
