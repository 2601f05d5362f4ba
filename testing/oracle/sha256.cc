// SPDX-License-Identifier: MIT
//
// testing/oracle/sha256.h's implementation, as the standard writes it: small
// rather than fast.
#include "testing/oracle/sha256.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf {
namespace {

// [FIPS 180-4, 4.2.2]
constexpr uint32_t kConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr uint32_t RotateRight(uint32_t word, unsigned count) {
  return word >> count | word << (32 - count);
}

constexpr uint32_t MixSchedule(uint32_t word, unsigned a, unsigned b,
                               unsigned shift) {
  return RotateRight(word, a) ^ RotateRight(word, b) ^ word >> shift;
}

constexpr uint32_t MixState(uint32_t word, unsigned a, unsigned b, unsigned c) {
  return RotateRight(word, a) ^ RotateRight(word, b) ^ RotateRight(word, c);
}

}  // namespace

void Sha256::AddBlock() {
  uint32_t w[64];
  for (unsigned t = 0; t < 16; ++t) {
    w[t] = BigEndian(LoadUnaligned<uint32_t>(block_ + 4 * t));
  }
  for (unsigned t = 16; t < 64; ++t) {
    w[t] = MixSchedule(w[t - 2], 17, 19, 10) + w[t - 7] +
           MixSchedule(w[t - 15], 7, 18, 3) + w[t - 16];
  }
  uint32_t a = state_[0], b = state_[1], c = state_[2], d = state_[3];
  uint32_t e = state_[4], f = state_[5], g = state_[6], h = state_[7];
  for (unsigned t = 0; t < 64; ++t) {
    const uint32_t choice = (e & f) ^ (~e & g);
    const uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    const uint32_t t1 =
        h + MixState(e, 6, 11, 25) + choice + kConstants[t] + w[t];
    const uint32_t t2 = MixState(a, 2, 13, 22) + majority;
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const uint32_t sum[8] = {a, b, c, d, e, f, g, h};
  for (unsigned i = 0; i < 8; ++i) {
    state_[i] += sum[i];
  }
}

void Sha256::Add(ConstBytes bytes) {
  for (const uint8_t byte : bytes) {
    block_[size_++ % kBlockSize] = byte;
    if (size_ % kBlockSize == 0) {
      AddBlock();
    }
  }
}

void Sha256::Finish(uint8_t (&digest)[kDigestSize]) {
  const uint64_t bits = BigEndian(size_ * 8);
  constexpr uint8_t kMark[] = {0x80};
  constexpr uint8_t kZero[] = {0};
  Add(kMark);
  while (size_ % kBlockSize != kBlockSize - sizeof(bits)) {
    Add(kZero);
  }
  Add(ConstBytes(reinterpret_cast<const uint8_t*>(&bits), sizeof(bits)));
  for (unsigned i = 0; i < 8; ++i) {
    StoreUnaligned(digest + 4 * i, BigEndian(state_[i]));
  }
}

}  // namespace ebpf
