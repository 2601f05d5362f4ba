// SPDX-License-Identifier: MIT
//
// Small programs for the tests of the ebpf command. As probes they may
// be loaded, too; `exec` gives them memory in r1, which is then what they read.
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))

static const char license_text[] SEC("license") = "GPL";

static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const map_update)(void *map, const void *key, const void *value,
                                u64 flags) = (void *)2;

struct {
  int (*type)[1];  // a hash
  u32 *key;
  u64 *value;
  int (*max_entries)[16];
} values SEC(".maps");

u64 counter = 2;  // .data
const volatile u64 step = 3;

// The beginning of a probe's registers, and what `exec` is given.
struct input {
  u32 numbers[2];
};

SEC("kprobe/function") u64 answer(struct input *input) {
  (void)input;
  return 42;
}

SEC("kprobe/function") u64 sum(struct input *input) {
  return input->numbers[0] + input->numbers[1];
}

static __attribute__((noinline)) u64 add(u64 sum, u64 next) {
  __asm__ volatile("" : "+r"(sum));
  return sum + next;
}

SEC("kprobe/function") u64 triangle(struct input *input) {
  u64 result = 0;
  const u32 count = input->numbers[0] & 63;
  for (u32 i = 1; i <= 63; i++) {
    if (i > count) {
      break;
    }
    result = add(result, i);
  }
  return result;
}

SEC("kprobe/function") u64 globals(struct input *input) {
  (void)input;
  counter += step;
  return counter;
}

SEC("kprobe/function") u64 hash(struct input *input) {
  (void)input;
  const u32 key = 4;
  const u64 value = 9;
  map_update(&values, &key, &value, 0);
  u64 *found = map_lookup(&values, &key);
  return found == 0 ? 0 : *found;
}
