// SPDX-License-Identifier: MIT
//
// Instructions run as they are and run under a probe must do the same to
// registers, flags and memory: random ones, and those of real programs.
#include <Zydis/Zydis.h>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <string>
#include <vector>

#include "arch/x86_64/probed_insn.h"
#include "arch/x86_64/pt_regs.h"
#include "core/memory/allocator.h"
#include "core/platform/text.h"
#include "core/probes/kprobe.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_symbols.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf::x86_64 {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kCodeSize = 2 * kPage;
constexpr size_t kInsnOffset = 2048;
// Where pointers to code point: too far for reading the instruction itself.
constexpr size_t kLandings = 1280;
constexpr uint8_t kHalt = 0xf4;  // a fault wherever execution ends

// --- Running one instruction from a state into a state
// ------------------------

struct Passage {
  const PtRegs* from;
  PtRegs to;
  PtRegs harness;
  bool entered = false;
};
Passage* g_run = nullptr;

/// Comes here at the harness' own hlt, and where the instruction led.
bool OnHalt(PtRegs& regs) {
  Passage& run = *g_run;
  if (!run.entered) {
    run.entered = true;
    run.harness = regs;
    const uint64_t flags = regs.rflags;
    const uint64_t cs = regs.cs;
    const uint64_t ss = regs.ss;
    regs = *run.from;
    regs.rflags =
        (run.from->rflags & ~kFlagInterrupt) | (flags & kFlagInterrupt);
    regs.cs = cs;
    regs.ss = ss;
    return true;
  }
  run.to = regs;
  regs = run.harness;
  regs.rip += 1;  // behind the hlt
  return true;
}

/// The vector registers begin as the same each time, their upper halves as 0.
alignas(16) constexpr uint8_t kVectors[16 * 16] = {
    0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe, 1,    2,
    3,    4,    5,    6,    7,    8,    0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0x7f, 0,    0,    0x80, 0x3f, 9};

[[gnu::noinline]] void Enter(Passage& run) {
  g_run = &run;
  if (__builtin_cpu_supports("avx")) {
    asm volatile("vzeroall" ::: "memory");
  }
  asm volatile(
      "movdqa 0(%0), %%xmm0; movdqa 16(%0), %%xmm1;"
      "movdqa 32(%0), %%xmm2; movdqa 0(%0), %%xmm3;"
      "movdqa 16(%0), %%xmm4; movdqa 0(%0), %%xmm5;"
      "movdqa 16(%0), %%xmm6; movdqa 0(%0), %%xmm7;"
      "pxor %%xmm8, %%xmm8; movdqa %%xmm0, %%xmm9;"
      "movdqa %%xmm1, %%xmm10; movdqa %%xmm0, %%xmm11;"
      "movdqa %%xmm1, %%xmm12; movdqa %%xmm0, %%xmm13;"
      "movdqa %%xmm1, %%xmm14; movdqa %%xmm0, %%xmm15;"
      "hlt" ::"r"(kVectors)
      : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
        "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
        "xmm15");
}

// --- What is run
// ---------------------------------------------------------------

struct Sample {
  uint8_t bytes[16];
  ZydisDecodedInstruction decoded;
};

class Samples {
 public:
  Samples() {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64,
                     ZYDIS_STACK_WIDTH_64);
  }

  /// Decodes; false where the instruction is none for this test.
  bool Take(const uint8_t* bytes, Sample& sample) {
    memcpy(sample.bytes, bytes, 15);
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, bytes, 15,
                                             &sample.decoded, operands))) {
      return false;
    }
    if (!IsRepeatable(sample.decoded) ||
        sample.decoded.encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX) {
      return false;
    }
    for (unsigned i = 0; i < sample.decoded.operand_count; ++i) {
      if (!IsSafe(operands[i])) {
        return false;
      }
    }
    return true;
  }

 private:
  /// The same each time, and without effects that outlive the test.
  static bool IsRepeatable(const ZydisDecodedInstruction& insn) {
    switch (insn.mnemonic) {
      case ZYDIS_MNEMONIC_RDTSC:
      case ZYDIS_MNEMONIC_RDTSCP:
      case ZYDIS_MNEMONIC_RDRAND:
      case ZYDIS_MNEMONIC_RDSEED:
      case ZYDIS_MNEMONIC_RDPMC:
      case ZYDIS_MNEMONIC_RDPID:
      case ZYDIS_MNEMONIC_CPUID:
      case ZYDIS_MNEMONIC_LSL:
      case ZYDIS_MNEMONIC_POPF:
      case ZYDIS_MNEMONIC_POPFQ:
      case ZYDIS_MNEMONIC_CLI:
      case ZYDIS_MNEMONIC_STI:
      case ZYDIS_MNEMONIC_LDMXCSR:
      case ZYDIS_MNEMONIC_VLDMXCSR:
      case ZYDIS_MNEMONIC_WRFSBASE:
      case ZYDIS_MNEMONIC_WRPKRU:
      case ZYDIS_MNEMONIC_UMWAIT:
      case ZYDIS_MNEMONIC_TPAUSE:
      case ZYDIS_MNEMONIC_UMONITOR:
      case ZYDIS_MNEMONIC_LFS:
      case ZYDIS_MNEMONIC_EMMS:
      case ZYDIS_MNEMONIC_FEMMS:
      case ZYDIS_MNEMONIC_SGDT:
      case ZYDIS_MNEMONIC_SIDT:
      case ZYDIS_MNEMONIC_SLDT:
      case ZYDIS_MNEMONIC_SMSW:
      case ZYDIS_MNEMONIC_STR:
        return false;
      default:
        break;
    }
    if (insn.meta.category == ZYDIS_CATEGORY_BITBYTE &&
        insn.raw.modrm.mod != 3) {
      return false;  // a bit's number in a register reaches anywhere
    }
    switch (insn.meta.category) {
      case ZYDIS_CATEGORY_XSAVE:
      case ZYDIS_CATEGORY_XSAVEOPT:
      case ZYDIS_CATEGORY_X87_ALU:
      case ZYDIS_CATEGORY_MMX:
      case ZYDIS_CATEGORY_IO:
      case ZYDIS_CATEGORY_IOSTRINGOP:
      case ZYDIS_CATEGORY_VTX:
      case ZYDIS_CATEGORY_AMX_TILE:
      case ZYDIS_CATEGORY_KEYLOCKER:
        return false;
      default:
        return insn.meta.isa_set != ZYDIS_ISA_SET_FXSAVE &&
               insn.meta.isa_set != ZYDIS_ISA_SET_FXSAVE64;
    }
  }

  static bool IsSafe(const ZydisDecodedOperand& operand) {
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY) {
      return operand.mem.segment != ZYDIS_REGISTER_FS &&
             operand.mem.segment != ZYDIS_REGISTER_GS;
    }
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) {
      return true;
    }
    const ZydisRegisterClass kind = ZydisRegisterGetClass(operand.reg.value);
    const bool writes_segment =
        kind == ZYDIS_REGCLASS_SEGMENT &&
        (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    return !writes_segment && kind != ZYDIS_REGCLASS_MMX &&
           kind != ZYDIS_REGCLASS_X87 && kind != ZYDIS_REGCLASS_MASK;
  }

  ZydisDecoder decoder_;
};

/// The port cannot tell who is in a slot: nothing is relocated.
constexpr uint32_t kCannotTell = 1u << 31;

/// By what the trap's stub can do, and kCannotTell.
/// In the program, which is far from what is mapped: an instruction that adds
/// to rsp would lead into a stack beside, and the kernel, which takes it for in
/// use, would find no room there.
uint8_t g_signal_stack[1 << 18];

class StepEqualityTest : public testing::TestWithParam<uint32_t> {
 protected:
  static constexpr size_t kDataSize = 1 << 16;

  static uint32_t Stub() { return GetParam() & ~kCannotTell; }

  StepEqualityTest() : data_(kDataSize), stack_(kDataSize) {
    SetHostTrapStub(Stub());
    SetHostPreemption((GetParam() & kCannotTell) != 0 ? EBPF_PREEMPTION_UNKNOWN
                                                      : EBPF_PREEMPTION_NONE);
    SetHostFaultHook(OnHalt);
    const stack_t alternate = {.ss_sp = g_signal_stack,
                               .ss_flags = 0,
                               .ss_size = sizeof(g_signal_stack)};
    sigaltstack(&alternate, nullptr);
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
    std::vector<uint8_t> halts(kCodeSize, kHalt);
    code_ = std::make_unique<HostText>("insn_page",
                                       ConstBytes(halts.data(), halts.size()));
    insn_ = code_->address() + kInsnOffset;
    AddHostSymbol("insn", insn_, 64);
  }

  /// Instructions stand at `offset` of the code from now on.
  void StandAt(size_t offset) {
    RemoveHostSymbol(insn_);
    uint8_t halts[16];
    memset(halts, kHalt, sizeof(halts));
    WriteCode(halts, sizeof(halts));
    insn_ = code_->address() + offset;
    AddHostSymbol("insn", insn_, 64);
  }

  ~StepEqualityTest() override {
    RemoveHostSymbol(insn_);
    code_.reset();
    ExitProbes();
    ExitReadSections();
    SetHostFaultHook(nullptr);
    SetHostPreemption(EBPF_PREEMPTION_NONE);
    SetHostTrapStub(machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap);
    const stack_t none = {
        .ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    sigaltstack(&none, nullptr);
  }

  void WriteCode(const uint8_t* bytes, size_t size) {
    struct Write {
      uint64_t to;
      const uint8_t* bytes;
      size_t size;
      static int Do(void* argument) {
        auto* write = static_cast<Write*>(argument);
        return ebpf_port_text_write(write->to, write->bytes, write->size);
      }
    } write = {insn_, bytes, size};
    int result = -1;
    ASSERT_EQ(ebpf_port_stop_machine(Write::Do, &write, &result), 0);
    ASSERT_EQ(result, 0);
  }

  uint64_t Pointer() {
    if (near_ends_ && random_() % 2 == 0) {
      const uint64_t distance = random_() % 24;
      return reinterpret_cast<uint64_t>(data_.data()) +
             (random_() % 2 == 0 ? kDataSize - distance : distance);
    }
    return reinterpret_cast<uint64_t>(data_.data()) + kDataSize / 2 +
           random_() % 512;
  }

  uint64_t RegisterValue() {
    switch (random_() % 8) {
      case 0:
        return random_();
      case 1:
        return random_() % 64;
      case 2:
        return ~(random_() % 64);
      case 3:
        return kLandings + insn_ + random_() % 512;  // to jump to
      default:
        return Pointer();
    }
  }

  void RandomState(PtRegs& regs) {
    for (uint64_t* reg :
         {&regs.r15, &regs.r14, &regs.r13, &regs.r12, &regs.rbp, &regs.rbx,
          &regs.r11, &regs.r10, &regs.r9, &regs.r8, &regs.rax, &regs.rcx,
          &regs.rdx, &regs.rsi, &regs.rdi}) {
      *reg = RegisterValue();
    }
    regs.rsp = reinterpret_cast<uint64_t>(stack_.data()) + kDataSize / 2 +
               8 * (random_() % 64);
    if (random_() % 4 == 0) {
      regs.rbp = regs.rsp + 8 * (random_() % 16);
    }
    if (random_() % 4 == 0) {
      regs.rcx = random_() % 4;
    }
    constexpr uint64_t kFlags = kFlagCarry | kFlagParity | kFlagAdjust |
                                kFlagZero | kFlagSign | kFlagOverflow;
    regs.rflags = 0x202 | (random_() & kFlags);
    regs.rip = insn_;
  }

  void FillMemory() {
    for (HostGuardedMemory* memory : {&data_, &stack_}) {
      for (size_t i = kDataSize / 2 - 4096; i < kDataSize / 2 + 4096; i += 8) {
        const uint64_t word =
            i % 16 == 0 ? insn_ + kLandings + random_() % 512 : random_();
        memcpy(memory->data() + i, &word, 8);
      }
    }
  }

  /// Keeps addresses and targets where something is.
  void TameOperands(Sample& sample) {
    const auto& raw = sample.decoded.raw;
    if (raw.disp.size == 32) {
      int32_t displacement = static_cast<int32_t>(random_() % 1024) - 512;
      if (sample.decoded.raw.modrm.mod == 0 &&
          sample.decoded.raw.modrm.rm == 5) {
        displacement =
            static_cast<int32_t>(Pointer() - (insn_ + sample.decoded.length));
      }
      memcpy(sample.bytes + raw.disp.offset, &displacement, 4);
    }
    if (raw.imm[0].is_relative) {
      // Forward, or well back: not into the branch itself.
      int32_t distance = static_cast<int32_t>(random_() % 64);
      distance = random_() % 2 == 0 ? distance : -32 - distance;
      memcpy(sample.bytes + raw.imm[0].offset, &distance, raw.imm[0].size / 8);
    }
  }

  std::string Describe(const Sample& sample) {
    std::string text = ZydisMnemonicGetString(sample.decoded.mnemonic);
    for (unsigned i = 0; i < sample.decoded.length; ++i) {
      char digits[4];
      snprintf(digits, sizeof(digits), " %02x", sample.bytes[i]);
      text += digits;
    }
    return text;
  }

  /// Runs the sample both ways from one state; false: it cannot be probed.
  bool Compare(Sample& sample) {
    TameOperands(sample);
    uint8_t bytes[16];
    memset(bytes, kHalt, sizeof(bytes));
    memcpy(bytes, sample.bytes, sample.decoded.length);
    WriteCode(bytes, sizeof(bytes));
    const Result<machine::ProbePlan> plan =
        ProbedInsn::Plan(ConstBytes(bytes, 16), insn_, 0, Stub());
    if (!plan.ok()) {
      ++refused_[ZydisMnemonicGetString(sample.decoded.mnemonic)];
      return false;
    }
    PtRegs state = {};
    RandomState(state);
    if ((sample.decoded.attributes &
         (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE |
          ZYDIS_ATTRIB_HAS_REPNE)) != 0) {
      state.rcx %= 64;  // what lies beyond may be the probe's own
    }
    FillMemory();
    const std::vector<uint8_t> data(data_.data(), data_.data() + kDataSize);
    const std::vector<uint8_t> stack(stack_.data(), stack_.data() + kDataSize);

    Passage native = {.from = &state, .to = {}, .harness = {}};
    Enter(native);
    const bool faulted = native.to.rip == insn_;
    const bool emulated = plan->method == machine::ProbeMethod::kEmulate;
    if (faulted && (emulated || IsBranch(sample))) {
      // An emulation faults in the trap's own code, if ever: stacks are there.
      // A branch to no address faults behind itself.
      return true;
    }
    const std::vector<uint8_t> native_data(data_.data(),
                                           data_.data() + kDataSize);
    const std::vector<uint8_t> native_stack(stack_.data(),
                                            stack_.data() + kDataSize);
    memcpy(data_.data(), data.data(), kDataSize);
    memcpy(stack_.data(), stack.data(), kDataSize);

    Passage probed = {.from = &state, .to = {}, .harness = {}};
    RunProbed(probed);
    ++(faulted ? faulted_ : emulated ? emulated_ : stepped_);
    ExpectSame(sample, native.to, probed.to);
    EXPECT_EQ(memcmp(native_data.data(), data_.data(), kDataSize), 0)
        << Describe(sample);
    EXPECT_EQ(memcmp(native_stack.data(), stack_.data(), kDataSize), 0)
        << Describe(sample);
    return true;
  }

  static bool IsBranch(const Sample& sample) {
    return sample.decoded.meta.category == ZYDIS_CATEGORY_CALL ||
           sample.decoded.meta.category == ZYDIS_CATEGORY_RET ||
           sample.decoded.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
  }

  void RunProbed(Passage& run) {
    struct Counter final : KprobeConsumer {
      int hits = 0;
      void Hit(machine::PtRegs& /*regs*/) override { ++hits; }
    } counter;
    Result<Ref<Kprobe>> probe = AttachKprobe("insn", 0, 0, counter);
    ASSERT_TRUE(probe.ok());
    ASSERT_EQ((*probe)->Enable(), Status::kOk);
    Enter(run);
    EXPECT_EQ(counter.hits, 1);
  }

  void ExpectSame(const Sample& sample, const PtRegs& native,
                  const PtRegs& probed) {
    const auto* a = reinterpret_cast<const uint64_t*>(&native);
    const auto* b = reinterpret_cast<const uint64_t*>(&probed);
    for (size_t i = 0; i < sizeof(PtRegs) / 8; ++i) {
      EXPECT_EQ(a[i], b[i])
          << "word " << i << " of pt_regs, " << Describe(sample);
    }
  }

  void PrintCounts(const char* what) {
    printf("%s: %d emulated, %d stepped, %d of these faulted alike; refused:",
           what, emulated_, stepped_, faulted_);
    for (const auto& [name, count] : refused_) {
      printf(" %s %d", name.c_str(), count);
    }
    printf("\n");
  }

  std::mt19937_64 random_{42};
  HostGuardedMemory data_;
  HostGuardedMemory stack_;
  FailingAllocator allocator_;
  HostTraps traps_;
  std::unique_ptr<HostText> code_;
  uint64_t insn_ = 0;
  bool near_ends_ = false;  // of memory, where pointers point to
  Samples samples_;
  int emulated_ = 0;
  int stepped_ = 0;
  int faulted_ = 0;
  std::map<std::string, int> refused_;
};

TEST_P(StepEqualityTest, RandomInstructionsDoTheSameUnderAProbe) {
  constexpr int kCount = 12000;
  for (int done = 0; done < kCount && !HasFailure();) {
    uint8_t bytes[16];
    for (int i = 0; i < 16; i += 8) {
      const uint64_t word = random_();
      memcpy(bytes + i, &word, 8);
    }
    if (done % 3 == 1) {
      bytes[0] = static_cast<uint8_t>(0x40 | (bytes[0] & 15));
    } else if (done % 3 == 2) {
      bytes[0] = 0x0f;
    }
    Sample sample;
    done += samples_.Take(bytes, sample) && Compare(sample) ? 1 : 0;
  }
  PrintCounts("random");
  EXPECT_GT(stepped_, kCount / 10);
}

/// Where the instructions of an ELF file begin, if 16 bytes are there.
std::vector<const uint8_t*> InsnsOf(const std::vector<uint8_t>& file) {
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(file.data());
  const auto* sections =
      reinterpret_cast<const Elf64_Shdr*>(file.data() + header.e_shoff);
  std::vector<const uint8_t*> insns;
  for (size_t i = 0; i < header.e_shnum; ++i) {
    if ((sections[i].sh_flags & SHF_EXECINSTR) == 0) {
      continue;
    }
    const uint8_t* text = file.data() + sections[i].sh_offset;
    const size_t size = sections[i].sh_size;
    for (size_t at = 0; at + 16 <= size;) {
      insns.push_back(text + at);
      const Result<uint8_t> length =
          ProbedInsn::Size(ConstBytes(text + at, 16));
      at += length.ok() ? *length : 1;
    }
  }
  return insns;
}

std::vector<uint8_t> ReadLibc() {
  std::ifstream file("/lib/x86_64-linux-gnu/libc.so.6", std::ios::binary);
  std::vector<uint8_t> libc(std::istreambuf_iterator<char>(file), {});
  EXPECT_GT(libc.size(), sizeof(Elf64_Ehdr));
  return libc;
}

TEST_P(StepEqualityTest, InstructionsOfRealProgramsDoTheSameUnderAProbe) {
  const std::vector<uint8_t> libc = ReadLibc();
  const std::vector<const uint8_t*> insns = InsnsOf(libc);
  constexpr int kCount = 12000;
  for (int done = 0; done < kCount && !HasFailure();) {
    Sample sample;
    done += samples_.Take(insns[random_() % insns.size()], sample) &&
                    Compare(sample)
                ? 1
                : 0;
  }
  PrintCounts("libc");
  EXPECT_GT(emulated_, kCount / 10);
  EXPECT_GT(stepped_, kCount / 4);
}

/// The end of a page in each place of an instruction and right behind it, and
/// ends of memory in each place of its operands.
TEST_P(StepEqualityTest, InstructionsAtPageEndsDoTheSameUnderAProbe) {
  const std::vector<uint8_t> libc = ReadLibc();
  const std::vector<const uint8_t*> insns = InsnsOf(libc);
  constexpr int kCount = 200;
  near_ends_ = true;
  for (size_t before = 1; before <= 12 && !HasFailure(); ++before) {
    StandAt(kPage - before);
    for (int done = 0; done < kCount && !HasFailure();) {
      Sample sample;
      done += samples_.Take(insns[random_() % insns.size()], sample) &&
                      sample.decoded.length >= before && Compare(sample)
                  ? 1
                  : 0;
    }
  }
  PrintCounts("at page ends");
  EXPECT_GT(faulted_, kCount / 10);
  EXPECT_GT(stepped_, kCount);
}

/// Each ModRM and each SIB with each of a few opcodes and any REX: the first
/// `prefix` bytes come before REX, the others are the opcode.
TEST_P(StepEqualityTest, EveryAddressingFormDoesTheSameUnderAProbe) {
  struct Opcode {
    std::vector<uint8_t> prefix, opcode;
  };
  const std::vector<Opcode> opcodes = {
      {{}, {0x8b}},              // mov reg, r/m
      {{}, {0x89}},              // mov r/m, reg
      {{}, {0x00}},              // add r/m8, reg8
      {{}, {0x8d}},              // lea
      {{}, {0x0f, 0xaf}},        // imul
      {{}, {0x0f, 0xb6}},        // movzx
      {{0xf0}, {0x0f, 0xc1}},    // lock xadd
      {{0xf0}, {0x0f, 0xb1}},    // lock cmpxchg
      {{}, {0xff}},              // inc, dec, call, jmp, push
      {{}, {0x83}},              // add to cmp, with a constant
      {{}, {0xf7}},              // test to idiv
      {{}, {0x8f}},              // pop
      {{0xf3}, {0x0f, 0x6f}},    // movdqu
      {{0x66}, {0x0f, 0x38, 0}}  // pshufb
  };
  const auto compare = [&](const Opcode& opcode, unsigned modrm, unsigned sib) {
    uint8_t bytes[16];
    size_t at = 0;
    for (const uint8_t byte : opcode.prefix) {
      bytes[at++] = byte;
    }
    if (random_() % 2 == 0) {
      bytes[at++] = static_cast<uint8_t>(0x40 | random_() % 16);
    }
    for (const uint8_t byte : opcode.opcode) {
      bytes[at++] = byte;
    }
    bytes[at++] = static_cast<uint8_t>(modrm);
    bytes[at++] = static_cast<uint8_t>(sib);
    while (at < sizeof(bytes)) {
      bytes[at++] = static_cast<uint8_t>(random_());
    }
    Sample sample;
    if (samples_.Take(bytes, sample)) {
      Compare(sample);
    }
  };
  for (unsigned form = 0; form < 256 && !HasFailure(); ++form) {
    for (const Opcode& opcode : opcodes) {
      compare(opcode, form, static_cast<unsigned>(random_()) & 0xff);
      // mod 0 to 2 with a SIB, which is each in turn.
      compare(opcode, (random_() % 3) << 6 | (random_() % 8) << 3 | 4, form);
    }
  }
  PrintCounts("addressing forms");
  EXPECT_GT(emulated_ + stepped_, 2000);
}

/// Instructions that chance rarely gives, or that the test above leaves out.
TEST_P(StepEqualityTest, EveryEmulationDoesTheSameUnderAProbe) {
  const std::vector<std::vector<uint8_t>> insns = {
      {0x90},                                   // nop
      {0xf3, 0x0f, 0x1e, 0xfa},                 // endbr64
      {0x0f, 0x1f, 0x44, 0x00, 0x00},           // nop [rax + rax]
      {0x55},                                   // push rbp
      {0x41, 0x57},                             // push r15
      {0x54},                                   // push rsp
      {0x68, 0xfe, 0xff, 0xff, 0xff},           // push -2
      {0x6a, 0x80},                             // push -128
      {0xff, 0x75, 0x08},                       // push [rbp + 8]
      {0x9c},                                   // pushf
      {0x5d},                                   // pop rbp
      {0x5c},                                   // pop rsp
      {0x41, 0x5e},                             // pop r14
      {0xc9},                                   // leave
      {0x48, 0x89, 0xe5},                       // mov rbp, rsp
      {0x48, 0x8b, 0xec},                       // mov rbp, rsp
      {0x48, 0x89, 0xc4},                       // mov rsp, rax
      {0x89, 0xd8},                             // mov eax, ebx
      {0x48, 0xc7, 0xc0, 1, 2, 3, 0x84},        // mov rax, imm32
      {0xb8, 1, 2, 3, 0x84},                    // mov eax, imm32
      {0x49, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8},     // mov r8, imm64
      {0x48, 0x83, 0xec, 0x18},                 // sub rsp, 24
      {0x48, 0x81, 0xec, 0, 0x10, 0, 0},        // sub rsp, 4096
      {0x48, 0x83, 0xc4, 0x80},                 // add rsp, -128
      {0x48, 0x8d, 0x64, 0x24, 0x08},           // lea rsp, [rsp + 8]
      {0x48, 0x8d, 0x05, 1, 2, 3, 4},           // lea rax, [rip + ..]
      {0x8d, 0x05, 1, 2, 3, 4},                 // lea eax, [rip + ..]
      {0x4a, 0x8d, 0x44, 0xa3, 0x10},           // lea rax, [rbx + r12*4 + 16]
      {0x8d, 0x04, 0x8d, 1, 2, 3, 4},           // lea eax, [rcx*4 + ..]
      {0xe9, 0x10, 0, 0, 0},                    // jmp
      {0xeb, 0xd0},                             // jmp short
      {0xe8, 0x10, 0, 0, 0},                    // call
      {0xc3},                                   // ret
      {0xf3, 0xc3},                             // rep ret
      {0xc2, 0x10, 0x00},                       // ret 16
      {0xe0, 0x20},                             // loopne
      {0xe1, 0x20},                             // loope
      {0xe2, 0x20},                             // loop
      {0xe3, 0x20},                             // jrcxz
      {0xff, 0xe0},                             // jmp rax
      {0x41, 0xff, 0xd3},                       // call r11
      {0xff, 0xd4},                             // call rsp
      {0xff, 0x24, 0x24},                       // jmp [rsp]
      {0xff, 0x64, 0x24, 0x10},                 // jmp [rsp + 16]
      {0xff, 0x14, 0x24},                       // call [rsp]
      {0xff, 0x25, 0, 0, 0, 0},                 // jmp [rip + ..]
      {0x41, 0xff, 0x25, 0, 0, 0, 0},           // the same with REX.B
      {0xff, 0x15, 0, 0, 0, 0},                 // call [rip + ..]
      {0x66, 0x66, 0x48, 0xe8, 0x10, 0, 0, 0},  // call, padded
      {0x66, 0x48, 0xff, 0x15, 0, 0, 0, 0},     // call [rip + ..], padded
      {0x41, 0xff, 0x26},                       // jmp [r14]
      {0x3e, 0xff, 0xe0},                       // notrack jmp rax
      {0x48, 0x8b, 0x05, 0, 0, 0, 0},           // mov rax, [rip + ..]
      {0x48, 0x89, 0x35, 0, 0, 0, 0},           // mov [rip + ..], rsi
      {0x4c, 0x8b, 0x3d, 0, 0, 0, 0},           // mov r15, [rip + ..]
      {0x49, 0x89, 0x3d, 0, 0, 0, 0},           // mov [rip + ..], rdi; REX.B
      {0x83, 0x05, 0, 0, 0, 0, 0x05},           // add [rip + ..], 5
      {0xf0, 0x48, 0x0f, 0xb1, 0x35, 0, 0, 0, 0},  // lock cmpxchg
      {0x48, 0x0f, 0xc7, 0x0d, 0, 0, 0, 0},        // cmpxchg16b
      {0x66, 0x0f, 0x6f, 0x05, 0, 0, 0, 0},        // movdqa xmm0, [rip + ..]
      {0xc5, 0xfa, 0x6f, 0x05, 0, 0, 0, 0},        // vmovdqu, VEX of 2
      {0xc4, 0xc1, 0x7a, 0x6f, 0x05, 0, 0, 0, 0},  // VEX of 3 with B
      {0xc4, 0xe2, 0x48, 0xf2, 0x05, 0, 0, 0, 0},  // andn eax, esi, [..]
      {0xc4, 0xe2, 0xc0, 0xf2, 0x35, 0, 0, 0, 0},  // andn rsi, rdi, [..]
      {0xff, 0x35, 0, 0, 0, 0},                    // push [rip + ..]
      {0x8f, 0x05, 0, 0, 0, 0},                    // pop [rip + ..]
      {0xc8, 0x10, 0x00, 0x00},                    // enter 16, 0
      {0xf3, 0xa4},                                // rep movsb
      {0xf3, 0x48, 0xab},                          // rep stosq
      {0x9e},                                      // sahf
      {0x99},                                      // cdq
      {0xfd},                                      // std
  };
  for (int round = 0; round < 40 && !HasFailure(); ++round) {
    for (const std::vector<uint8_t>& insn : insns) {
      uint8_t bytes[16] = {};
      memcpy(bytes, insn.data(), insn.size());
      Sample sample;
      ASSERT_TRUE(samples_.Take(bytes, sample)) << int{insn[0]};
      ASSERT_EQ(sample.decoded.length, insn.size());
      EXPECT_TRUE(Compare(sample)) << Describe(sample);
    }
    for (unsigned condition = 0; condition < 16; ++condition) {
      const uint8_t near[16] = {0x0f, static_cast<uint8_t>(0x80 | condition)};
      const uint8_t brief[16] = {static_cast<uint8_t>(0x70 | condition), 0x33};
      for (const uint8_t* bytes : {near, brief}) {
        Sample sample;
        ASSERT_TRUE(samples_.Take(bytes, sample));
        EXPECT_TRUE(Compare(sample));
      }
    }
  }
  PrintCounts("listed");
}

INSTANTIATE_TEST_SUITE_P(
    Stubs, StepEqualityTest,
    testing::Values(machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap,
                    machine::kTrapStubSetsSp | kCannotTell, 0u, kCannotTell),
    [](const auto& info) {
      return info.param == 3                   ? "SettingSpLeavingAGap"
             : (info.param & 1) != 0           ? "SettingSpStepping"
             : (info.param & kCannotTell) != 0 ? "DoingNeitherStepping"
                                               : "DoingNeither";
    });

}  // namespace
}  // namespace ebpf::x86_64
