// SPDX-License-Identifier: MIT
//
// The tables of RFC 9669.
#include "testing/conformance/catalog.h"

namespace ebpf::conformance {
namespace {

std::vector<AluOp> MakeAluOps() {
  std::vector<AluOp> ops;
  for (const bool is_64 : {false, true}) {
    const unsigned base = is_64 ? 7 : 4;
    for (const unsigned code : {0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70,
                                0x90, 0xa0, 0xb0, 0xc0}) {
      const bool divides = code == 0x30 || code == 0x90;
      const bool shifts = code == 0x60 || code == 0x70 || code == 0xc0;
      for (const bool reg : {false, true}) {
        for (int16_t offset = 0; offset <= (divides ? 1 : 0); ++offset) {
          ops.push_back(
              {.opcode = static_cast<uint8_t>(base | code | (reg ? 8 : 0)),
               .offset = offset,
               .is_64 = is_64,
               .from_register = reg,
               .is_shift = shifts,
               .divides = divides});
        }
      }
    }
    ops.push_back({.opcode = static_cast<uint8_t>(base | 0x80),
                   .offset = 0,
                   .is_64 = is_64,
                   .unary = true});
    for (const int16_t bits : {8, 16, 32}) {
      if (bits < 32 || is_64) {
        ops.push_back({.opcode = static_cast<uint8_t>(base | 0xb8),
                       .offset = bits,
                       .is_64 = is_64,
                       .from_register = true});
      }
    }
  }
  for (const uint8_t opcode : {0xd4, 0xdc, 0xd7}) {
    for (const int32_t bits : {16, 32, 64}) {
      ops.push_back({.opcode = opcode,
                     .offset = 0,
                     .imm = bits,
                     .is_64 = opcode == 0xd7,
                     .unary = true});
    }
  }
  return ops;
}

std::vector<JumpOp> MakeJumpOps() {
  std::vector<JumpOp> ops;
  for (const bool is_64 : {false, true}) {
    for (const unsigned code :
         {0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0}) {
      for (const bool reg : {false, true}) {
        ops.push_back(
            {static_cast<uint8_t>((is_64 ? 5 : 6) | code | (reg ? 8 : 0)),
             is_64, reg});
      }
    }
  }
  return ops;
}

constexpr uint8_t kSizes[] = {0x10, 0x08, 0x00, 0x18};  // 1, 2, 4, 8 bytes

std::vector<MemoryOp> MakeMemoryOps(unsigned base, unsigned count,
                                    int32_t imm = 0) {
  std::vector<MemoryOp> ops;
  for (unsigned i = 0; i < count; ++i) {
    ops.push_back({static_cast<uint8_t>(base | kSizes[i]),
                   static_cast<uint8_t>(1 << i), imm});
  }
  return ops;
}

std::vector<MemoryOp> MakeLoadOps() {
  std::vector<MemoryOp> ops = MakeMemoryOps(0x61, 4);
  const std::vector<MemoryOp> extending = MakeMemoryOps(0x81, 3);
  ops.insert(ops.end(), extending.begin(), extending.end());
  return ops;
}

std::vector<MemoryOp> MakeAtomicOps() {
  std::vector<MemoryOp> ops;
  for (const int32_t imm :
       {0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1}) {
    ops.push_back({0xc3, 4, imm});
    ops.push_back({0xdb, 8, imm});
  }
  return ops;
}

}  // namespace

const std::vector<AluOp>& AluOps() {
  static const auto& ops = *new std::vector<AluOp>(MakeAluOps());
  return ops;
}
const std::vector<JumpOp>& JumpOps() {
  static const auto& ops = *new std::vector<JumpOp>(MakeJumpOps());
  return ops;
}
const std::vector<MemoryOp>& LoadOps() {
  static const auto& ops = *new std::vector<MemoryOp>(MakeLoadOps());
  return ops;
}
const std::vector<MemoryOp>& StoreOps() {
  static const auto& ops = *new std::vector<MemoryOp>(MakeMemoryOps(0x63, 4));
  return ops;
}
const std::vector<MemoryOp>& StoreImmOps() {
  static const auto& ops = *new std::vector<MemoryOp>(MakeMemoryOps(0x62, 4));
  return ops;
}
const std::vector<MemoryOp>& AtomicOps() {
  static const auto& ops = *new std::vector<MemoryOp>(MakeAtomicOps());
  return ops;
}
const std::vector<MemoryOp>& CompareExchangeOps() {
  static const auto& ops =
      *new std::vector<MemoryOp>{{0xc3, 4, 0xf1}, {0xdb, 8, 0xf1}};
  return ops;
}
const std::vector<MemoryOp>& LoadAcquireOps() {
  static const auto& ops =
      *new std::vector<MemoryOp>(MakeMemoryOps(0xc3, 4, 0x100));
  return ops;
}
const std::vector<MemoryOp>& StoreReleaseOps() {
  static const auto& ops =
      *new std::vector<MemoryOp>(MakeMemoryOps(0xc3, 4, 0x110));
  return ops;
}

unsigned CatalogSize() {
  constexpr unsigned kGotosAndConstant = 3;  // goto, gotol, the 64-bit constant
  return static_cast<unsigned>(
             AluOps().size() + JumpOps().size() + LoadOps().size() +
             StoreOps().size() + StoreImmOps().size() + AtomicOps().size() +
             CompareExchangeOps().size() + LoadAcquireOps().size() +
             StoreReleaseOps().size()) +
         kGotosAndConstant;
}

}  // namespace ebpf::conformance
