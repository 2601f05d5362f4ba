// SPDX-License-Identifier: MIT
//
// Puts together bodies of several instructions.
#pragma once

#include "testing/conformance/body.h"
#include "testing/conformance/catalog.h"

namespace ebpf::conformance {

inline constexpr unsigned kMov = 0xbf, kMov32 = 0xbc, kMovImm = 0xb7,
                          kMovImm32 = 0xb4, kAdd = 0x0f, kAddImm = 0x07,
                          kSub = 0x1f, kLsh = 0x67, kRsh = 0x77, kArsh = 0xc7,
                          kLsh32 = 0x64, kRsh32 = 0x74, kOr = 0x4f,
                          kAndImm = 0x57, kJa = 0x05;

/// A body that grows, and the registers that it has taken: all different. One
/// of them points to memory.
class Composer {
 public:
  explicit Composer(Random& random)
      : random_(random), pointer_(random.Register(taken_)) {}

  Random& random() { return random_; }
  unsigned pointer() const { return pointer_; }
  unsigned Fresh() { return random_.Register(taken_); }

  void Append(unsigned opcode, unsigned dst, unsigned src, int offset,
              int64_t imm) {
    body_.code.push_back(Make(opcode, dst, src, offset, imm));
  }
  void Constant(unsigned dst, uint64_t value);
  /// `op` with `dst`, and with `src` or a constant that it takes.
  void Alu(const AluOp& op, unsigned dst, unsigned src);
  /// From or to memory, aligned to the access. With offsets of both signs.
  void Load(const MemoryOp& op, unsigned dst);
  void Store(const MemoryOp& op, unsigned src, int64_t imm = 0);
  void Access(const MemoryOp& op, unsigned reg, int offset);

  /// An offset from `pointer()` that is inside the memory for `bytes`.
  int OffsetFor(unsigned bytes);

  /// Shows `reg` not at all, or its low half only, if chance wants it.
  void MayHide(unsigned reg);
  void Hide(unsigned reg);

  /// With `inputs` inputs. What is in `small` is below 8.
  Body Finish(size_t inputs, uint16_t small = 0);

  Body& body() { return body_; }

 private:
  Random& random_;
  Body body_;
  uint16_t taken_ = 0;
  const unsigned pointer_;
};

}  // namespace ebpf::conformance
