// SPDX-License-Identifier: MIT
//
// What map_storm.bpf.c and the test around it share: the maps' sizes, values
// that say whose they are, and what is counted.
#pragma once

typedef __UINT64_TYPE__ storm_u64;

#define STORM_KEYS 64      // of the hashes, the array and the trie
#define STORM_LRU_KEYS 96  // of the LRU, more than it has room for
#define STORM_LRU_ENTRIES 48
#define STORM_QUEUE 64
#define STORM_RING 65536
#define STORM_ROUNDS 256         // of one run of storm_task
#define STORM_PREFIX_KEY 0x1000  // marks values of the trie's short prefixes

// A value. `word` tells key, CPU and version of who wrote it, and proves that
// somebody did; `inverse` is ~word.
struct storm_value {
  storm_u64 word;
  storm_u64 inverse;
};

static inline storm_u64 storm_check(storm_u64 word) {
  return ((word >> 16) * 0x9e3779b97f4a7c15ull) >> 48;
}
static inline storm_u64 storm_word(storm_u64 key, storm_u64 cpu,
                                   storm_u64 version) {
  storm_u64 word = key << 48 | (cpu & 255) << 40 | (version & 0xffffff) << 16;
  return word | storm_check(word);
}
static inline int storm_was_written(storm_u64 word) {
  return (word & 0xffff) == storm_check(word);
}
static inline unsigned int storm_key(storm_u64 word) {
  return (unsigned int)(word >> 48);
}
static inline unsigned int storm_cpu(storm_u64 word) {
  return (unsigned int)(word >> 40) & 255;
}

// A CPU's counts, changed by atomic additions: programs nest.
struct storm_counts {
  storm_u64 operations;
  storm_u64 busy;      // refused: what was interrupted holds the lock
  storm_u64 refused;   // for another reason that is allowed
  storm_u64 recycled;  // found values of another key, as is allowed
  // Wrong, all of them.
  storm_u64 never_written;
  storm_u64 wrong_key;
  storm_u64 wrong_cpu;
  storm_u64 unexpected;  // errors
  // Elements that came and went.
  storm_u64 hash_in;
  storm_u64 hash_out;
  storm_u64 per_cpu_in;
  storm_u64 per_cpu_out;
  storm_u64 trie_in;
  storm_u64 trie_out;
  storm_u64 pushed;
  storm_u64 pushed_sum;
  storm_u64 popped;
  storm_u64 popped_sum;
  storm_u64 records;      // submitted
  storm_u64 records_sum;  // of their words
  storm_u64 discarded;
  storm_u64 ring_full;
  storm_u64 version;  // of the next value
  storm_u64 tasks;    // runs of each program
  storm_u64 ticks;
  storm_u64 traps;
};
