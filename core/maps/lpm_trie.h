// SPDX-License-Identifier: MIT
//
// The trie behind BPF_MAP_TYPE_LPM_TRIE: prefixes, and the longest one that a
// key begins with.
//
// A node stands for a prefix, which the prefixes below it begin with; the next
// bit says which of its two children they are under. Where two prefixes part
// there is an inner node, which always has two children and no value. So there
// are less inner nodes than others. Nodes are made when they are needed, by a
// cache that any context can ask (element_cache.h), and each new prefix brings
// an inner node along: so to remove one never needs what is not there.
//
// Writers hold one lock. Each change becomes visible by one store of a pointer:
// a new value is a new node in the old one's place. What is taken out of the
// trie goes back to the cache of its kind and may be rewritten at once.
//
// Walking bit by bit takes long where many prefixes are. So there are tables
// that say where the next bits of a key lead: one for a key's first bits, and
// one for the eight bits behind each of some nodes, from which a change had far
// to walk. A slot has the first node that has at least all of these bits, and
// the longest prefix among the nodes that this leaps over. Tables add nothing
// to the trie: each change is made in the nodes first, and then in the slots
// that its key leads to (lpm_trie_jumps.cc), before what left goes back. A
// lookup comes past one of the places that a change has to write, the link or
// one slot, so it sees all of the change or nothing. A key that ends within a
// table's bits walks on bit by bit. There are few tables, and whoever finds
// none free does without.
//
// Lookups take no lock, but are in a read section. Nodes and tables are
// type-stable memory for as long: who stands on one that was taken out reads
// some node of this trie, never foreign memory, and moves to longer prefixes
// only, so it comes to an end. But what it finds may be wrong. So nodes and
// tables that leave are counted, after they left and before anything writes to
// them: a lookup that counted as many before as after has read nothing
// rewritten, and its answer was right when it began to walk or later. Else it
// walks again, and when others change the trie faster than it walks tries for
// the lock. It fails to get that, in the end, only where this CPU interrupted
// the holder: then nobody changes anything until it is done, and a last walk is
// right.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/maps/element_cache.h"
#include "core/maps/map_spec.h"
#include "core/maps/shared_bytes.h"
#include "core/memory/allocator.h"
#include "core/sync/spin_lock.h"

namespace ebpf {

/// A key as bpf(2) has it: how many bits of `data` count.
struct LpmKey {
  explicit LpmKey(const uint8_t* key)
      : length(LoadUnaligned<uint32_t>(key)), data(key + sizeof(length)) {}

  unsigned Bit(uint32_t at) const { return data[at / 8] >> (7 - at % 8) & 1; }

  uint32_t length;
  const uint8_t* data;
};

class LpmTrie : public NonCopyable {
  struct Node;

 public:
  /// Nodes for one Put, or none.
  class Spares {
   private:
    friend class LpmTrie;
    Node* node = nullptr;
    Node* inner = nullptr;
  };

  explicit LpmTrie(Allocator& allocator) : allocator_(allocator) {}
  ~LpmTrie();

  /// For keys with `data_size` bytes behind their length. kNoMemory, and it is
  /// good for destruction only. Context: task, once.
  Status Init(uint32_t data_size, uint32_t value_size, uint32_t max_entries);

  /// Where the value is of the longest prefix that `key` begins with, aligned
  /// to 8, or null. `kDataSize` is the data's size, or 0 for any.
  /// Context: any, in a read section.
  template <uint32_t kDataSize = 0>
  uint8_t* Find(LpmKey key);

  /// Spares, as far as there is memory; gives the rest of them back.
  /// Context: task, without the lock.
  Spares TakeSpares();
  void GiveBack(Spares& spares);

  /// Programs try it, tasks wait for it.
  SpinLock<LockRank::kMapBucket> lock;

  // Under the lock. `key.length` is not above that of the data. Keys are kept
  // with all of their bits.

  /// kNoSpace (full), kExists, kNotFound, kNoMemory (there is no node just
  /// now). A task brings `spares` along, whose rest it gives back.
  Status Put(LpmKey key, ConstBytes value, UpdateMode mode, Spares& spares)
      EBPF_REQUIRES(lock);
  Status Put(LpmKey key, ConstBytes value, UpdateMode mode)
      EBPF_REQUIRES(lock) {
    Spares none;
    return Put(key, value, mode, none);
  }
  /// kNotFound: only the prefix itself counts.
  Status Remove(LpmKey key) EBPF_REQUIRES(lock);
  uint8_t* FindLocked(LpmKey key) EBPF_REQUIRES(lock);
  /// The key after `key`, longer ones before those that they begin with; the
  /// first one if `key` (not of the trie, or null) is not there. kNotFound.
  Status NextKey(const LpmKey* key, Bytes next) EBPF_REQUIRES(lock);

  /// How many tables there are behind nodes.
  uint32_t jump_count() const EBPF_REQUIRES(lock) { return jump_count_; }

  uint32_t max_length() const { return data_size_ * 8; }

 private:
  /// Where a table leads from some bits.
  struct Slot {
    Atomic<Node*> next;  // the first node that has all of the bits
    Atomic<Node*> best;  // the longest prefix that has some of them
  };
  struct Node {
    Atomic<Node*> children[2];  // the first one: also the next free inner node
    Atomic<Slot*> jump;         // what the next kJumpBits lead to, or null
    Atomic<uint32_t> length;
    Atomic<uint32_t> is_inner;
    // Behind it the data, and unless it is inner the value, aligned to 8 each.

    uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
    unsigned Bit(uint32_t at) {
      return shared_bytes::internal::LoadPiece<uint8_t>(data() + at / 8) >>
                 (7 - at % 8) &
             1;
    }
  };
  static_assert(sizeof(Node) == 32);

  /// Where a node hangs in, and the one above it.
  struct Place {
    Atomic<Node*>* link;
    Node* node;
    Node* parent;
    Atomic<Node*>* parent_link;
    uint32_t common;  // how many bits of the node are those of the key
  };

  static constexpr uint32_t kJumpBits = 8;

  /// A table behind a node, as its cache has it. The cache may write to what is
  /// in front of the slots while somebody is at these.
  struct JumpBlock {
    alignas(64) uint8_t cache_part[64];
    Slot slots[1 << kJumpBits];
  };

  static constexpr unsigned kMaxTries = 32;
  static constexpr uint32_t kJumpSlots = 1 << kJumpBits;
  /// A change of the shortest prefix writes all slots of the first table.
  static constexpr uint32_t kMaxFirstBits = 12;
  /// So many prefixes have one more table in common.
  static constexpr uint32_t kEntriesOfJump = 64;
  /// A walk of so many nodes gets a table where it began.
  static constexpr uint32_t kLongWalk = 4;

  template <uint32_t kDataSize>
  uint32_t CommonBits(Node* node, const uint8_t* data, uint32_t known) const;
  template <uint32_t kDataSize>
  bool HasPrefix(Node* node, const uint8_t* data, uint32_t length) const;
  template <uint32_t kDataSize>
  Node* Walk(LpmKey key) const;
  uint8_t* ValueOf(Node* node) const { return node->data() + value_offset_; }

  Place FindPlace(LpmKey key) EBPF_REQUIRES(lock);
  void PutApart(const Place& place, LpmKey key, Node* node) EBPF_REQUIRES(lock);
  Status TakeFor(bool new_key, Spares& spares) EBPF_REQUIRES(lock);
  Node* TakeInner() EBPF_REQUIRES(lock);
  void Give(Node* node) EBPF_REQUIRES(lock);
  void FreeNodes();
  void FreeJump(Node* node);
  static void SetChildren(Node* node, Node* zero, Node* one);
  static Node* FirstIn(Node* node);

  /// What a table stands for, and where.
  struct Jump {
    Slot* slots;
    uint32_t begin;  // the first of its bits
    uint32_t end;
  };
  /// Slots of a table, all that lies under `node`, and what is above that.
  struct Part {
    Node* node;
    Node* best;
    uint32_t first;
    uint32_t count;
  };
  Status InitJumps();
  /// The first_bits_ of `data`.
  template <uint32_t kDataSize = 0>
  uint32_t FirstIndex(const uint8_t* data) const {
    const uint32_t second = kDataSize == 0 && data_size_ == 1 ? 0 : 1;
    return (uint32_t{data[0]} << 8 | data[second]) >> (16 - first_bits_);
  }
  /// The kJumpBits of `data` from bit `at` on.
  static uint32_t JumpIndex(const uint8_t* data, uint32_t at) {
    const uint32_t two = uint32_t{data[at / 8]} << 8 | data[(at + 7) / 8];
    return two >> (8 - at % 8) & (kJumpSlots - 1);
  }
  uint32_t IndexIn(const Jump& jump, const uint8_t* data) const {
    return jump.begin == 0 && jump.slots == first_jump_.data()
               ? FirstIndex(data)
               : JumpIndex(data, jump.begin);
  }
  void RenewJumps(LpmKey key, Node* above) EBPF_REQUIRES(lock);
  void RenewSlots(const Jump& jump, Node* top, LpmKey key) EBPF_REQUIRES(lock);
  void Fill(const Jump& jump, const Part& part) EBPF_REQUIRES(lock);
  Part FillOwn(const Jump& jump, const Part& part) EBPF_REQUIRES(lock);
  static void SetSlots(const Jump& jump, uint32_t begin, uint32_t end,
                       Node* next, Node* best);
  static JumpBlock* BlockOf(Slot* slots) {
    return reinterpret_cast<JumpBlock*>(reinterpret_cast<uint8_t*>(slots) -
                                        offsetof(JumpBlock, slots));
  }
  void MakeJump(Node* node) EBPF_REQUIRES(lock);
  void DropJump(Node* node) EBPF_REQUIRES(lock);
  static void MoveJump(Node* from, Node* to);

  Allocator& allocator_;
  Ref<ElementCache> nodes_;
  Ref<ElementCache> inner_nodes_;
  uint32_t data_size_ = 0;
  uint32_t value_size_ = 0;
  uint32_t value_offset_ = 0;  // from the data
  uint32_t max_entries_ = 0;
  uint32_t first_bits_ = 0;  // of first_jump_, or 0: there is none
  Span<Slot> first_jump_;
  Atomic<Node*> root_;
  /// Counts the nodes and tables that left the trie.
  Atomic<uint64_t> changes_;
  uint32_t count_ EBPF_GUARDED_BY(lock) = 0;
  /// With those in the trie as many as there are prefixes.
  Node* free_inner_ EBPF_GUARDED_BY(lock) = nullptr;
  Ref<ElementCache> jumps_;  // of JumpBlocks; null: there are none
  uint32_t max_jumps_ = 0;
  uint32_t jump_count_ EBPF_GUARDED_BY(lock) = 0;
};

/// How many bits are the same, of which `known` are known to be. Precondition:
/// there are as many.
template <uint32_t kDataSize>
inline uint32_t LpmTrie::CommonBits(Node* node, const uint8_t* data,
                                    uint32_t known) const {
  using shared_bytes::internal::LoadPiece;
  const uint32_t size = kDataSize == 0 ? data_size_ : kDataSize;
  const uint8_t* own = node->data();
  uint32_t at = kDataSize == 4 ? 0 : known / 64 * 8;
  for (; at + 8 <= size; at += 8) {
    const uint64_t differs = BigEndian(LoadPiece<uint64_t>(own + at) ^
                                       LoadUnaligned<uint64_t>(data + at));
    if (differs != 0) {
      return at * 8 + CountLeadingZeros(differs);
    }
  }
  if ((size & 4) != 0) {
    const uint32_t differs = BigEndian(LoadPiece<uint32_t>(own + at) ^
                                       LoadUnaligned<uint32_t>(data + at));
    if (differs != 0) {
      return at * 8 + (CountLeadingZeros(differs) - 32);
    }
    at += 4;
  }
  for (; at < size; ++at) {
    const uint32_t differs =
        static_cast<uint32_t>(LoadPiece<uint8_t>(own + at) ^ data[at]) << 24;
    if (differs != 0) {
      return at * 8 + (CountLeadingZeros(differs) - 32);
    }
  }
  return size * 8;
}

/// Whether `data` begins with the node's `length` bits. Precondition: there are
/// as many.
template <uint32_t kDataSize>
inline bool LpmTrie::HasPrefix(Node* node, const uint8_t* data,
                               uint32_t length) const {
  using shared_bytes::internal::LoadPiece;
  const uint8_t* own = node->data();
  if constexpr (kDataSize == 4) {
    const uint64_t differs =
        BigEndian(LoadPiece<uint32_t>(own) ^ LoadUnaligned<uint32_t>(data));
    return differs >> (32 - length) == 0;
  } else if constexpr (kDataSize == 8 || kDataSize == 16) {
    uint64_t before = 0;
    if (kDataSize == 16 && length > 64) {
      before = LoadPiece<uint64_t>(own) ^ LoadUnaligned<uint64_t>(data);
      own += 8;
      data += 8;
      length -= 64;
    }
    const uint64_t differs =
        BigEndian(LoadPiece<uint64_t>(own) ^ LoadUnaligned<uint64_t>(data));
    // In two steps: by 64 bits nothing can be shifted.
    return (before | (length == 0 ? 0 : differs >> (64 - length))) == 0;
  } else {
    return CommonBits<kDataSize>(node, data, 0) >= length;
  }
}

template <uint32_t kDataSize>
inline LpmTrie::Node* LpmTrie::Walk(LpmKey key) const {
  const uint32_t size = kDataSize == 0 ? data_size_ : kDataSize;
  if (key.length > size * 8) {
    return nullptr;
  }
  // Acquires, here and below: pair with the releases that link nodes.
  Node* found = nullptr;
  Node* node;
  uint32_t known = first_bits_;
  if (known != 0 && known <= key.length) {
    const Slot& slot = first_jump_[FirstIndex<kDataSize>(key.data)];
    found = slot.best.Load(kAcquire);
    node = slot.next.Load(kAcquire);
  } else {
    node = root_.Load(kAcquire);
    known = 0;
  }
  while (node != nullptr) {
    const uint32_t length = node->length.Load(kRelaxed);
    if (length < known || length > key.length ||
        !HasPrefix<kDataSize>(node, key.data, length)) {
      break;
    }
    if (node->is_inner.Load(kRelaxed) == 0) {
      found = node;
    }
    if (length == key.length) {
      break;
    }
    const Slot* const slots = node->jump.Load(kAcquire);
    if (slots == nullptr || length + kJumpBits > key.length) {
      known = length + 1;
      node = node->children[key.Bit(length)].Load(kAcquire);
      continue;
    }
    const Slot& slot = slots[JumpIndex(key.data, length)];
    Node* const best = slot.best.Load(kAcquire);
    found = best == nullptr ? found : best;
    known = length + kJumpBits;
    node = slot.next.Load(kAcquire);
  }
  return found;
}

template <uint32_t kDataSize>
inline uint8_t* LpmTrie::Find(LpmKey key) {
  Node* found = nullptr;
  for (unsigned tries = 0; tries < kMaxTries; ++tries) {
    // Acquires: pairs with the store in Give; what left before is not reached.
    const uint64_t before = changes_.Load(kAcquire);
    found = Walk<kDataSize>(key);
    // Pairs with the fence in Give: who read what was written after that sees
    // the count.
    ThreadFence(kAcquire);
    if (changes_.Load(kRelaxed) == before) {
      return found == nullptr ? nullptr : ValueOf(found);
    }
  }
  uintptr_t irq;
  if (lock.TryLock(irq)) {
    found = Walk<kDataSize>(key);
    lock.Unlock(irq);
  } else {
    found = Walk<kDataSize>(key);
  }
  return found == nullptr ? nullptr : ValueOf(found);
}

}  // namespace ebpf
