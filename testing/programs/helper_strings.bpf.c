// SPDX-License-Identifier: MIT
//
// Helpers on strings and numbers in them, with edge cases.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/outcomes.h"

#define WIDTH 72

static const char numbers[][WIDTH] = {
    "0",
    "123",
    "-123",
    "+7",
    "  42 rest",
    "\t\n 9",
    "0x1f",
    "0X1F",
    "-0x10",
    "017",
    "08",
    "0x",
    "0xg",
    "",
    "-",
    "- 5",
    "--5",
    "abc",
    "ff",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999",
    "0000000000000000000000000000000000000000000000000000000000000000012",
    "         "
    "                                                              7",
    "12\0003",
    "1_000",
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static __always_inline void read_all(__u64 flags) {
  for (__u32 i = 0; i < NUMBERS; ++i) {
    long value = 0x5a5a;
    record(bpf_strtol(numbers[i], WIDTH, flags, &value), value);
  }
}

static __always_inline void read_all_unsigned(__u64 flags) {
  for (__u32 i = 0; i < NUMBERS; ++i) {
    unsigned long value = 0x5a5a;
    record(bpf_strtoul(numbers[i], WIDTH, flags, &value), value);
  }
}

SEC("raw_tp")
int read_signed(void *ctx) {
  read_all(0);
  read_all(10);
  read_all(16);
  read_all(8);
  return 0;
}

SEC("raw_tp")
int read_unsigned(void *ctx) {
  read_all_unsigned(0);
  read_all_unsigned(16);
  return 0;
}

SEC("raw_tp")
int read_little(void *ctx) {
  long value = 1;
  record(bpf_strtol(numbers[1], 1, 10, &value), value);
  record(bpf_strtol(numbers[1], 2, 0, &value), value);
  record(bpf_strtol(numbers[6], 2, 0, &value), value);
  record(bpf_strtol(numbers[6], 1, 16, &value), value);
  record(bpf_strtol(numbers[4], 2, 0, &value), value);
  record(bpf_strtol(numbers[1], WIDTH, 2, &value), value);
  record(bpf_strtol(numbers[1], WIDTH, 32, &value), value);
  record(bpf_strtol(numbers[1], WIDTH, 10 | 1 << 20, &value), value);
  return 0;
}

static const char hello[] = "hello";
static const char empty[] = "";
static const char high[] = "\xff";

SEC("raw_tp")
int compare(void *ctx) {
  char text[8] = "hello";
  record(bpf_strncmp(text, 8, hello), 0);
  record(bpf_strncmp(text, 3, hello), 0);
  record(bpf_strncmp(text, 6, empty), 0);
  text[4] = 'p';
  record(bpf_strncmp(text, 5, hello), 0);
  record(bpf_strncmp(text, 4, hello), 0);
  text[0] = 'a';
  record(bpf_strncmp(text, 8, hello), 0);
  record(bpf_strncmp(text, 8, high), 0);
  text[0] = 0;
  record(bpf_strncmp(text, 8, hello), 0);
  record(bpf_strncmp(text, 8, empty), 0);
  return 0;
}

#define PRINT(room, format, ...)                                      \
  ({                                                                  \
    static const char fmt[] = format;                                 \
    unsigned long long args[] = {__VA_ARGS__};                        \
    struct outcome *outcome = next_outcome();                         \
    if (outcome) {                                                    \
      outcome->result =                                               \
          bpf_snprintf(outcome->text, room, fmt, args, sizeof(args)); \
    }                                                                 \
  })

SEC("raw_tp")
int print(void *ctx) {
  static const char word[] = "word";
  static const unsigned char address[16] = {192, 168, 1, 20, 5, 6, 7, 8,
                                            9,   10,  0, 0,  0, 0, 0, 1};
  PRINT(64, "%d %i %u %x %X", -1, -2, -3, 0xabcd, 0xabcd);
  PRINT(64, "%ld %lu %lx %lld %llu", -1, -2, -3, -4, -5);
  PRINT(64, "[%5d] [%-5d] [%05d] [%+d] [% d]", 42, 42, 42, 42, 42);
  PRINT(64, "%s [%6s] [%-6s] %%", (__u64)word, (__u64)word, (__u64)word);
  PRINT(64, "%pks|%s|%pks", (__u64)word, 1, 4095);
  PRINT(64, "%px %px", 0x1234, 0);
  PRINT(64, "%p %pK", 0, 0);
  PRINT(64, "%pi4 %pI4", (__u64)address, (__u64)address);
  PRINT(64, "%pI6", (__u64)address);
  PRINT(64, "%pi6", (__u64)address);
  PRINT(64, "%c%c|%3c|", 'a', 'b', 'c');
  PRINT(8, "cut off %d", 12345);
  PRINT(1, "nothing but a zero %d", 7);
  PRINT(64, "%d%d%d%d%d%d%d%d%d%d%d%d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  return 0;
}

SEC("raw_tp")
int print_nowhere(void *ctx) {
  static const char fmt[] = "twelve bytes";
  record(bpf_snprintf(0, 0, fmt, 0, 0), 0);
  char text[4] = "abc";
  record(bpf_snprintf(text, sizeof(text), fmt, 0, 0), *(__u32 *)text);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
