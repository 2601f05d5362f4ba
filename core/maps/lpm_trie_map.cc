// SPDX-License-Identifier: MIT
//
// core/maps/lpm_trie_map.h's implementation.
#include "core/maps/lpm_trie_map.h"

#include "core/base/assert.h"
#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_checks.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

constexpr uint32_t kMinKey = sizeof(uint32_t) + 1;
constexpr uint32_t kMaxData = 256;
/// Linux's node with the longest key is one kmalloc.
constexpr uint32_t kMaxValue = map_checks::kMaxElement - kMaxData - 24;

}  // namespace

void LpmTrieMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

/// A program's key, which others may change meanwhile: it lies in a map, say.
/// The trie reads it several times, and must find the same bits.
struct LpmTrieMap::OwnKey {
  explicit OwnKey(ConstBytes key) : size(key.size()) {
    EBPF_ASSERT(size <= sizeof(memory));
    CopyBytes(memory, key.data(), size);
  }
  ConstBytes bytes() const { return ConstBytes(memory, size); }

  const size_t size;
  uint8_t memory[sizeof(uint32_t) + kMaxData];
};

Result<LpmKey> LpmTrieMap::KeyIn(ConstBytes bytes) const {
  EBPF_ASSERT(bytes.size() == spec().key_size);
  const LpmKey key(bytes.data());
  if (key.length > trie_.max_length()) {
    return Status::kInvalid;
  }
  return key;
}

Result<Bytes> LpmTrieMap::Lookup(ConstBytes key) {
  EBPF_ASSERT(key.size() == spec().key_size);
  uint8_t* const value = trie_.Find(LpmKey(key.data()));
  if (value == nullptr) {
    return Status::kNotFound;
  }
  return Bytes(value, spec().value_size);
}

template <uint32_t kDataSize>
uint64_t LpmTrieMap::LookUp(uint64_t map, uint64_t key, uint64_t, uint64_t,
                            uint64_t) {
  auto& self = static_cast<LpmTrieMap&>(*reinterpret_cast<Map*>(map));
  return reinterpret_cast<uint64_t>(self.trie_.Find<kDataSize>(
      LpmKey(reinterpret_cast<const uint8_t*>(key))));
}

DirectLookup LpmTrieMap::direct_lookup() const {
  switch (spec().key_size - sizeof(uint32_t)) {
    case 4:
      return LookUp<4>;
    case 8:
      return LookUp<8>;
    case 16:
      return LookUp<16>;
    default:
      return LookUp<0>;
  }
}

Status LpmTrieMap::Update(ConstBytes key, ConstBytes value, UpdateMode mode) {
  EBPF_ASSERT(value.size() == spec().value_size);
  EBPF_TRY(map_checks::CheckMode(mode));
  const OwnKey own(key);
  const LpmKey prefix = EBPF_TRY(KeyIn(own.bytes()));
  uintptr_t irq;
  if (!trie_.lock.TryLock(irq)) {
    return Status::kBusy;
  }
  const Status status = trie_.Put(prefix, value, mode);
  trie_.lock.Unlock(irq);
  return status;
}

Status LpmTrieMap::Delete(ConstBytes key) {
  const OwnKey own(key);
  const LpmKey prefix = EBPF_TRY(KeyIn(own.bytes()));
  uintptr_t irq;
  if (!trie_.lock.TryLock(irq)) {
    return Status::kBusy;
  }
  const Status status = trie_.Remove(prefix);
  trie_.lock.Unlock(irq);
  return status;
}

Status LpmTrieMap::CopyValueOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(key.size() == spec().key_size);
  EBPF_ASSERT(value.size() == spec().value_size);
  const SpinGuard guard(trie_.lock);
  const uint8_t* const found = trie_.FindLocked(LpmKey(key.data()));
  if (found == nullptr) {
    return Status::kNotFound;
  }
  shared_bytes::Load(value, found);
  return Status::kOk;
}

Status LpmTrieMap::UpdateFromUser(ConstBytes key, ConstBytes value,
                                  UpdateMode mode) {
  EBPF_ASSERT(value.size() == spec().value_size);
  EBPF_TRY(map_checks::CheckMode(mode));
  const LpmKey prefix = EBPF_TRY(KeyIn(key));
  LpmTrie::Spares spares = trie_.TakeSpares();
  Status status;
  {
    const SpinGuard guard(trie_.lock);
    status = trie_.Put(prefix, value, mode, spares);
  }
  trie_.GiveBack(spares);
  return status;
}

Status LpmTrieMap::DeleteFromUser(ConstBytes key) {
  const LpmKey prefix = EBPF_TRY(KeyIn(key));
  const SpinGuard guard(trie_.lock);
  return trie_.Remove(prefix);
}

Status LpmTrieMap::NextKey(ConstBytes key, Bytes next) {
  EBPF_ASSERT(next.size() == spec().key_size);
  const SpinGuard guard(trie_.lock);
  if (key.empty()) {
    return trie_.NextKey(nullptr, next);
  }
  const Result<LpmKey> after = KeyIn(key);
  return trie_.NextKey(after.ok() ? &*after : nullptr, next);
}

Result<Ref<Map>> CreateLpmTrieMap(const MapSpec& spec, Allocator& allocator) {
  EBPF_TRY(map_checks::CheckFlags(spec.flags, linux_abi::kMapNoPrealloc |
                                                  linux_abi::kMapNumaNode |
                                                  map_checks::kAccessFlags));
  if ((spec.flags & linux_abi::kMapNoPrealloc) == 0 || spec.max_entries == 0 ||
      spec.key_size < kMinKey || spec.key_size > sizeof(uint32_t) + kMaxData ||
      spec.value_size == 0 || spec.value_size > kMaxValue) {
    return Status::kInvalid;
  }
  LpmTrieMap* map = EBPF_TRY(allocator.New<LpmTrieMap>(spec, allocator));
  return AdoptIfOk(
      map,
      map->trie_.Init(spec.key_size - static_cast<uint32_t>(sizeof(uint32_t)),
                      spec.value_size, spec.max_entries),
      allocator);
}

}  // namespace ebpf
