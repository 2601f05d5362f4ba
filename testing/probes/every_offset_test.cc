// SPDX-License-Identifier: MIT
//
// At every offset of every function of kernels' images a probe is planned: it
// must be accepted or refused as an instruction exactly where LLVM's
// disassembler says that one begins, and refused as the middle of one
// elsewhere.
//
// Its arguments name them: "guest:aarch64=FILE hermit:aarch64=FILE ...".
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "arch/aarch64/probed_insn.h"
#include "arch/riscv64/probed_insn.h"
#include "arch/x86_64/probed_insn.h"
#include "gtest/gtest.h"
#include "testing/probes/image.h"
#include "testing/probes/llvm_decoder.h"

namespace ebpf {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;
using testing::Function;
using testing::Image;
using testing::LlvmDecoder;
using testing::LlvmInsn;

using PlanFunction = Result<ProbePlan> (*)(ConstBytes, uint64_t, size_t,
                                           uint32_t);

class EveryOffset {
 public:
  EveryOffset(const std::string& cpu, PlanFunction plan, unsigned unit)
      : llvm_(cpu), plan_(plan), unit_(unit) {}

  void Check(const Function& function) {
    ++functions_;
    const size_t size = function.code.size();
    // Where instructions begin: 1, or 2 where LLVM knows none.
    std::vector<uint8_t> begins(size, 0);
    std::vector<std::string> names(size);
    LlvmInsn insn;
    size_t begin = 0;
    for (size_t at = 0; at < size;) {
      const bool known =
          llvm_.Decode(function.code.data() + at, size - at, insn);
      at += known ? insn.size : unit_;
      if (known && IsPrefix(insn)) {
        continue;  // the instruction has begun
      }
      begins[begin] = known ? 1 : 2;
      names[begin] = known ? insn.mnemonic : "(no instruction)";
      begin = at;
    }
    for (size_t offset = 0; offset < size; ++offset) {
      const Result<ProbePlan> plan =
          plan_(function.code, function.address, offset,
                machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap);
      Compare(function, offset, begins[offset], names[offset], plan);
    }
  }

  void Print(const std::string& what) const {
    printf(
        "%s: %zu functions, %zu entries accepted; %zu offsets, %zu of them "
        "instructions: %zu emulated, %zu stepped, refused:\n",
        what.c_str(), functions_, entries_, offsets_, insns_, emulated_,
        stepped_);
    for (const auto& [name, count] : refused_) {
      printf("  %s %zu\n", name.c_str(), count);
    }
    EXPECT_EQ(disagreements_, 0u);
    EXPECT_GE(entries_ * 100, functions_ * 99);
  }
  size_t functions() const { return functions_; }

 private:
  /// LLVM takes some prefixes of x86-64 for instructions.
  static bool IsPrefix(const LlvmInsn& insn) {
    static const std::set<std::string> names = {
        "lock", "rep", "repe", "repne", "data16", "addr32",  "rex64", "cs",
        "ds",   "es",  "fs",   "gs",    "ss",     "notrack", "repz",  "repnz"};
    return insn.size == 1 && names.count(insn.mnemonic) != 0;
  }

  void Compare(const Function& function, size_t offset, uint8_t begins,
               const std::string& name, const Result<ProbePlan>& plan) {
    ++offsets_;
    insns_ += begins != 0 ? 1 : 0;
    if (plan.ok()) {
      entries_ += offset == 0 ? 1 : 0;
      ++(plan->method == ProbeMethod::kEmulate ? emulated_ : stepped_);
      if (begins == 0) {
        Disagree(function, offset, "accepted inside of an instruction");
      }
      return;
    }
    if (begins != 0) {
      ++refused_[name];
    }
    if (offset == 0) {
      printf("  no probe at the entry of %s: %s\n", function.name.c_str(),
             name.c_str());
    }
    const bool as_middle = plan.status() == Status::kBadSequence;
    if (begins == 0 && !as_middle) {
      Disagree(function, offset, "refused, but not as inside of one");
    } else if (begins == 1 && as_middle) {
      Disagree(function, offset, "an instruction begins there");
    }
  }

  void Disagree(const Function& function, size_t offset, const char* why) {
    if (++disagreements_ <= 10) {
      ADD_FAILURE() << function.name << "+" << offset << " of "
                    << function.code.size() << ": " << why;
    }
  }

  LlvmDecoder llvm_;
  const PlanFunction plan_;
  const unsigned unit_;
  std::map<std::string, size_t> refused_;
  size_t functions_ = 0;
  size_t entries_ = 0;
  size_t offsets_ = 0;
  size_t insns_ = 0;
  size_t emulated_ = 0;
  size_t stepped_ = 0;
  size_t disagreements_ = 0;
};

void CheckImage(const std::string& cpu, const std::string& path, size_t least) {
  const bool x86 = cpu == "x86_64";
  const bool arm = cpu == "aarch64";
  ASSERT_TRUE(x86 || arm || cpu == "riscv64") << cpu;
  EveryOffset every(cpu,
                    x86   ? x86_64::ProbedInsn::Plan
                    : arm ? aarch64::ProbedInsn::Plan
                          : riscv64::ProbedInsn::Plan,
                    x86   ? 1
                    : arm ? 4
                          : 2);
  const Image image(path);
  for (const auto& [address, function] : image.functions()) {
    every.Check(function);
  }
  every.Print(cpu + " " + path.substr(path.rfind('/') + 1));
  EXPECT_GE(every.functions(), least) << path;
}

/// Calls CheckImage for each of the program's arguments that begins with
/// `kind`; false if there is none.
bool CheckImages(const std::string& kind, size_t least) {
  bool any = false;
  for (const std::string& argument : ::testing::internal::GetArgvs()) {
    const size_t equals = argument.find('=');
    if (argument.rfind(kind, 0) != 0 || equals == std::string::npos) {
      continue;
    }
    CheckImage(argument.substr(kind.size(), equals - kind.size()),
               argument.substr(equals + 1), least);
    any = true;
  }
  return any;
}

TEST(EveryOffsetTest, OfTheGuestKernelsIsToldFromTheMiddleOfOne) {
  ASSERT_TRUE(CheckImages("guest:", 200));
}

TEST(EveryOffsetTest, OfTheRealHermitIsToldFromTheMiddleOfOne) {
  if (!CheckImages("hermit:", 1000)) {
    GTEST_SKIP() << "no Hermit kernel was built: tools/hermit/ensure.sh";
  }
}

}  // namespace
}  // namespace ebpf
