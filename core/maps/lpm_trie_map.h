// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_LPM_TRIE: values under prefixes.
#pragma once

#include "core/base/status.h"
#include "core/maps/lpm_trie.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// An LpmTrie as a map. Keys are a length in bits and as many bytes as the map
/// has; nodes are made when they are needed, as BPF_F_NO_PREALLOC asks, which
/// Linux demands.
class LpmTrieMap final : public Map {
 public:
  // Map. Lookup: kNotFound also for a length above that of the data. Update:
  // kNoSpace (full), kInvalid (the length). Delete: the prefix itself.
  Result<Bytes> Lookup(ConstBytes key) override;
  Status Update(ConstBytes key, ConstBytes value, UpdateMode mode) override;
  Status Delete(ConstBytes key) override;
  DirectLookup direct_lookup() const override;
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status UpdateFromUser(ConstBytes key, ConstBytes value,
                        UpdateMode mode) override;
  Status DeleteFromUser(ConstBytes key) override;
  Batches batches() const override { return Batches::kByKey; }
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateLpmTrieMap(const MapSpec& spec,
                                           Allocator& allocator);

  LpmTrieMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator), trie_(allocator) {}
  ~LpmTrieMap() = default;
  void Destroy() override;

  template <uint32_t kDataSize>
  static uint64_t LookUp(uint64_t map, uint64_t key, uint64_t, uint64_t,
                         uint64_t);
  struct OwnKey;
  /// kInvalid: too long. Reads the length once: a program's key may lie where
  /// others write.
  Result<LpmKey> KeyIn(ConstBytes bytes) const;

  Allocator& allocator_;
  LpmTrie trie_;
};

/// kInvalid, kNoMemory. Context: task.
Result<Ref<Map>> CreateLpmTrieMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
