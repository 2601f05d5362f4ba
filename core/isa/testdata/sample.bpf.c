// SPDX-License-Identifier: MIT
//
// What clang makes of ordinary C, for the disassembler's test: each line of
// this is here for the instructions that it becomes under -mcpu=v4.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

static u64 (*const get_time)(void) = (void*)5;
static long (*const lookup)(void*, const void*) = (void*)1;

struct record {
  u64 count;
  u32 size;
  signed char level;
  short delta;
  int balance;
};

u64 total;
struct record last;

static __attribute__((noinline)) long Signed(long a, long b, int c) {
  return a / b + a % (b + 1) + c / 7 + (signed char)a + (short)b;
}

long Sample(struct record* record, u64 key) {
  u8 bytes[16];
  for (int i = 0; i < 16; ++i) {
    bytes[i] = key >> (i & 7);
  }
  __asm__ volatile("" : : "r"(bytes) : "memory");
  const long value = lookup(&last, bytes);
  if (value == 0) {
    return -1;
  }
  __sync_fetch_and_add(&total, 1);
  record->count = __sync_fetch_and_xor(&last.count, key);
  record->size += __sync_val_compare_and_swap(&last.size, 1, (u32)key);
  record->level = -3;
  if (record->delta > last.balance || (long)key > (1L << 40)) {
    record->balance = Signed(record->delta, last.balance, last.level);
  }
  return __builtin_bswap64(get_time()) % key +
         __builtin_bswap16((u16)record->size) * 0x1122334455667788UL;
}
