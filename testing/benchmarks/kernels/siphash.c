/* SPDX-License-Identifier: MIT
 *
 * SipHash-2-4 of 1024 bytes: rotations, and more values than registers. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 rotate(u64 x, u32 count) { return x << count | x >> (64 - count); }

struct sip {
  u64 a, b, c, d;
};

INLINE void sip_round(struct sip *s) {
  s->a += s->b;
  s->b = rotate(s->b, 13) ^ s->a;
  s->a = rotate(s->a, 32);
  s->c += s->d;
  s->d = rotate(s->d, 16) ^ s->c;
  s->a += s->d;
  s->d = rotate(s->d, 21) ^ s->a;
  s->c += s->b;
  s->b = rotate(s->b, 17) ^ s->c;
  s->c = rotate(s->c, 32);
}

INLINE void sip_word(struct sip *s, u64 word) {
  s->d ^= word;
  sip_round(s);
  sip_round(s);
  s->a ^= word;
}

INLINE u64 siphash(u8 *mem) {
  const u64 key0 = 0x0706050403020100ull;
  const u64 key1 = 0x0f0e0d0c0b0a0908ull;
  struct sip s = {
      key0 ^ 0x736f6d6570736575ull,
      key1 ^ 0x646f72616e646f6dull,
      key0 ^ 0x6c7967656e657261ull,
      key1 ^ 0x7465646279746573ull,
  };
  for (u32 i = 0; i < 128; i++) {
    sip_word(&s, *(u64 *)(mem + i * 8));
    OPAQUE(s.a);
  }
  sip_word(&s, 1024ull << 56);
  s.c ^= 0xff;
  sip_round(&s);
  sip_round(&s);
  sip_round(&s);
  sip_round(&s);
  return s.a ^ s.b ^ s.c ^ s.d;
}

KERNEL(siphash)
