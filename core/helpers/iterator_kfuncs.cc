// SPDX-License-Identifier: MIT
//
// Open-coded iterators over numbers and bits, and kernel functions that say
// something to the verifier only. What an iterator is at lies in the program's
// own struct, which the verifier keeps it from touching.
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/helpers/kfunc_functions.h"
#include "core/helpers/result.h"
#include "core/platform/nofault.h"

namespace ebpf::helpers {
namespace {

/// Linux's BPF_MAX_LOOPS.
constexpr int64_t kMaxLoops = 1 << 23;

/// struct bpf_iter_num: before the next one, and behind the last one.
struct NumberIterator {
  int32_t current;
  int32_t end;
};
static_assert(sizeof(NumberIterator) == 8);

/// struct bpf_iter_bits. One word is a copy, more are read when it comes to
/// them (Linux copies them all).
struct BitIterator {
  uint64_t words;
  int32_t bit_count;
  int32_t bit;
};
static_assert(sizeof(BitIterator) == 16);

constexpr uint32_t kWordBits = 64;
constexpr uint32_t kMaxWords = 511;

/// Word `index` at `address`; false: it cannot be read.
bool ReadWord(uint64_t address, uint32_t index, uint64_t& word) {
  return ebpf_port_read_nofault(
      &word, static_cast<uintptr_t>(address + index * sizeof(word)),
      sizeof(word));
}

}  // namespace

uint64_t KfuncNothing(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return 0;
}

/// void* bpf_rdonly_cast(obj, type)
uint64_t KfuncRdonlyCast(uint64_t object, uint64_t, uint64_t, uint64_t,
                         uint64_t) {
  return object;
}

/// int bpf_iter_num_new(it, start, end): -EINVAL, -E2BIG, and it is at its end
/// then.
uint64_t IterNumNew(uint64_t iterator, uint64_t start, uint64_t end, uint64_t,
                    uint64_t) {
  auto& it = *reinterpret_cast<NumberIterator*>(iterator);
  const int64_t first = static_cast<int32_t>(start);
  const int64_t last = static_cast<int32_t>(end);
  it = {0, 0};
  if (first > last) {
    return AsResult(Status::kInvalid);
  }
  if (last - first > kMaxLoops) {
    return AsResult(Status::kTooBig);
  }
  // One before the first wraps around for the smallest number.
  it.current = static_cast<int32_t>(static_cast<uint32_t>(start) - 1);
  it.end = static_cast<int32_t>(end);
  return 0;
}

/// int* bpf_iter_num_next(it)
uint64_t IterNumNext(uint64_t iterator, uint64_t, uint64_t, uint64_t,
                     uint64_t) {
  auto& it = *reinterpret_cast<NumberIterator*>(iterator);
  const auto next = static_cast<int32_t>(static_cast<uint32_t>(it.current) + 1);
  if (next >= it.end) {
    it = {0, 0};
    return 0;
  }
  it.current = next;
  return reinterpret_cast<uint64_t>(&it.current);
}

/// int bpf_iter_bits_new(it, unsafe_ptr, nr_words): -EINVAL, -E2BIG, -EFAULT,
/// and there are no bits then.
uint64_t IterBitsNew(uint64_t iterator, uint64_t words, uint64_t count,
                     uint64_t, uint64_t) {
  auto& it = *reinterpret_cast<BitIterator*>(iterator);
  const auto word_count = static_cast<uint32_t>(count);
  it = {0, 0, -1};
  if (words == 0 || word_count == 0) {
    return AsResult(Status::kInvalid);
  }
  if (word_count > kMaxWords) {
    return AsResult(Status::kTooBig);
  }
  uint64_t word = 0;
  for (uint32_t i = word_count; i-- > 0;) {
    if (!ReadWord(words, i, word)) {
      return AsResult(Status::kFault);
    }
  }
  it.words = word_count == 1 ? word : words;
  it.bit_count = static_cast<int32_t>(word_count * kWordBits);
  return 0;
}

/// int* bpf_iter_bits_next(it): the next bit that is set.
uint64_t IterBitsNext(uint64_t iterator, uint64_t, uint64_t, uint64_t,
                      uint64_t) {
  auto& it = *reinterpret_cast<BitIterator*>(iterator);
  const auto count = static_cast<uint32_t>(it.bit_count);
  for (uint32_t bit = static_cast<uint32_t>(it.bit + 1); bit < count;) {
    uint64_t word = it.words;
    if (count > kWordBits && !ReadWord(it.words, bit / kWordBits, word)) {
      break;
    }
    word >>= bit % kWordBits;
    if (word != 0) {
      it.bit = static_cast<int32_t>(bit + CountTrailingZeros(word));
      return reinterpret_cast<uint64_t>(&it.bit);
    }
    bit += kWordBits - bit % kWordBits;
  }
  it.bit_count = 0;
  return 0;
}

}  // namespace ebpf::helpers
