// SPDX-License-Identifier: MIT
//
// AArch64's and RISC-V's instructions, of every class of their tables, run as
// they are and run under a probe: registers of all kinds, flags, memory, and
// how they fault must be the same. A process is the machine, its signals are
// the traps: the probe's own way through core/probes is tested elsewhere.
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <signal.h>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "gtest/gtest.h"
#include "testing/probes/step_cpu.h"

namespace ebpf::step {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr size_t kPage = 4096;

/// Memory at an address far from all else, so that no sum of a pointer and a
/// random number leads elsewhere.
class Arena {
 public:
  Arena(uint64_t address, size_t size)
      : size_(size),
        memory_(static_cast<uint8_t*>(
            mmap(reinterpret_cast<void*>(address), size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0))) {
    EXPECT_EQ(memory_, reinterpret_cast<void*>(address));
  }
  ~Arena() { munmap(memory_, size_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  uint64_t address() const { return reinterpret_cast<uint64_t>(memory_); }
  uint8_t* data() { return memory_; }
  size_t size() const { return size_; }
  Span<uint8_t> bytes() { return Span<uint8_t>(memory_, size_); }

  void MakeCode() { Protect(memory_, size_, PROT_READ | PROT_EXEC); }

  /// Into code: pages that are written are not executable meanwhile.
  void Write(uint64_t address, const uint8_t* bytes, size_t size) {
    const uint64_t begin = address / kPage * kPage;
    const size_t length = (address + size - begin + kPage - 1) / kPage * kPage;
    auto* pages = reinterpret_cast<uint8_t*>(begin);
    Protect(pages, length, PROT_READ | PROT_WRITE);
    memcpy(reinterpret_cast<void*>(address), bytes, size);
    Protect(pages, length, PROT_READ | PROT_EXEC);
    __builtin___clear_cache(reinterpret_cast<char*>(address),
                            reinterpret_cast<char*>(address + size));
  }

 private:
  static void Protect(uint8_t* memory, size_t size, int protection) {
    ASSERT_EQ(mprotect(memory, size, protection), 0);
  }

  size_t size_;
  uint8_t* memory_;
};

/// One way from a state to the first trap behind the instruction.
struct Passage {
  const State* from;
  const ProbePlan* plan;  // null: there is no probe
  uint64_t slot;
  State to;
  int signal = 0;
  unsigned hits = 0;
  bool stepping = false;
  bool relocated = false;
  machine::StepState saved;
  bool entered = false;
  ucontext_t harness;
};
Passage* g_run = nullptr;

void End(Passage& run, int signal, const State& state, ucontext_t& context) {
  run.to = state;
  run.signal = signal;
  State harness;
  Load(run.harness, harness);
  context = run.harness;
  SetPc(Pc(harness) + kTrapSize, harness);
  Store(harness, context);
}

/// Every signal: the harness's own trap, a probe's, and whatever ends a run.
void OnSignal(int signal, ucontext_t& context) {
  Passage& run = *g_run;
  if (!run.entered) {
    run.entered = true;
    run.harness = context;
    Store(*run.from, context);
    return;
  }
  State state;
  Load(context, state);
  const ProbePlan* plan = run.plan;
  if (run.stepping) {
    run.stepping = false;
    if (signal == SIGTRAP && Pc(state) == run.slot + plan->step_trap_offset) {
      EndStep(*plan, run.slot, run.saved, state);
      Store(state, context);
      return;
    }
    AbortStep(*plan, run.saved, state);
  } else if (run.relocated && Pc(state) == run.slot) {
    SetPc(plan->address, state);  // a fault is one at its own place
  } else if (plan != nullptr && run.hits == 0 && signal == SIGTRAP &&
             Pc(state) == plan->address) {
    ++run.hits;
    if (plan->method == ProbeMethod::kEmulate) {
      Emulate(*plan, state);
    } else if (plan->method == ProbeMethod::kRelocate) {
      run.relocated = true;
      SetPc(run.slot, state);
    } else {
      run.stepping = true;
      BeginStep(*plan, run.slot, run.saved, state);
    }
    Store(state, context);
    return;
  }
  End(run, signal, state, context);
}

[[gnu::noinline]] void Enter(Passage& run) {
  g_run = &run;
  Trap();
}

class CrossStepEqualityTest : public ::testing::Test {
 protected:
  CrossStepEqualityTest() {
    const stack_t alternate = {.ss_sp = signal_stack_.data(),
                               .ss_flags = 0,
                               .ss_size = signal_stack_.size()};
    sigaltstack(&alternate, nullptr);
    InstallHandler(OnSignal);
    FillWithTraps(code_.bytes());
    code_.MakeCode();
    for (Arena* memory : {&data_, &stack_}) {
      for (size_t i = 0; i < memory->size(); i += 8) {
        const uint64_t word = random_();
        memcpy(memory->data() + i, &word, 8);
      }
    }
    data_before_.assign(data_.data(), data_.data() + data_.size());
    stack_before_.assign(stack_.data(), stack_.data() + stack_.size());
  }

  /// In the middle of the code, or so that a page ends in it or behind it.
  uint64_t Place(const Insn& insn) {
    const uint64_t middle = code_.address() + code_.size() / 2;
    switch (random_() % 4) {
      case 0:
        return middle - insn.size;
      case 1:
        return insn.size > kInsnAlignment ? middle - kInsnAlignment : middle;
      default:
        return middle + 512 + random_() % 64 * 4;
    }
  }

  void Compare(const Insn& insn, uint32_t trap_stub) {
    const uint64_t at = Place(insn);
    Result<ProbePlan> plan =
        Plan(ConstBytes(insn.bytes, insn.size), at, trap_stub);
    if (!plan.ok()) {
      ++refused_;
      return;
    }
    const uint64_t slot = code_.address() + code_.size() / 2 + 16 * kPage;
    const bool stepped = plan->method == ProbeMethod::kStep;
    if (stepped && random_() % 2 == 0) {
      EXPECT_TRUE(Relocate(*plan, slot));
    }
    const Places places = {.data = data_.address(),
                           .data_end = data_.address() + data_.size(),
                           .stack = stack_.address() + stack_.size() / 2,
                           .landings = code_.address() + 4096};
    State state = {};
    RandomState(random_, places, state);
    SetPc(at, state);
    uint8_t original[4];
    memcpy(original, reinterpret_cast<const void*>(at), 4);

    code_.Write(at, insn.bytes, insn.size);
    Passage native = {};
    native.from = &state;
    Enter(native);
    const bool faulted = native.signal != SIGTRAP && Pc(native.to) == at;
    const std::vector<uint8_t> data = Take(data_, data_before_);
    const std::vector<uint8_t> stack = Take(stack_, stack_before_);

    if (faulted && plan->method == ProbeMethod::kEmulate) {
      // It would fault in the trap's own code: there is no stack, if ever.
      code_.Write(at, original, 4);
      return;
    }
    code_.Write(at, plan->breakpoint, plan->breakpoint_size);
    if (stepped) {
      code_.Write(slot, plan->slot, plan->slot_size);
    }
    Passage probed = {};
    probed.from = &state;
    probed.plan = &*plan;
    probed.slot = slot;
    Enter(probed);
    code_.Write(at, original, 4);
    relocated_ += plan->method == ProbeMethod::kRelocate ? 1 : 0;
    ++(faulted                                 ? faulted_
       : plan->method == ProbeMethod::kEmulate ? emulated_
                                               : stepped_);
    EXPECT_EQ(probed.hits, 1u) << Describe(insn);
    EXPECT_EQ(native.signal, probed.signal) << Describe(insn);
    ExpectSame(native.to.general, probed.to.general, sizeof(State::general),
               insn);
    ExpectSame(native.to.vectors, probed.to.vectors, sizeof(State::vectors),
               insn);
    EXPECT_TRUE(data == Take(data_, data_before_)) << Describe(insn);
    EXPECT_TRUE(stack == Take(stack_, stack_before_)) << Describe(insn);
  }

  void PrintCounts(const std::string& what) {
    printf("%s: %d emulated, %d stepped, %d faulted alike, %d refused\n",
           what.c_str(), emulated_, stepped_, faulted_, refused_);
    total_ += emulated_ + stepped_;
    emulated_ = stepped_ = faulted_ = refused_ = 0;
  }

  std::mt19937_64 random_{20240611};
  int relocated_ = 0;
  int emulated_ = 0;
  int stepped_ = 0;
  int faulted_ = 0;
  int refused_ = 0;
  int total_ = 0;

 private:
  /// What the run made of the memory, which is then as before.
  static std::vector<uint8_t> Take(Arena& arena,
                                   const std::vector<uint8_t>& before) {
    std::vector<uint8_t> after(arena.data(), arena.data() + arena.size());
    memcpy(arena.data(), before.data(), before.size());
    return after;
  }

  static std::string Describe(const Insn& insn) {
    char text[16];
    uint32_t word = 0;
    memcpy(&word, insn.bytes, insn.size);
    snprintf(text, sizeof(text), "insn %0*x", static_cast<int>(2 * insn.size),
             word);
    return text;
  }

  static void ExpectSame(const uint8_t* native, const uint8_t* probed,
                         size_t size, const Insn& insn) {
    for (size_t i = 0; i < size; i += 8) {
      EXPECT_EQ(memcmp(native + i, probed + i, 8), 0)
          << "word " << i / 8 << ", " << Describe(insn);
    }
  }

  std::vector<uint8_t> signal_stack_ = std::vector<uint8_t>(1 << 18);
  Arena code_{uint64_t{16} << 32, 4 << 20};
  Arena data_{uint64_t{24} << 32, 4 * kPage};
  Arena stack_{uint64_t{28} << 32, 32 * kPage};
  std::vector<uint8_t> data_before_;
  std::vector<uint8_t> stack_before_;
};

constexpr uint32_t kStubs[] = {
    machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap,
    machine::kTrapStubSetsSp, 0};

TEST_F(CrossStepEqualityTest, InstructionsOfEveryClassDoTheSameUnderAProbe) {
  constexpr int kTries = 600;
  for (unsigned number = 0; number < ClassCount() && !HasFailure(); ++number) {
    for (int i = 0; i < kTries && !HasFailure(); ++i) {
      Insn insn;
      if (RandomInsn(number, random_, insn)) {
        Compare(insn, kStubs[i % 3]);
      }
    }
    PrintCounts(ClassName(number));
  }
  printf("%d instructions ran both ways; %d slots jumped back\n", total_,
         relocated_);
  EXPECT_GE(relocated_, 3000);
  EXPECT_GE(total_, 10000);
}

}  // namespace
}  // namespace ebpf::step
