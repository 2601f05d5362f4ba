// SPDX-License-Identifier: MIT
//
// Logs of ours and of the host's verifier, side by side.
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "core/sync/read_section.h"
#include "core/verifier/program_builder.h"
#include "core/verifier/test_maps.h"
#include "core/verifier/verifier.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/oracle/host_verifier.h"

namespace ebpf::verifier {
namespace {

constexpr uint32_t kKprobe = 2;
constexpr uint32_t kContextSize = 168;  // pt_regs of x86-64

enum class Whose { Ours, Host, Both };

struct Difference {
  Whose whose;
  std::regex pattern;
  const char* replacement;
};

const std::vector<Difference>& Differences() {
  static const std::vector<Difference> kAll = {
#define EBPF_LOG_DIFFERENCE(name, whose, pattern, replacement, reason) \
  {Whose::whose, std::regex(pattern), replacement},
#include "testing/linux_log/differences.def"
#undef EBPF_LOG_DIFFERENCE
  };
  return kAll;
}

std::string Masked(std::string log, Whose whose) {
  for (const Difference& difference : Differences()) {
    if (difference.whose == whose || difference.whose == Whose::Both) {
      log = std::regex_replace(log, difference.pattern, difference.replacement);
    }
  }
  return log;
}

struct Case {
  const char* what;
  Code code;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> kAll = {
      {"nothing", Return0()},
      {"a register that was never set", {MovReg(R0, R7), Exit()}},
      {"a missing null check",
       Join({Lookup(kHash), Load(kDW, R0, R0, 0), Exit()})},
      {"both sides of a branch",
       Join({LookupOrExit(kHash), Load(kDW, R1, R0, 0), AluImm(kAnd, R1, 0xff),
             JumpImm(kJgt, R1, 10, 1), MovImm(R0, 0), StoreImm(kW, R10, -16, 5),
             Load(kW, R3, R10, -16), Return0()})},
      {"an index that is too large",
       Join({LookupOrExit(kHash), Load(kDW, R1, R0, 0),
             JumpImm(kJgt, R1, 50, 2), AluReg(kAdd, R0, R1),
             Load(kB, R2, R0, 0), Return0()})},
      {"an index without a limit",
       Join({LookupOrExit(kHash), Load(kDW, R1, R0, 0), AluReg(kAdd, R0, R1),
             Load(kB, R2, R0, 0), Return0()})},
      {"an offset that is too large",
       Join({LookupOrExit(kHash), Load(kDW, R1, R0, 48), Return0()})},
      {"bounds of all kinds",
       Join({Call(kRandom), MovReg(R6, R0), AluImm(kRsh, R6, 56),
             JumpImm(kJslt, R6, 3, 0), Alu32Imm(kAdd, R6, -100), MovReg(R7, R6),
             AluImm(kLsh, R7, 32), AluImm(kArsh, R7, 32), AluImm(kMul, R7, 3),
             AluImm(kOr, R7, 0x10001), Return0()})},
      {"the stack",
       Join({Call(kRandom), AluImm(kAnd, R0, 7), Store(kDW, R10, -8, R0),
             Store(kB, R10, -9, R0), Store(kW, R10, -20, R0),
             StoreImm(kDW, R10, -32, 0), StoreImm(kW, R10, -40, 0),
             Store(kDW, R10, -48, R10), Load(kDW, R1, R10, -8),
             Load(kDW, R2, R10, -48), Load(kDW, R3, R10, -32), Return0()})},
      {"a write below the stack",
       {StoreImm(kDW, R10, -520, 0), MovImm(R0, 0), Exit()}},
      {"memory that a helper fills",
       Join({MovReg(R1, R10), AluImm(kAdd, R1, -16), MovImm(R2, 16),
             Call(kComm), Load(kDW, R6, R10, -16), Return0()})},
      {"a record, given back",
       Join({Store(kDW, R10, -8, R1), Reserve(8), JumpImm(kJne, R0, 0, 1),
             Exit(), StoreImm(kDW, R0, 0, 7), Release(R0), Return0()})},
      {"a record, kept", Join({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(),
                               MovImm(R0, 0), Exit()})},
      {"a function", Join({MovImm(R6, 3), Store(kDW, R10, -8, R6),
                           MovReg(R1, R10), CallLocal(2), MovImm(R0, 0), Exit(),
                           Load(kDW, R0, R1, -8), Exit()})},
      {"a function that fails", Join({MovImm(R1, 5), CallLocal(1), Exit(),
                                      Load(kDW, R0, R1, 0), Exit()})},
      {"a callback",
       Join({MovImm(R1, 10), LoadFunction(R2, 6), MovImm(R3, 0), MovImm(R4, 0),
             Call(kLoop), MovImm(R0, 0), Exit(), MovImm(R0, 0), Exit()})},
      {"a loop", Join({MovImm(R6, 0), AluImm(kAdd, R6, 1),
                       JumpImm(kJlt, R6, 4, -2), Return0()})},
      {"atomic operations", Join({StoreImm(kDW, R10, -8, 1), MovImm(R1, 2),
                                  Atomic(kDW, kAdd, R10, -8, R1),
                                  Load(kDW, R2, R10, -8), Return0()})},
      {"values of maps",
       Join({LoadMapValue(R6, kArray, 4), LoadImm64(R7, 0x123456789abc),
             Load(kW, R1, R6, 0), StoreImm(kW, R6, 4, 1), Return0()})},
      {"the context", Join({Load(kDW, R1, R1, 8), Return0()})},
      {"no field of the context", Join({Load(kDW, R1, R1, 164), Return0()})},
      {"a helper that nobody has", Join({Call(195896080), Return0()})},
      {"a helper of others", Join({Call(51), Return0()})},
      {"a wrong argument",
       Join({LoadMap(R1, kHash), MovImm(R2, 0), Call(kMapLookup), Return0()})},
      {"two pointers", Join({AluReg(kAdd, R1, R10), Return0()})},
      {"unreachable code",
       Join({MovImm(R0, 0), Exit(), MovImm(R0, 1), Exit()})},
      {"a jump to nowhere", Join({Goto(10), Return0()})},
  };
  return kAll;
}

class CompareLogTest : public testing::Test {
 protected:
  CompareLogTest() {
    SetHostCpuCount(2);
    EXPECT_TRUE(InitReadSections());
    maps_ = std::make_unique<TestMaps>();
    host_ = std::make_unique<oracle::HostVerifier>(maps_->span());
  }
  ~CompareLogTest() override {
    host_.reset();
    maps_.reset();
    ExitReadSections();
  }
  void SetUp() override {
    if (!host_->usable()) {
      GTEST_SKIP() << "no bpf(2) here: " << host_->reason();
    }
  }

  std::string Ours(const Code& code, uint32_t level) {
    std::vector<char> buffer(1 << 20);
    // The block for people is not there in 6.12.
    Log log(level | kLogBrief, buffer.data(), buffer.size());
    Options options;
    options.type = FindProgramType(kKprobe);
    options.context_size = kContextSize;
    options.gpl_compatible = true;
    options.allow_uninitialized_stack = true;
    FailingAllocator allocator;
    Stats stats;
    std::vector<InsnFacts> facts(code.size());
    static_cast<void>(Verify(
        isa::ConstInsns(code.data(), code.size()), maps_->span(), options,
        allocator, log, Span<InsnFacts>(facts.data(), facts.size()), stats));
    const StringView text = log.writer().text();
    return std::string(text.data(), text.size());
  }

  std::unique_ptr<TestMaps> maps_;
  std::unique_ptr<oracle::HostVerifier> host_;
};

TEST_F(CompareLogTest, EveryProgramHasTheSameLogHereAndThere) {
  for (const Case& c : Cases()) {
    for (uint32_t level : {1u, 2u, 4u, 6u}) {
      const std::string ours = Ours(c.code, level);
      const std::string theirs = host_->Judge(c.code, kKprobe, true, level).log;
      EXPECT_NE(theirs, "") << c.what;
      EXPECT_EQ(Masked(ours, Whose::Ours), Masked(theirs, Whose::Host))
          << c.what << " at level " << level << "\n--- ours\n"
          << ours << "--- host\n"
          << theirs;
    }
  }
}

TEST(DifferencesTest, EachIsOfUse) {
  // A mask that matches nothing of either log would only hide things later.
  for (const Difference& difference : Differences()) {
    EXPECT_FALSE(std::regex_search("R0 invalid mem access 'scalar'\n",
                                   difference.pattern));
  }
}

}  // namespace
}  // namespace ebpf::verifier
