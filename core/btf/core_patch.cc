// SPDX-License-Identifier: MIT
//
// core/btf/core_relo.h's PatchInsn: a relocation's result becomes part of an
// instruction. Nothing is written unless all of it fits.
#include "core/base/memory.h"
#include "core/btf/core_relo.h"
#include "core/isa/insn.h"

namespace ebpf::btf {
namespace {

using isa::Insn;

// The fields of an opcode. [RFC 9669, section 3]
constexpr uint8_t kClassMask = 0x07;
constexpr uint8_t kSizeMask = 0x18;
constexpr uint8_t kSourceRegister = 0x08;
constexpr uint8_t kLoadImm64 = 0x18;
constexpr uint8_t kCall = 0x85;

enum Class : uint8_t {
  kLd = 0,
  kLdx = 1,
  kSt = 2,
  kStx = 3,
  kAlu = 4,
  kAlu64 = 7,
};

/// The bytes that an access takes, by its opcode's size field: W, H, B, DW.
constexpr uint32_t kSizes[] = {4, 2, 1, 8};

Status Refuse(TextWriter* log, uint32_t index, StringView what) {
  if (log != nullptr) {
    log->Put("insn #").PutUnsigned(index).Put(" ").Put(what).Put('\n');
  }
  return Status::kInvalid;
}

/// What is being patched: an instruction, and its second half if it has one.
struct Patch {
  Insn insn;
  Insn second;
  uint32_t index;
  bool has_second;
};

void Poison(Patch& patch) {
  Insn call{};
  call.opcode = kCall;
  call.imm = kPoisonedCall;
  patch.insn = call;
  patch.second = call;
}

Status PatchAlu(const CoreResult& result, Patch& patch, TextWriter* log) {
  if ((patch.insn.opcode & kSourceRegister) != 0) {
    return Refuse(log, patch.index, "(ALU) takes no constant");
  }
  const auto held = static_cast<uint64_t>(int64_t{patch.insn.imm});
  if (result.validate && held != result.old_value) {
    return Refuse(log, patch.index, "(ALU) holds something else");
  }
  patch.insn.imm = static_cast<int32_t>(result.new_value);
  return Status::kOk;
}

Status PatchAccess(const CoreResult& result, Patch& patch, TextWriter* log) {
  const auto held = static_cast<uint64_t>(int64_t{patch.insn.offset});
  if (result.validate && held != result.old_value) {
    return Refuse(log, patch.index, "(LDX/ST/STX) holds something else");
  }
  if (result.new_value > INT16_MAX) {
    (void)Refuse(log, patch.index, "(LDX/ST/STX) value too big");
    return Status::kOutOfRange;
  }
  if (result.wrong_size) {
    (void)Refuse(log, patch.index,
                 "(LDX/ST/STX) accesses field incorrectly. Make sure you are "
                 "accessing pointers, unsigned integers, or fields of matching "
                 "type and size.");
    Poison(patch);
    return Status::kOk;
  }
  if (result.new_size != result.old_size) {
    const uint8_t size_field = (patch.insn.opcode & kSizeMask) >> 3;
    if (kSizes[size_field] != result.old_size) {
      return Refuse(log, patch.index, "(LDX/ST/STX) is of another size");
    }
    uint8_t wanted = 0;
    while (wanted < 4 && kSizes[wanted] != result.new_size) {
      ++wanted;
    }
    if (wanted == 4) {
      return Refuse(log, patch.index, "(LDX/ST/STX) cannot have that size");
    }
    patch.insn.opcode =
        static_cast<uint8_t>((patch.insn.opcode & ~kSizeMask) | wanted << 3);
  }
  patch.insn.offset = static_cast<int16_t>(result.new_value);
  return Status::kOk;
}

Status PatchLoadImm64(const CoreResult& result, Patch& patch, TextWriter* log) {
  const Insn& second = patch.second;
  if (!patch.has_second || patch.insn.src != 0 || patch.insn.offset != 0 ||
      second.opcode != 0 || second.dst != 0 || second.src != 0 ||
      second.offset != 0) {
    return Refuse(log, patch.index, "(LDIMM64) has unexpected form");
  }
  const uint64_t held = uint64_t{static_cast<uint32_t>(second.imm)} << 32 |
                        static_cast<uint32_t>(patch.insn.imm);
  if (result.validate && held != result.old_value) {
    return Refuse(log, patch.index, "(LDIMM64) holds something else");
  }
  patch.insn.imm = static_cast<int32_t>(result.new_value);
  patch.second.imm = static_cast<int32_t>(result.new_value >> 32);
  return Status::kOk;
}

Status PatchOne(const CoreResult& result, Patch& patch, TextWriter* log) {
  if (result.poison) {
    Poison(patch);
    return Status::kOk;
  }
  switch (patch.insn.opcode & kClassMask) {
    case kAlu:
    case kAlu64:
      return PatchAlu(result, patch, log);
    case kLdx:
    case kSt:
    case kStx:
      return PatchAccess(result, patch, log);
    default:
      if (patch.insn.opcode == kLoadImm64) {
        return PatchLoadImm64(result, patch, log);
      }
      return Refuse(log, patch.index, "is not one that CO-RE patches");
  }
}

}  // namespace

Status PatchInsn(const CoreResult& result, Bytes code, uint32_t offset,
                 TextWriter* log) {
  constexpr uint32_t kSize = sizeof(Insn);
  if (offset % kSize != 0 || !code.Contains(offset, kSize)) {
    return Status::kInvalid;
  }
  Patch patch{};
  uint8_t* at = code.data() + offset;
  patch.insn = LoadUnaligned<Insn>(at);
  patch.index = offset / kSize;
  patch.has_second = patch.insn.opcode == kLoadImm64 &&
                     code.Contains(uint64_t{offset} + kSize, kSize);
  if (patch.has_second) {
    patch.second = LoadUnaligned<Insn>(at + kSize);
  }
  EBPF_TRY(PatchOne(result, patch, log));
  StoreUnaligned(at, patch.insn);
  if (patch.has_second) {
    StoreUnaligned(at + kSize, patch.second);
  }
  return Status::kOk;
}

}  // namespace ebpf::btf
