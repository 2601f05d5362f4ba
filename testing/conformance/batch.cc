// SPDX-License-Identifier: MIT
//
// The loop around each body, its records, and the comparison.
#include "testing/conformance/batch.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "core/base/assert.h"
#include "core/base/text_writer.h"
#include "core/isa/decode.h"
#include "core/isa/disassemble.h"
#include "core/memory/allocator.h"
#include "core/program/program.h"
#include "core/program_types/program_type.h"

namespace ebpf::conformance {
namespace {

// A record, in words: what goes in, the memory between words that nobody is to
// touch, and what comes out.
constexpr int kIn = 0;
constexpr int kGuardBefore = 10;
constexpr int kMem = 11;
constexpr int kGuardAfter = 19;
constexpr int kStackIn = 20;
constexpr int kOut = 24;
constexpr int kFrameOut = 34;
constexpr int kStackOut = 35;
constexpr int kRecordWords = 40;
constexpr uint64_t kPoison = 0xdeadbeefcafef00d;

// The loop's own words on the stack, above the body's.
constexpr int kRecordSlot = -8;
constexpr int kSpillSlot = -16;
constexpr int kCountSlot = -24;

constexpr size_t kMaxProgram = 30000;
constexpr unsigned kMaxReports = 10;

constexpr unsigned kLoad64 = 0x79, kLoad32 = 0x61, kStore64 = 0x7b,
                   kStore32 = 0x63, kStoreImm64 = 0x7a, kAddImm = 0x07,
                   kMovImm = 0xb7, kJneImm = 0x55, kExit = 0x95;

bool Has(uint16_t set, unsigned reg) { return (set >> reg & 1) != 0; }

InsnFacts WithPointer(PointerKind kind) {
  InsnFacts facts = {};
  facts.pointer = kind;
  return facts;
}

bool IsMemory(const Insn& insn) {
  const unsigned insn_class = insn.opcode & 7;
  return insn_class >= 1 && insn_class <= 3;
}

/// Appends instructions with what is known of them.
class Writer {
 public:
  explicit Writer(Knowledge knowledge) : knowledge_(knowledge) {}

  void Append(const Insn& insn) {
    const unsigned base = (insn.opcode & 7) == 1 ? insn.src() : insn.dst();
    Append(insn, IsMemory(insn) && knowledge_ != Knowledge::kNothing
                     ? WithPointer(base == kFrame ? PointerKind::kStack
                                                  : PointerKind::kMemory)
                     : InsnFacts{});
  }
  void Append(const Insn& insn, const InsnFacts& fact) {
    code.push_back(insn);
    facts.push_back(fact);
  }

  void AppendBody(const Body& body);
  void AppendLoop(const Body& body);

  std::vector<Insn> code;
  std::vector<InsnFacts> facts;

 private:
  void LoadInputs(const Body& body);
  void ShowResults(const Body& body);

  const Knowledge knowledge_;
};

void Writer::AppendBody(const Body& body) {
  for (size_t i = 0; i < body.code.size(); ++i) {
    const Insn& insn = body.code[i];
    const bool is_load = (insn.opcode & 7) == 1;
    const unsigned operation = insn.opcode >> 4;
    const unsigned insn_class = insn.opcode & 7;
    const bool divides = (insn_class == 4 || insn_class == 7) &&
                         (operation == 3 || operation == 9);
    InsnFacts fact = {};
    if (knowledge_ == Knowledge::kFacts) {
      const unsigned base = is_load ? insn.src() : insn.dst();
      if (IsMemory(insn) && base == kFrame) {
        fact.pointer = PointerKind::kStack;
      }
      fact.divisor_non_zero = divides && body.divisor_non_zero;
    } else if (knowledge_ == Knowledge::kProbed && is_load) {
      fact.pointer = PointerKind::kProbed;
    }
    // Nobody looks at the upper half of what the last instruction writes.
    if (knowledge_ == Knowledge::kFacts && i + 1 == body.code.size() &&
        (insn_class == 4 || is_load) && !Has(body.shown, insn.dst())) {
      fact.no_zero_extension = 1;
    }
    Append(insn, fact);
  }
}

void Writer::LoadInputs(const Body& body) {
  Append(Make(kLoad64, 9, kFrame, kRecordSlot, 0));
  if (body.uses_stack) {
    for (int i = 0; i < static_cast<int>(kStackWords); ++i) {
      Append(Make(kLoad64, 0, 9, 8 * (kStackIn + i), 0));
      Append(Make(kStore64, kFrame, 0, kStackOffset + 8 * i, 0));
    }
  }
  for (unsigned reg = 0; reg < kRegs; ++reg) {
    Append(Make(kLoad64, reg, 9, 8 * (kIn + static_cast<int>(reg)), 0));
  }
}

void Writer::ShowResults(const Body& body) {
  const bool shows_9 = Has(body.shown, 9) || Has(body.shown_low, 9);
  if (shows_9) {
    Append(Make(Has(body.shown, 9) ? kStore64 : kStore32, kFrame, 9, kSpillSlot,
                0));
  }
  Append(Make(kLoad64, 9, kFrame, kRecordSlot, 0));
  for (unsigned reg = 0; reg < 9; ++reg) {
    if (Has(body.shown, reg) || Has(body.shown_low, reg)) {
      Append(Make(Has(body.shown, reg) ? kStore64 : kStore32, 9, reg,
                  8 * (kOut + static_cast<int>(reg)), 0));
    }
  }
  if (shows_9) {
    const bool all = Has(body.shown, 9);
    Append(Make(all ? kLoad64 : kLoad32, 0, kFrame, kSpillSlot, 0));
    Append(Make(all ? kStore64 : kStore32, 9, 0, 8 * (kOut + 9), 0));
  }
  Append(Make(kStore64, 9, kFrame, 8 * kFrameOut, 0));
  if (body.uses_stack) {
    for (int i = 0; i < static_cast<int>(kStackWords); ++i) {
      Append(Make(kLoad64, 0, kFrame, kStackOffset + 8 * i, 0));
      Append(Make(kStore64, 9, 0, 8 * (kStackOut + i), 0));
    }
  }
}

void Writer::AppendLoop(const Body& body) {
  const bool loops = body.inputs.size() > 1;
  if (loops) {
    Append(Make(kStoreImm64, kFrame, 0, kCountSlot,
                static_cast<int64_t>(body.inputs.size())));
  }
  const size_t head = code.size();
  LoadInputs(body);
  AppendBody(body);
  ShowResults(body);
  Append(Make(kAddImm, 9, 0, 0, 8 * kRecordWords));
  Append(Make(kStore64, kFrame, 9, kRecordSlot, 0));
  if (loops) {
    Append(Make(kLoad64, 8, kFrame, kCountSlot, 0));
    Append(Make(kAddImm, 8, 0, 0, -1));
    Append(Make(kStore64, kFrame, 8, kCountSlot, 0));
    const auto back =
        static_cast<int>(code.size()) + 1 - static_cast<int>(head);
    Append(Make(kJneImm, 8, 0, -back, 0));
  }
}

void FillRecord(const Input& input, uint64_t* record) {
  std::fill(record, record + kRecordWords, kPoison);
  std::copy(input.mem, input.mem + kMemWords, record + kMem);
  std::copy(input.stack, input.stack + kStackWords, record + kStackIn);
  for (unsigned reg = 0; reg < kRegs; ++reg) {
    record[kIn + reg] =
        input.regs[reg] + (Has(input.pointers, reg)
                               ? reinterpret_cast<uint64_t>(record + kMem)
                               : 0);
  }
}

std::string Text(const char* format, unsigned index, uint64_t expected,
                 uint64_t actual) {
  char text[160];
  std::snprintf(text, sizeof(text), format, index,
                static_cast<unsigned long long>(expected),
                static_cast<unsigned long long>(actual));
  return text;
}

void PrintCode(const std::vector<Insn>& code) {
  std::vector<isa::Insn> insns(code.size());
  std::memcpy(insns.data(), code.data(), code.size() * sizeof(Insn));
  const isa::ConstInsns all(insns.data(), insns.size());
  for (size_t i = 0; i < all.size();) {
    isa::DecodedInsn insn;
    if (isa::Decode(all, i, insn) != isa::DecodeError::kNone) {
      std::fprintf(stderr, "  ?\n");
      return;
    }
    char buffer[128];
    TextWriter writer(buffer, sizeof(buffer));
    isa::Disassemble(insn, writer);
    std::fprintf(stderr, "  %3zu: %.*s\n", i,
                 static_cast<int>(writer.text().size()), writer.text().data());
    i += insn.slots;
  }
}

}  // namespace

bool RunProgram(Engine& engine, const std::vector<Insn>& code,
                const std::vector<InsnFacts>& facts, void* context,
                uint64_t& result) {
  Allocator& allocator = PortAllocator();
  ProgramParts parts;
  parts.type =
      FindProgramType(static_cast<uint32_t>(ProgramTypeId::kSocketFilter));
  Result<isa::Insns> insns = allocator.NewArray<isa::Insn>(code.size());
  Result<Span<InsnFacts>> known = allocator.NewArray<InsnFacts>(facts.size());
  EBPF_ASSERT(insns.ok() && known.ok());
  parts.insns = *insns;
  parts.facts = *known;
  std::memcpy(parts.insns.data(), code.data(), code.size() * sizeof(Insn));
  std::copy(facts.begin(), facts.end(), parts.facts.begin());
  Result<Ref<Program>> program = Program::Create(parts, engine, allocator);
  if (!program.ok()) {
    std::fprintf(stderr, "%s refuses a program of %zu: errno %d\n",
                 engine.name(), code.size(),
                 static_cast<int>(program.status()));
    allocator.DeleteArray(parts.insns);
    allocator.DeleteArray(parts.facts);
    return false;
  }
  result = (*program)->Run(context);
  return true;
}

void Batch::Add(Body body) {
  size_ += body.code.size() + 50;
  bodies_.push_back(std::move(body));
  if (size_ >= kMaxProgram) {
    Run();
  }
}

void Batch::Finish() {
  if (!bodies_.empty()) {
    Run();
  }
}

void Batch::Run() {
  Writer writer(knowledge_);
  size_t records = 0;
  writer.Append(Make(kStore64, kFrame, 1, kRecordSlot, 0));
  for (const Body& body : bodies_) {
    writer.AppendLoop(body);
    records += body.inputs.size();
  }
  writer.Append(Make(kMovImm, 0, 0, 0, 1));
  writer.Append(Make(kExit, 0, 0, 0, 0));
  if (knowledge_ == Knowledge::kNothing) {
    writer.facts.clear();
  }

  // Aligned as atomics want it.
  std::vector<uint64_t> memory(records * kRecordWords);
  uint64_t* record = memory.data();
  for (const Body& body : bodies_) {
    for (const Input& input : body.inputs) {
      FillRecord(input, record);
      record += kRecordWords;
    }
  }
  uint64_t result = 0;
  if (!RunProgram(engine_, writer.code, writer.facts, memory.data(), result) ||
      result != 1) {
    std::fprintf(stderr, "a program was refused, or gave %llu\n",
                 static_cast<unsigned long long>(result));
    ++tally_.mismatches;
  }
  ++tally_.programs;
  tally_.insns += writer.code.size();
  tally_.bodies += bodies_.size();
  tally_.cases += records;
  record = memory.data();
  for (const Body& body : bodies_) {
    reported_ = false;
    for (const Input& input : body.inputs) {
      Check(body, record, input);
      record += kRecordWords;
    }
  }
  bodies_.clear();
  size_ = 0;
}

void Batch::Check(const Body& body, const uint64_t* record,
                  const Input& input) {
  uint64_t before[kRecordWords];
  FillRecord(input, before);
  oracle::State state;
  std::copy(record + kIn, record + kIn + kRegs, state.regs);
  state.regs[kFrame] = record[kFrameOut];
  uint64_t stack[kStackWords];
  std::copy(input.stack, input.stack + kStackWords, stack);
  state.memory.push_back({reinterpret_cast<uint64_t>(record + kMem),
                          reinterpret_cast<uint8_t*>(before + kMem),
                          8 * kMemWords});
  if (body.uses_stack) {
    state.memory.push_back(
        {state.regs[kFrame] + static_cast<uint64_t>(int64_t{kStackOffset}),
         reinterpret_cast<uint8_t*>(stack), 8 * kStackWords});
  }
  if (oracle::Run(body.code, state) != oracle::Result::kDone) {
    Report(body, input, "the oracle does not take it");
    return;
  }
  std::string what;
  for (unsigned reg = 0; reg < kRegs; ++reg) {
    uint64_t expected = state.regs[reg];
    if (Has(body.shown_low, reg)) {
      expected = (expected & UINT32_MAX) | (kPoison & ~uint64_t{UINT32_MAX});
    } else if (!Has(body.shown, reg)) {
      continue;
    }
    if (record[kOut + reg] != expected) {
      what += Text("  r%u: oracle 0x%llx, engine 0x%llx\n", reg, expected,
                   record[kOut + reg]);
    }
  }
  for (unsigned word = kGuardBefore; word <= kGuardAfter; ++word) {
    if (record[word] != before[word]) {
      what += Text("  memory[%u]: oracle 0x%llx, engine 0x%llx\n", word - kMem,
                   before[word], record[word]);
    }
  }
  for (unsigned i = 0; i < kStackWords && body.uses_stack; ++i) {
    if (record[kStackOut + i] != stack[i]) {
      what += Text("  stack[%u]: oracle 0x%llx, engine 0x%llx\n", i, stack[i],
                   record[kStackOut + i]);
    }
  }
  if (!what.empty()) {
    Report(body, input, what);
  }
}

void Batch::Report(const Body& body, const Input& input,
                   const std::string& what) {
  ++tally_.mismatches;
  if (reported_ || reports_ == kMaxReports) {
    return;
  }
  reported_ = true;  // one for each body is enough
  ++reports_;
  std::fprintf(stderr, "%s: mismatch\n%s", engine_.name(), what.c_str());
  PrintCode(body.code);
  std::fprintf(stderr, "  shown 0x%x, low halves 0x%x\n", body.shown,
               body.shown_low);
  for (unsigned reg = 0; reg < kRegs; ++reg) {
    std::fprintf(stderr, "  r%u = 0x%llx%s\n", reg,
                 static_cast<unsigned long long>(input.regs[reg]),
                 Has(input.pointers, reg) ? " + the memory's address" : "");
  }
}

}  // namespace ebpf::conformance
