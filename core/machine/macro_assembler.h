// SPDX-License-Identifier: MIT
//
// What core/jit asks of an instruction set in order to compile programs for it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/types.h"
#include "core/isa/op.h"
#include "core/machine/code_buffer.h"

namespace ebpf::machine {

/// A register by eBPF's number, r0..r10, or one of two that only the compiler
/// uses. Each CPU has a fixed place for it: r0 where C returns results, r1..r5
/// where C passes arguments, r6..r10 in registers that a C function preserves.
/// (Where C uses one register for both, r0 is elsewhere, and CallHelper and the
/// stubs move it.) The temporaries, and whatever else a back end needs for
/// itself, are lost in calls. r10 is changed only by Mov, and by Alu with a
/// constant.
using Reg = uint8_t;
inline constexpr Reg kFramePointerReg = isa::kFramePointer;
inline constexpr Reg kTemp0 = 11;
inline constexpr Reg kTemp1 = 12;
inline constexpr Reg kNoReg = 0xff;

/// Where memory is: base + (index << scale) + offset.
struct Address {
  Reg base = kNoReg;
  Reg index = kNoReg;  // kNoReg: none
  uint8_t scale = 0;   // 0..3
  int32_t offset = 0;
};

/// A register or a constant, which is sign-extended to the operation's width.
struct Operand {
  Reg reg = kNoReg;  // kNoReg: imm
  int32_t imm = 0;

  static constexpr Operand Of(Reg reg) { return {reg, 0}; }
  static constexpr Operand Imm(int32_t imm) { return {kNoReg, imm}; }
  constexpr bool is_imm() const { return reg == kNoReg; }
};

/// What the compiler knows around the instruction that it emits next. Zero
/// bits mean that nothing reads it; all ones, that nothing is known.
struct InsnContext {
  uint16_t live_after = 0xffff;        // bit r: rN is read later
  uint16_t live_upper_after = 0xffff;  // ... its upper half is
};

/// A function of a program, for its prologue and epilogue.
struct FrameInfo {
  uint16_t saved = 0;   // bit r: the function writes rN of r6..r9
  bool calls = false;   // it calls something: it needs a frame
  bool calls_c = true;  // the program calls C functions: sp must be aligned
};

/// The distance of a jump whose target is not known yet.
inline constexpr int64_t kUnknownDistance = INT64_MAX;
/// The distance of jumps over a few instructions that the compiler makes
/// itself: at most this many bytes.
inline constexpr int64_t kLocalDistance = 100;

/// The most bytes of an instruction's code.
struct CodeSize {
  uint8_t bytes = 0;
  uint8_t for_imm = 0;     // more, where imm has more than 8 bits
  uint8_t for_offset = 0;  // more, where offset has
};

/// arch/<isa>/macro_assembler.h has one type that satisfies this, and asserts
/// it. It is made of a CodeBuffer and the CPU's features (bits of its own
/// meaning, 0: what every such CPU has), and appends machine code.
///
/// Rules for all methods:
///
/// - `width` is 32 or 64; `bits` 8, 16, 32 or 64. A result of width 32 is
///   zero-extended to 64 bits, unless `context.live_upper_after` says that
///   nobody reads the upper half of that register. Operands of width 32 may
///   have anything in their upper halves.
/// - Registers may be the same in any combination. Only dst changes, the back
///   end's own scratch registers, and the flags.
/// - The same call with the same arguments, context and distance (or a smaller
///   one) emits at most as many bytes as before: the compiler makes a first
///   pass with unknown or too large distances, and trusts its offsets as upper
///   bounds.
/// - Constants take their shortest form. What is no instruction of the CPU is
///   made of several.
///
/// Jumps: `Branch`, `Jump`, `CallFunction` and `LoadFunctionAddress` are
/// emitted before their target is known, in the shortest form that reaches
/// `distance` bytes (counted from the end of the emitted code; kLocalDistance
/// must be short) and return which form it is, below 4. Later, `Patch` puts in
/// the real distance; `end` is where the emitted code ended, which the patched
/// part is right before, or at a place that the form tells.
///
///   Mov            dst = src
///   MovImm         dst = value, 64 bits
///   Alu            dst = lhs <op> rhs: add sub mul or and xor lsh rsh arsh.
///                  Counts of shifts in registers are taken modulo width.
///   Divide         kDiv, kSDiv, kMod, kSMod, by a register. `non_zero`: the
///                  divisor is known not to be 0; else x / 0 = 0, x % 0 = x.
///                  The smallest number by -1 gives itself, remainder 0.
///   MultiplyHigh   dst = the upper 64 bits of the 128-bit product, unsigned
///   Negate         dst = -src
///   ByteSwap       dst = src's low `bits` (16, 32, 64) reversed, zero-extended
///   ZeroExtend     dst = src's low `bits` (8, 16, 32)
///   SignExtend     dst = src's low `bits` (8, 16, 32), extended to width
///   RotateLeft     dst = src rotated by count, 0 < count < width
///   ExtractBits    dst = (src >> shift) & ((1 << count) - 1), width 64,
///                  count < 32; the CPU may have an instruction for it
///   Load           dst = what is at `from`, sign- or zero-extended to 64 bits
///   Store          at `to` = src's low `bits`, or the constant
///   LoadSwapped    as Load zero-extended, then ByteSwap
///   Atomic         at `to` = <op> src (add or and xor); not ordered
///   AtomicFetch    the same, src = what was there, zero-extended; fully
///                  ordered; `op` may be kXchg
///   CompareExchange  r0 with what is at `to`; if equal, src is stored; r0 =
///                  what was there, zero-extended. Fully ordered.
///   LoadAcquire, StoreRelease
///                  one access that later ones, or earlier ones, keep behind
///   Branch         if (lhs <condition> rhs), of width, jump; kSet: lhs & rhs
///   CallHelper     a C function of five arguments at `target`; r0 = result.
///                  `from` is where the code being emitted will run.
///   CallFunction   a function of this program
///   LoadFunctionAddress  dst = the address of a function of this program
///   Prologue, Epilogue   of a function; Epilogue without the return
///   MoveResult     r0 to where a C function returns it, after Epilogue
///   Return         to the caller
///   JumpTo         the address in a register
///   EntryStub      a C function (r1, r10) that calls the program's first
///                  function, at `distance`, preserving what C preserves;
///                  returns the form, as CallFunction
///   CallbackStub   a C function (const uint64_t* args, r10, function) that
///                  calls `function` with r1..r5 = args[0..4]
///   FillGuard      bytes that trap when executed
///   AtTarget       told before code that can be reached from elsewhere: what
///                  the assembler knows of registers and flags no longer holds
///   LoadAddress    dst = the address, where CanLoadAddress
///
/// Capabilities, which the compiler asks before it fuses:
///   CanAddress     whether Load and Store of `bits` take `address` in one go
///   kMemoryOperands  AluMemory (dst = dst <op> [from], zero-extended bits ==
///                  width) and MemoryAlu ([to] = [to] <op> src) exist
///   CanLoadAddress   whether LoadAddress takes `address`, in one instruction
///   HasSwappedLoad   LoadSwapped beats Load and ByteSwap
///   kEntryIsFunction  a function of the program that does MoveResult where it
///                  returns can be called as a C function of one argument: no
///                  EntryStub is needed
///   kShiftedOperands  AluShifted: dst = lhs <op> (rhs <shift> count), for add
///                  sub and or xor
///   kConditionalMove  MoveIf: if (lhs <condition> rhs), of width, dst = src
///   kKnowsSizes    the compiler emits at once, without measuring before:
///                  MostBytes says how much code an instruction is, of
///                  op_traits.h's words, on top of which come kPrologueBytes,
///                  kAddressCheckBytes for a load of kProbed memory, and
///                  kStubsBytes for the program. Where it is more, or a form
///                  no longer reaches, which Reaches tells, it is done again.
template <typename M>
concept MacroAssemblerFor =
    requires(M& m, const M& cm, isa::Operation op, unsigned width,
             unsigned bits, Reg dst, Reg src, Reg lhs, Reg rhs, Operand operand,
             const Address& address, uint64_t value, int64_t distance,
             const FrameInfo& frame, bool flag, CodeBuffer& buffer,
             uint64_t features, size_t end, uint8_t form, Span<uint8_t> bytes) {
      M(buffer, features);
      { m.context } -> SameAs<InsnContext&>;
      { m.Mov(width, dst, src) } -> SameAs<void>;
      { m.MovImm(dst, value) } -> SameAs<void>;
      { m.Alu(op, width, dst, lhs, operand) } -> SameAs<void>;
      { m.Divide(op, width, dst, lhs, rhs, flag) } -> SameAs<void>;
      { m.MultiplyHigh(dst, lhs, rhs) } -> SameAs<void>;
      { m.Negate(width, dst, src) } -> SameAs<void>;
      { m.ByteSwap(bits, dst, src) } -> SameAs<void>;
      { m.ZeroExtend(bits, dst, src) } -> SameAs<void>;
      { m.SignExtend(bits, width, dst, src) } -> SameAs<void>;
      { m.RotateLeft(width, dst, src, bits) } -> SameAs<void>;
      { m.ExtractBits(dst, src, bits, bits) } -> SameAs<void>;
      { m.Load(bits, flag, dst, address) } -> SameAs<void>;
      { m.Store(bits, address, operand) } -> SameAs<void>;
      { m.LoadSwapped(bits, dst, address) } -> SameAs<void>;
      { m.Atomic(op, width, address, src) } -> SameAs<void>;
      { m.AtomicFetch(op, width, address, src) } -> SameAs<void>;
      { m.CompareExchange(width, address, src) } -> SameAs<void>;
      { m.LoadAcquire(bits, dst, address) } -> SameAs<void>;
      { m.StoreRelease(bits, address, src) } -> SameAs<void>;
      { m.Branch(op, width, lhs, operand, distance) } -> SameAs<uint8_t>;
      { m.Jump(distance) } -> SameAs<uint8_t>;
      { m.CallHelper(value, value) } -> SameAs<void>;
      { m.CallFunction(distance) } -> SameAs<uint8_t>;
      { m.LoadFunctionAddress(dst, distance) } -> SameAs<uint8_t>;
      { m.Prologue(frame) } -> SameAs<void>;
      { m.Epilogue(frame) } -> SameAs<void>;
      { m.MoveResult() } -> SameAs<void>;
      { m.Return() } -> SameAs<void>;
      { m.JumpTo(src) } -> SameAs<void>;
      { m.AtTarget() } -> SameAs<void>;
      { m.LoadAddress(dst, address) } -> SameAs<void>;
      { m.EntryStub(distance) } -> SameAs<uint8_t>;
      { m.CallbackStub() } -> SameAs<void>;
      { M::FillGuard(bytes) } -> SameAs<void>;
      { M::Patch(bytes, end, form, distance) } -> SameAs<void>;
      { M::CanAddress(address, bits) } -> SameAs<bool>;
      { M::CanLoadAddress(address) } -> SameAs<bool>;
      { M::kEntryIsFunction } -> SameAs<const bool&>;
      { cm.HasSwappedLoad(bits) } -> SameAs<bool>;
    } &&
    (!M::kMemoryOperands ||
     requires(M& m, isa::Operation op, unsigned width, Reg dst,
              const Address& address, Operand operand) {
       { m.AluMemory(op, width, dst, address) } -> SameAs<void>;
       { m.MemoryAlu(op, width, address, operand) } -> SameAs<void>;
     }) &&
    (!M::kShiftedOperands ||
     requires(M& m, isa::Operation op, isa::Operation shift, unsigned width,
              Reg dst, Reg lhs, Reg rhs, unsigned count) {
       { m.AluShifted(op, width, dst, lhs, rhs, shift, count) } -> SameAs<void>;
     }) &&
    (!M::kConditionalMove ||
     requires(M& m, isa::Operation condition, unsigned width, Reg dst, Reg src,
              Reg lhs, Operand rhs) {
       { m.MoveIf(condition, width, lhs, rhs, dst, src) } -> SameAs<void>;
     }) &&
    (!M::kKnowsSizes ||
     requires(isa::Op op, isa::Family family, isa::Operation operation,
              unsigned width, bool flag, uint8_t form, int64_t distance) {
       { M::MostBytes(op, family, operation, width, flag) } -> SameAs<CodeSize>;
       { M::Reaches(form, distance) } -> SameAs<bool>;
       { M::kPrologueBytes } -> SameAs<const unsigned&>;
       { M::kAddressCheckBytes } -> SameAs<const unsigned&>;
       { M::kStubsBytes } -> SameAs<const unsigned&>;
     });

}  // namespace ebpf::machine
