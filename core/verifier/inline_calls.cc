// SPDX-License-Identifier: MIT
//
// All of them may use r0 to r5, as helpers do. Sequences jump within
// themselves only, but for the call in InlineLoop.
#include "core/verifier/inline_calls.h"

#include <stddef.h>

#include "core/base/bits.h"
#include "core/program/run_context.h"

namespace ebpf::verifier {
namespace {

// Opcodes. [RFC 9669; opcodes.def for kLoadRun]
enum Opcode : uint8_t {
  kLoad32 = 0x61,
  kLoad64 = 0x79,
  kStore64 = 0x7b,
  kLoadImm64 = 0x18,
  kLoadRun = 0xe7,
  kMov = 0xbf,
  kMovImm = 0xb7,
  kMov32 = 0xbc,
  kAdd = 0x0f,
  kAddImm = 0x07,
  kMulImm = 0x27,
  kShiftLeftImm = 0x67,
  kGoto = 0x05,
  kJumpEqualImm = 0x15,
  kJumpNotEqualImm = 0x55,
  kJumpGreaterEqual = 0x3d,
  kJump32GreaterImm = 0x26,
  kJump32GreaterEqualImm = 0x36,
  kCall = 0x85,
};

/// Linux's BPF_MAX_LOOPS.
constexpr int32_t kMaxLoops = 1 << 23;

enum Reg : uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 };

isa::Insn Make(Opcode opcode, Reg dst, Reg src, int32_t offset, int32_t imm) {
  isa::Insn insn{};
  insn.opcode = opcode;
  insn.dst = dst & 0xf;
  insn.src = src & 0xf;
  insn.offset = static_cast<int16_t>(offset);
  insn.imm = imm;
  return insn;
}

InsnFacts Through(PointerKind kind) {
  InsnFacts facts{};
  facts.pointer = kind;
  return facts;
}

Status PutAddress(Rewriter& out, Reg dst, const void* address) {
  const auto word = reinterpret_cast<uint64_t>(address);
  EBPF_TRY(out.Put(Make(kLoadImm64, dst, r0, 0,
                        static_cast<int32_t>(static_cast<uint32_t>(word)))));
  isa::Insn upper{};
  upper.imm = static_cast<int32_t>(static_cast<uint32_t>(word >> 32));
  return out.Put(upper);
}

/// r0, an index, times the size of an element.
Status PutScale(Rewriter& out, uint32_t size) {
  if ((size & (size - 1)) == 0) {
    return out.Put(Make(kShiftLeftImm, r0, r0, 0,
                        static_cast<int32_t>(CountTrailingZeros(size))));
  }
  return out.Put(Make(kMulImm, r0, r0, 0, static_cast<int32_t>(size)));
}

Status PutCpu(Rewriter& out, Reg dst) {
  EBPF_TRY(out.Put(Make(kLoadRun, dst, r0, 0, 0)));
  return out.Put(Make(kLoad32, dst, dst, offsetof(RunContext, cpu), 0),
                 Through(PointerKind::kMemory));
}

/// r1 = where the values begin, of this CPU if each has its own.
Status PutBase(Rewriter& out, const ArrayLayout& layout) {
  if (layout.blocks == nullptr) {
    return PutAddress(out, r1, layout.base);
  }
  EBPF_TRY(PutCpu(out, r1));
  EBPF_TRY(out.Put(Make(kShiftLeftImm, r1, r0, 0, 3)));
  EBPF_TRY(PutAddress(out, r2, layout.blocks));
  EBPF_TRY(out.Put(Make(kAdd, r1, r2, 0, 0)));
  return out.Put(Make(kLoad64, r1, r1, 0, 0), Through(PointerKind::kMemory));
}

/// How many instructions PutScale and PutBase are.
int32_t SizeOfScaled(const ArrayLayout& layout) {
  return 1 + (layout.blocks == nullptr ? 2 : 7);
}

Status PutSaved(Rewriter& out, int32_t stack, bool restores) {
  for (int32_t i = 0; i < 3; ++i) {
    const Reg reg = static_cast<Reg>(r6 + i);
    const int32_t at = stack + 8 * i;
    EBPF_TRY(out.Put(restores ? Make(kLoad64, reg, r10, at, 0)
                              : Make(kStore64, r10, reg, at, 0),
                     Through(PointerKind::kStack)));
  }
  return Status::kOk;
}

}  // namespace

Status InlineCpuId(Rewriter& out) { return PutCpu(out, r0); }

Status InlineArrayLookup(Rewriter& out, const ArrayLayout& layout) {
  const int32_t found = SizeOfScaled(layout) + (layout.holds_results ? 3 : 2);
  EBPF_TRY(out.Put(Make(kLoad32, r0, r2, 0, 0)));
  EBPF_TRY(out.Put(Make(kJump32GreaterEqualImm, r0, r0, found,
                        static_cast<int32_t>(layout.entry_count))));
  EBPF_TRY(PutScale(out, layout.element_size));
  EBPF_TRY(PutBase(out, layout));
  EBPF_TRY(out.Put(Make(kAdd, r0, r1, 0, 0)));
  if (layout.holds_results) {
    // Depends on what is read there, which orders it as an acquire would.
    EBPF_TRY(
        out.Put(Make(kLoad64, r0, r0, 0, 0), Through(PointerKind::kMemory)));
  }
  EBPF_TRY(out.Put(Make(kGoto, r0, r0, 1, 0)));
  return out.Put(Make(kMovImm, r0, r0, 0, 0));
}

Status InlineLoop(Rewriter& out, uint32_t function, int32_t stack) {
  constexpr int32_t kInvalid = -static_cast<int32_t>(Status::kInvalid);
  constexpr int32_t kTooBig = -static_cast<int32_t>(Status::kTooBig);
  EBPF_TRY(out.Put(Make(kMovImm, r0, r0, 0, kInvalid)));
  EBPF_TRY(out.Put(Make(kJumpNotEqualImm, r4, r0, 18, 0)));
  EBPF_TRY(out.Put(Make(kMovImm, r0, r0, 0, kTooBig)));
  EBPF_TRY(out.Put(Make(kJump32GreaterImm, r1, r0, 16, kMaxLoops)));
  EBPF_TRY(PutSaved(out, stack, false));
  EBPF_TRY(out.Put(Make(kMov32, r6, r1, 0, 0)));  // the count, of 32 bits
  EBPF_TRY(out.Put(Make(kMovImm, r7, r0, 0, 0)));
  EBPF_TRY(out.Put(Make(kMov, r8, r3, 0, 0)));
  EBPF_TRY(out.Put(Make(kJumpGreaterEqual, r7, r6, 5, 0)));
  EBPF_TRY(out.Put(Make(kMov, r1, r7, 0, 0)));
  EBPF_TRY(out.Put(Make(kMov, r2, r8, 0, 0)));
  EBPF_TRY(out.PutCall(
      Make(kCall, r0, static_cast<Reg>(isa::kCallSubprogram), 0, 0), function));
  EBPF_TRY(out.Put(Make(kAddImm, r7, r0, 0, 1)));
  EBPF_TRY(out.Put(Make(kJumpEqualImm, r0, r0, -6, 0)));
  EBPF_TRY(out.Put(Make(kMov, r0, r7, 0, 0)));
  return PutSaved(out, stack, true);
}

}  // namespace ebpf::verifier
