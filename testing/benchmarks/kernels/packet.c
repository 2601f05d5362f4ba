/* SPDX-License-Identifier: MIT
 *
 * 64 packet headers parsed: fields in network order. */
#include "testing/benchmarks/kernels/kernel.h"

struct header {
  u16 ports[2];
  u32 addresses[2];
  u64 cookie;
  u16 length;
  u16 checksum;
  u32 sequence;
  u8 options[32];
};

INLINE u64 packet(u8 *mem) {
  u64 accepted = 0;
  u64 cookies = 0;
  for (u32 i = 0; i < 64; i++) {
    const struct header *header = (const struct header *)(mem + i * 64);
    const u32 source = __builtin_bswap32(header->addresses[0]);
    const u32 target = __builtin_bswap32(header->addresses[1]);
    const u16 port = __builtin_bswap16(header->ports[1]);
    const u16 length = __builtin_bswap16(header->length);
    u32 sum = (source >> 16) + (source & 0xffff) + (target >> 16) +
              (target & 0xffff) + port + length;
    sum = (sum >> 16) + (sum & 0xffff);
    OPAQUE(sum);
    if (port > 1023 && (source & 0xff) != 0 && length > 20) {
      accepted += sum;
      cookies ^= __builtin_bswap64(header->cookie) +
                 __builtin_bswap32(header->sequence);
    } else {
      accepted ^= __builtin_bswap16((u16)sum);
    }
    OPAQUE(accepted);
  }
  return accepted + cookies;
}

KERNEL(packet)
