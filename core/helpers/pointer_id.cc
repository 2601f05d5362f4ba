// SPDX-License-Identifier: MIT
//
// core/helpers/pointer_id.h's implementation.
#include "core/helpers/pointer_id.h"

namespace ebpf {
namespace {

constexpr uint64_t RotateLeft(uint64_t value, unsigned by) {
  return value << by | value >> (64 - by);
}

struct SipState {
  uint64_t v0, v1, v2, v3;

  void Rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v1 = RotateLeft(v1, 13) ^ v0;
      v0 = RotateLeft(v0, 32);
      v2 += v3;
      v3 = RotateLeft(v3, 16) ^ v2;
      v0 += v3;
      v3 = RotateLeft(v3, 21) ^ v0;
      v2 += v1;
      v1 = RotateLeft(v1, 17) ^ v2;
      v2 = RotateLeft(v2, 32);
    }
  }
  void Absorb(uint64_t word) {
    v3 ^= word;
    Rounds(2);
    v0 ^= word;
  }
};

}  // namespace

uint64_t SipHash24(const PointerKey& key, uint64_t word) {
  SipState state = {key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d,
                    key.low ^ 0x6c7967656e657261,
                    key.high ^ 0x7465646279746573};
  state.Absorb(word);
  state.Absorb(uint64_t{sizeof(word)} << 56);
  state.v2 ^= 0xff;
  state.Rounds(4);
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

uint32_t PointerId(const PointerKey& key, uint64_t address) {
  return static_cast<uint32_t>(SipHash24(key, address));
}

}  // namespace ebpf
