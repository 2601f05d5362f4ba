// SPDX-License-Identifier: MIT
//
// The helper that sums up what changed for an Internet checksum.
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/result.h"

namespace ebpf::helpers {
namespace {

/// `sum`, which ones' complement addition made, in 32 bits. [RFC 1071]
uint64_t FoldTo32(uint64_t sum) {
  sum = (sum & UINT32_MAX) + (sum >> 32);
  return (sum & UINT32_MAX) + (sum >> 32);
}

/// The words' sum, or with `inverted` that of their complements.
uint64_t Sum(uint64_t words, uint32_t size, bool inverted) {
  const auto* at = reinterpret_cast<const uint8_t*>(words);
  uint64_t sum = 0;  // of at most 2^30 words: it cannot overflow
  for (uint32_t i = 0; i < size; i += sizeof(uint32_t)) {
    const auto word = LoadUnaligned<uint32_t>(at + i);
    sum += inverted ? ~word : word;
  }
  return FoldTo32(sum);
}

}  // namespace

/// s64 bpf_csum_diff(from, from_size, to, to_size, seed): the checksum of `to`
/// less that of `from` plus `seed`, in 16 bits as Linux has it since 6.13 (on
/// some CPUs it was 32 bits of the same value before). -EINVAL for sizes that
/// are not multiples of 4.
uint64_t CsumDiff(uint64_t from, uint64_t from_size, uint64_t to,
                  uint64_t to_size, uint64_t seed) {
  const auto bytes_out = static_cast<uint32_t>(from_size);
  const auto bytes_in = static_cast<uint32_t>(to_size);
  if (((bytes_out | bytes_in) & 3) != 0) {
    return AsResult(Status::kInvalid);
  }
  uint64_t sum =
      FoldTo32(Sum(to, bytes_in, false) + Sum(from, bytes_out, true) +
               static_cast<uint32_t>(seed));
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

}  // namespace ebpf::helpers
