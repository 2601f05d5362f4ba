// SPDX-License-Identifier: MIT
//
// Dead registers of RISC-V code, over all of a guest kernel, found another way:
// what LLVM's disassembler writes of each instruction, and sets that are
// carried backwards until none changes. What is found dead must be dead there,
// too.
//
// Its argument names the image: "guest:riscv64=FILE".
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "arch/riscv64/detour.h"
#include "arch/riscv64/liveness.h"
#include "gtest/gtest.h"
#include "testing/probes/image.h"
#include "testing/probes/llvm_decoder.h"

namespace ebpf::riscv64 {
namespace {

using ::ebpf::testing::Function;
using ::ebpf::testing::Image;
using ::ebpf::testing::LlvmDecoder;
using ::ebpf::testing::LlvmInsn;

using Names = std::set<std::string>;

const Names kTemporaryNames = {"t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0",
                               "a1", "a2", "a3", "a4", "a5", "a6", "a7"};

Names NamesOf(RegisterSet set) {
  static const char* const kNames[] = {
      "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
      "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
      "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
  Names names;
  for (unsigned i = 0; i < 32; ++i) {
    if ((set >> i & 1) != 0) {
      names.insert(kNames[i]);
    }
  }
  return names;
}

/// The registers that are named in an operand: "a0", "8(sp)".
Names RegistersIn(const std::string& operand) {
  const size_t open = operand.find('(');
  const std::string name =
      open == std::string::npos
          ? operand
          : operand.substr(open + 1, operand.find(')') - open - 1);
  return kTemporaryNames.count(name) != 0 ? Names{name} : Names{};
}

bool IsOneOf(const std::string& name, const std::set<std::string>& of) {
  return of.count(name) != 0;
}

/// One instruction, as its text says.
struct Node {
  Names reads;
  Names writes;
  std::vector<size_t> next;  // offsets
  bool is_return = false;
  bool reads_all = false;  // calls aside
  bool is_call = false;
  bool restores = false;  // loads a register from the stack
};

class Reference {
 public:
  Reference(LlvmDecoder& llvm, const Function& function) {
    for (size_t at = 0; at < function.code.size();) {
      LlvmInsn insn;
      const bool known = llvm.Decode(function.code.data() + at,
                                     function.code.size() - at, insn);
      Node& node = nodes_[at];
      if (!known) {
        node.reads_all = true;
        complete_ = false;
        at += 2;
        continue;
      }
      Describe(insn, at, node);
      at += insn.size;
    }
    for (auto& [at, node] : nodes_) {
      for (const size_t target : node.next) {
        node.reads_all = node.reads_all || nodes_.count(target) == 0;
      }
      for (const std::string& name : node.writes) {
        (node.restores ? restored_ : written_).insert(name);
      }
    }
    Solve();
  }

  const std::map<size_t, Node>& nodes() const { return nodes_; }
  /// Registers of kTemporaries that may be read from `at` on.
  const Names& LiveAt(size_t at) { return live_[at]; }

 private:
  void Describe(const LlvmInsn& insn, size_t at, Node& node) {
    const std::string& name = insn.mnemonic;
    const std::vector<std::string>& operands = insn.operands;
    const size_t next = at + insn.size;
    for (const std::string& operand : operands) {
      node.reads.merge(RegistersIn(operand));
    }
    if (name == "ret") {
      node.is_return = true;
      return;
    }
    const bool is_branch =
        name[0] == 'b' && (name.back() == 'z' || operands.size() == 3) &&
        IsOneOf(name,
                {"beq", "bne", "blt", "bge", "bltu", "bgeu", "beqz", "bnez",
                 "bltz", "bgez", "blez", "bgtz", "ble", "bgt", "bleu", "bgtu"});
    if (is_branch || name == "j") {
      node.next.push_back(at + std::stoll(operands.back()));
      if (is_branch) {
        node.next.push_back(next);
      }
      return;
    }
    const bool is_jump = name == "jal" || name == "jalr" || name == "jr";
    if (is_jump) {
      const bool by_ra =
          name != "jr" && (operands.size() == 1 || operands[0] == "ra");
      node.is_call = by_ra;
      node.reads_all = !by_ra;
      node.next.push_back(next);
      return;
    }
    if (IsOneOf(name, {"ecall", "ebreak", "sret", "mret", "unimp"})) {
      node.reads_all = true;
      return;
    }
    node.next.push_back(next);
    DescribePlain(insn, node);
  }

  void DescribePlain(const LlvmInsn& insn, Node& node) {
    const std::string& name = insn.mnemonic;
    const std::vector<std::string>& operands = insn.operands;
    const std::string base = name.substr(0, name.find('.'));
    const bool in_memory =
        !operands.empty() && operands.back().find('(') != std::string::npos;
    const bool at_sp =
        in_memory && operands.back().find("(sp)") != std::string::npos;
    // A fault may go on anywhere.
    const bool is_float = name[0] == 'f' && base != "fence";
    node.reads_all = (in_memory && !at_sp) || is_float || name[0] == 'v' ||
                     base == "csrr" || name.rfind("csr", 0) == 0 ||
                     name.rfind("sfence", 0) == 0 || name == "wfi" ||
                     name == "fence.i" || name.rfind("rd", 0) == 0;
    if (operands.empty() || base == "fence" ||
        IsOneOf(name, {"sb", "sh", "sw", "sd"})) {
      return;
    }
    node.restores = at_sp && name == "ld";
    // The first is written; and read, where there are two and both count.
    node.writes = RegistersIn(operands[0]);
    const bool writes_only =
        IsOneOf(name, {"li",     "lui",    "auipc",  "mv",     "not",
                       "neg",    "negw",   "sext.w", "zext.b", "zext.h",
                       "zext.w", "sext.b", "sext.h", "seqz",   "snez",
                       "sltz",   "sgtz",   "ld",     "lw",     "lwu",
                       "lh",     "lhu",    "lb",     "lbu",    "rev8"}) ||
        operands.size() == 3;
    if (writes_only) {
      node.reads.clear();
      for (size_t i = 1; i < operands.size(); ++i) {
        node.reads.merge(RegistersIn(operands[i]));
      }
    }
  }

  Names ReadAtReturn() const {
    Names read = {"a0", "a1"};
    for (const std::string& name : kTemporaryNames) {
      if (written_.count(name) == 0 || restored_.count(name) != 0) {
        read.insert(name);
      }
    }
    return complete_ ? read : kTemporaryNames;
  }

  Names LiveBefore(const Node& node, const Names& at_return) {
    if (node.reads_all) {
      return kTemporaryNames;
    }
    if (node.is_return) {
      return at_return;
    }
    Names live;
    for (const size_t target : node.next) {
      const Names& there = live_[target];
      live.insert(there.begin(), there.end());
    }
    if (node.is_call) {
      for (const std::string& name : kTemporaryNames) {
        if (name != "t0" && name != "t1") {
          live.insert(name);
        }
      }
      return live;
    }
    for (const std::string& name : node.writes) {
      live.erase(name);
    }
    live.insert(node.reads.begin(), node.reads.end());
    return live;
  }

  void Solve() {
    const Names at_return = ReadAtReturn();
    bool changed = true;
    while (changed) {
      changed = false;
      for (auto it = nodes_.rbegin(); it != nodes_.rend(); ++it) {
        Names live = LiveBefore(it->second, at_return);
        if (live != live_[it->first]) {
          live_[it->first] = std::move(live);
          changed = true;
        }
      }
    }
  }

  std::map<size_t, Node> nodes_;
  std::map<size_t, Names> live_;
  Names written_;
  Names restored_;
  bool complete_ = true;
};

// As core/probes looks at a part of a function.
constexpr size_t kLookAhead = 60;

struct Counts {
  size_t functions = 0;
  size_t insns = 0;
  size_t with_dead = 0;
  size_t entries_with_dead = 0;
  size_t near = 0;
  size_t near_entries = 0;
  size_t far = 0;
  size_t far_entries = 0;
  size_t we_said = 0;
  size_t they_said = 0;
};

void CheckFunction(LlvmDecoder& llvm, const Function& function,
                   Counts& counts) {
  Reference reference(llvm, function);
  ++counts.functions;
  for (const auto& [at, node] : reference.nodes()) {
    const Names dead = NamesOf(DeadAt(function.code, at));
    const Names& live = reference.LiveAt(at);
    for (const std::string& name : dead) {
      ASSERT_EQ(live.count(name), 0u)
          << function.name << "+0x" << std::hex << at << ": " << name;
    }
    const size_t seen = std::min(at + kLookAhead, function.code.size());
    for (const std::string& name :
         NamesOf(DeadWithin(function.code.First(seen), at))) {
      ASSERT_EQ(live.count(name), 0u) << function.name << ", in part: " << name;
    }
    const bool near =
        Detour::FindNear(function.code, function.address, at).ok();
    const bool far = Detour::FindFar(function.code, function.address, at).ok();
    ++counts.insns;
    counts.with_dead += dead.empty() ? 0 : 1;
    counts.near += near ? 1 : 0;
    counts.far += far ? 1 : 0;
    if (at == 0) {
      counts.entries_with_dead += dead.empty() ? 0 : 1;
      counts.near_entries += near ? 1 : 0;
      counts.far_entries += far ? 1 : 0;
    }
    counts.we_said += dead.size();
    counts.they_said += kTemporaryNames.size() - live.size();
  }
}

TEST(Riscv64LivenessTest, WhatIsFoundDeadIsDeadByAnotherWayToo) {
  const std::string kind = "guest:riscv64=";
  std::string path;
  for (const std::string& argument : ::testing::internal::GetArgvs()) {
    if (argument.rfind(kind, 0) == 0) {
      path = argument.substr(kind.size());
    }
  }
  const Image image(path);
  LlvmDecoder llvm("riscv64");
  Counts counts;
  for (const auto& [address, function] : image.functions()) {
    CheckFunction(llvm, function, counts);
    if (HasFatalFailure()) {
      return;
    }
  }
  printf(
      "%zu functions, %zu instructions, %zu before which a register is dead "
      "(%zu entries); %zu of %zu dead ones found; a near jump can stand at %zu "
      "(%zu entries), a far one at %zu (%zu)\n",
      counts.functions, counts.insns, counts.with_dead,
      counts.entries_with_dead, counts.we_said, counts.they_said, counts.near,
      counts.near_entries, counts.far, counts.far_entries);
  EXPECT_GE(counts.functions, 200u);
  // The walk is bounded, but seldom reaches the bound.
  EXPECT_GE(counts.we_said * 100, counts.they_said * 95);
  EXPECT_GE(counts.near_entries * 100, counts.functions * 90);
}

}  // namespace
}  // namespace ebpf::riscv64
