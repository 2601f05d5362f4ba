// SPDX-License-Identifier: MIT
//
// core/maps/bloom_filter_map.h's implementation.
#include "core/maps/bloom_filter_map.h"

#include "core/base/assert.h"
#include "core/base/bits.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/hash_function.h"
#include "core/maps/map_checks.h"
#include "core/memory/per_cpu.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

constexpr uint64_t kMaxHashes = 15;
constexpr uint32_t kUsualHashes = 5;

/// The best number of hashes is ln 2 (5 / 7) for each bit of a value.
uint32_t MaskFor(uint64_t entries, uint32_t hashes) {
  const uint64_t bits = entries * hashes / 5 * 7;
  if (bits > uint64_t{1} << 31) {
    return UINT32_MAX;
  }
  return static_cast<uint32_t>(RoundUpToPowerOfTwo(bits < 64 ? 64 : bits) - 1);
}

}  // namespace

/// Two hashes make all of them: the one, plus the other n times, plus a number
/// that grows with the third power of n, so that the steps between two values'
/// bits differ even if both hashes share many bits.
class BloomFilterMap::Bits {
 public:
  Bits(const BloomFilterMap& map, ConstBytes value)
      : mask_(map.mask_),
        at_(HashKey(value, map.seed_)),
        step_(HashKey(value, ~map.seed_)) {}

  size_t word() const { return (at_ & mask_) / 64; }
  uint64_t bit() const { return uint64_t{1} << (at_ % 64); }
  void Advance() {
    at_ += step_;
    step_ += ++count_;
  }

 private:
  const uint32_t mask_;
  uint32_t at_;
  uint32_t step_;
  uint32_t count_ = 0;
};

BloomFilterMap::~BloomFilterMap() {
  if (words_ != nullptr) {
    allocator_.Free(words_, word_count() * sizeof(*words_), kCacheLine);
  }
}

void BloomFilterMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

Status BloomFilterMap::Init() {
  hash_count_ =
      spec().extra == 0 ? kUsualHashes : static_cast<uint32_t>(spec().extra);
  mask_ = MaskFor(spec().max_entries, hash_count_);
  if ((spec().flags & linux_abi::kMapZeroSeed) == 0) {
    seed_ = ebpf_port_random();
  }
  words_ = static_cast<Atomic<uint64_t>*>(
      allocator_.Allocate(word_count() * sizeof(*words_), kCacheLine));
  return words_ == nullptr ? Status::kNoMemory : Status::kOk;
}

// Bits are alone: nothing else is read because one is set. So no order.

Status BloomFilterMap::Push(ConstBytes value, uint64_t flags) {
  EBPF_ASSERT(value.size() == spec().value_size);
  if (flags != linux_abi::kUpdateAny) {
    return Status::kInvalid;
  }
  Bits bits(*this, value);
  for (uint32_t i = 0; i < hash_count_; ++i, bits.Advance()) {
    Atomic<uint64_t>& word = words_[bits.word()];
    if ((word.Load(kRelaxed) & bits.bit()) == 0) {
      word.FetchOr(bits.bit(), kRelaxed);
    }
  }
  return Status::kOk;
}

Status BloomFilterMap::Peek(Bytes value) {
  EBPF_ASSERT(value.size() == spec().value_size);
  Bits bits(*this, value);
  for (uint32_t i = 0; i < hash_count_; ++i, bits.Advance()) {
    if ((words_[bits.word()].Load(kRelaxed) & bits.bit()) == 0) {
      return Status::kNotFound;
    }
  }
  return Status::kOk;
}

Status BloomFilterMap::Delete(ConstBytes /*key*/) {
  return Status::kNotSupported;
}

Status BloomFilterMap::CopyValueOut(ConstBytes /*key*/, Bytes value) {
  return Peek(value);
}

Status BloomFilterMap::UpdateFromUser(ConstBytes /*key*/, ConstBytes value,
                                      UpdateMode mode) {
  return Push(value, static_cast<uint64_t>(mode));
}

Status BloomFilterMap::NextKey(ConstBytes /*key*/, Bytes /*next*/) {
  return Status::kNotSupported;
}

Result<Ref<Map>> CreateBloomFilterMap(const MapSpec& spec,
                                      Allocator& allocator) {
  if (spec.value_size > map_checks::kMaxElement) {
    return Status::kTooBig;
  }
  EBPF_TRY(map_checks::CheckFlags(spec.flags, linux_abi::kMapNumaNode |
                                                  linux_abi::kMapZeroSeed |
                                                  map_checks::kAccessFlags));
  if (spec.max_entries == 0 || spec.key_size != 0 || spec.value_size == 0 ||
      spec.extra > kMaxHashes) {
    return Status::kInvalid;
  }
  BloomFilterMap* map =
      EBPF_TRY(allocator.New<BloomFilterMap>(spec, allocator));
  return AdoptIfOk(map, map->Init(), allocator);
}

}  // namespace ebpf
