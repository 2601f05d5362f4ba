// SPDX-License-Identifier: MIT
//
// core/program/sha1.h's implementation, as the standard writes it: small rather
// than fast.
#include "core/program/sha1.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf {
namespace {

constexpr unsigned kRounds = 80;

constexpr uint32_t RotateLeft(uint32_t word, unsigned count) {
  return word << count | word >> (32 - count);
}

/// [FIPS 180-4, 4.1.1 and 4.2.1] f_t(b, c, d) + K_t.
constexpr uint32_t Mix(unsigned t, uint32_t b, uint32_t c, uint32_t d) {
  switch (t / 20) {
    case 0:
      return ((b & c) ^ (~b & d)) + 0x5a827999;
    case 1:
      return (b ^ c ^ d) + 0x6ed9eba1;
    case 2:
      return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
    default:
      return (b ^ c ^ d) + 0xca62c1d6;
  }
}

}  // namespace

void Sha1::AddBlock() {
  uint32_t w[kRounds];
  for (unsigned t = 0; t < 16; ++t) {
    w[t] = BigEndian(LoadUnaligned<uint32_t>(block_ + 4 * t));
  }
  for (unsigned t = 16; t < kRounds; ++t) {
    w[t] = RotateLeft(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  }
  uint32_t a = state_[0], b = state_[1], c = state_[2], d = state_[3];
  uint32_t e = state_[4];
  for (unsigned t = 0; t < kRounds; ++t) {
    const uint32_t next = RotateLeft(a, 5) + Mix(t, b, c, d) + e + w[t];
    e = d;
    d = c;
    c = RotateLeft(b, 30);
    b = a;
    a = next;
  }
  const uint32_t sum[5] = {a, b, c, d, e};
  for (unsigned i = 0; i < 5; ++i) {
    state_[i] += sum[i];
  }
}

void Sha1::Add(ConstBytes bytes) {
  for (const uint8_t byte : bytes) {
    block_[size_++ % kBlockSize] = byte;
    if (size_ % kBlockSize == 0) {
      AddBlock();
    }
  }
}

void Sha1::Finish(uint8_t (&digest)[kDigestSize]) {
  const uint64_t bits = BigEndian(size_ * 8);
  constexpr uint8_t kMark[] = {0x80};
  constexpr uint8_t kZero[] = {0};
  Add(kMark);
  while (size_ % kBlockSize != kBlockSize - sizeof(bits)) {
    Add(kZero);
  }
  Add(ConstBytes(reinterpret_cast<const uint8_t*>(&bits), sizeof(bits)));
  for (unsigned i = 0; i < 5; ++i) {
    StoreUnaligned(digest + 4 * i, BigEndian(state_[i]));
  }
}

}  // namespace ebpf
