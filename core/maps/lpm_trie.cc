// SPDX-License-Identifier: MIT
//
// core/maps/lpm_trie.h's implementation: changing the trie, and walking it. Its
// tables are in lpm_trie_jumps.cc.
#include "core/maps/lpm_trie.h"

#include "core/base/assert.h"

namespace ebpf {

Status LpmTrie::Init(uint32_t data_size, uint32_t value_size,
                     uint32_t max_entries) {
  data_size_ = data_size;
  value_size_ = value_size;
  max_entries_ = max_entries;
  value_offset_ = AlignUp<uint32_t>(data_size, 8);
  const size_t inner_size = sizeof(Node) + value_offset_;
  const size_t size = inner_size + AlignUp<size_t>(value_size, 8);
  nodes_ = EBPF_TRY(
      ElementCache::Create({size, 8, uint64_t{max_entries} + 1}, allocator_));
  inner_nodes_ =
      EBPF_TRY(ElementCache::Create({inner_size, 8, max_entries}, allocator_));
  return InitJumps();
}

LpmTrie::~LpmTrie() {
  if (nodes_ && inner_nodes_) {
    FreeNodes();
  }
  const Ref<ElementCache>* const caches[] = {&nodes_, &inner_nodes_, &jumps_};
  for (const Ref<ElementCache>* cache : caches) {
    if (*cache) {
      (*cache)->Close();
    }
  }
  allocator_.DeleteArray(first_jump_);
}

/// Of a trie that nobody uses any more. What is to be freed is in a list, by
/// the places of the tables.
void LpmTrie::FreeNodes() EBPF_NO_THREAD_SAFETY_ANALYSIS {
  const auto add = [this](Node* node, Node*& list) {
    if (node != nullptr) {
      FreeJump(node);
      node->jump.Store(reinterpret_cast<Slot*>(list), kRelaxed);
      list = node;
    }
  };
  Node* list = nullptr;
  add(root_.Load(kRelaxed), list);
  while (list != nullptr) {
    Node* const node = list;
    list = reinterpret_cast<Node*>(node->jump.Load(kRelaxed));
    add(node->children[0].Load(kRelaxed), list);
    add(node->children[1].Load(kRelaxed), list);
    (node->is_inner.Load(kRelaxed) != 0 ? inner_nodes_ : nodes_)->Free(node);
  }
  while (free_inner_ != nullptr) {
    Node* const node = free_inner_;
    free_inner_ = node->children[0].Load(kRelaxed);
    inner_nodes_->Free(node);
  }
}

LpmTrie::Spares LpmTrie::TakeSpares() {
  Spares spares;
  spares.node = static_cast<Node*>(nodes_->TakeAsTask());
  spares.inner = static_cast<Node*>(inner_nodes_->TakeAsTask());
  return spares;
}

void LpmTrie::GiveBack(Spares& spares) {
  if (spares.node != nullptr) {
    nodes_->Give(Exchange(spares.node, nullptr));
  }
  if (spares.inner != nullptr) {
    inner_nodes_->Give(Exchange(spares.inner, nullptr));
  }
}

/// Sees to it that `spares` has a node, and for a new key that there is one
/// inner node more.
Status LpmTrie::TakeFor(bool new_key, Spares& spares) {
  if (spares.node == nullptr) {
    spares.node = static_cast<Node*>(nodes_->Take());
  }
  if (new_key && spares.inner == nullptr) {
    spares.inner = static_cast<Node*>(inner_nodes_->Take());
  }
  if (spares.node == nullptr || (new_key && spares.inner == nullptr)) {
    GiveBack(spares);
    return Status::kNoMemory;
  }
  if (new_key) {
    Node* const inner = Exchange(spares.inner, nullptr);
    inner->is_inner.Store(1, kRelaxed);
    inner->children[0].Store(free_inner_, kRelaxed);
    free_inner_ = inner;
  }
  return Status::kOk;
}

LpmTrie::Node* LpmTrie::TakeInner() {
  Node* const node = free_inner_;
  EBPF_ASSERT(node != nullptr);  // each prefix brought one along
  free_inner_ = node->children[0].Load(kRelaxed);
  return node;
}

void LpmTrie::Give(Node* node) {
  // Releases that it is out of the trie: pairs with the first load in Find.
  changes_.Store(changes_.Load(kRelaxed) + 1, kRelease);
  // Before anything is written to it: pairs with the fence in Find.
  ThreadFence(kRelease);
  DropJump(node);
  if (node->is_inner.Load(kRelaxed) == 0) {
    nodes_->Give(node);
    return;
  }
  node->children[0].Store(free_inner_, kRelaxed);
  free_inner_ = node;
}

void LpmTrie::SetChildren(Node* node, Node* zero, Node* one) {
  // Releases: a stale reader on the node comes to what is whole.
  node->children[0].Store(zero, kRelease);
  node->children[1].Store(one, kRelease);
}

/// The place of `key`: its node, or the one that parts from it or begins with
/// it, or an empty one.
LpmTrie::Place LpmTrie::FindPlace(LpmKey key) {
  Place place = {&root_, root_.Load(kRelaxed), nullptr, nullptr, 0};
  while (place.node != nullptr) {
    const uint32_t length = place.node->length.Load(kRelaxed);
    place.common = Min(CommonBits<0>(place.node, key.data, place.common),
                       Min(length, key.length));
    if (place.common < length || length == key.length) {
      break;
    }
    place.parent = place.node;
    place.parent_link = place.link;
    place.link = &place.node->children[key.Bit(length)];
    place.node = place.link->Load(kRelaxed);
  }
  return place;
}

/// Puts `node`, which has the key, beside or above what is there.
void LpmTrie::PutApart(const Place& place, LpmKey key, Node* node) {
  Node* const other = place.node;
  if (place.common == key.length) {
    const bool one = other->Bit(place.common) != 0;
    SetChildren(node, one ? nullptr : other, one ? other : nullptr);
    place.link->Store(node, kRelease);
    return;
  }
  SetChildren(node, nullptr, nullptr);
  Node* const inner = TakeInner();
  inner->length.Store(place.common, kRelaxed);
  shared_bytes::Store(inner->data(), ConstBytes(key.data, data_size_));
  const bool one = key.Bit(place.common) != 0;
  SetChildren(inner, one ? other : node, one ? node : other);
  place.link->Store(inner, kRelease);
}

Status LpmTrie::Put(LpmKey key, ConstBytes value, UpdateMode mode,
                    Spares& spares) {
  const Place place = FindPlace(key);
  Node* const old = place.node;
  const bool same = old != nullptr &&
                    old->length.Load(kRelaxed) == key.length &&
                    place.common == key.length;
  const bool exists = same && old->is_inner.Load(kRelaxed) == 0;
  if (exists && mode == UpdateMode::kNoExist) {
    return Status::kExists;
  }
  if (!exists && mode == UpdateMode::kExist) {
    return Status::kNotFound;
  }
  if (!exists && count_ == max_entries_) {
    return Status::kNoSpace;
  }
  EBPF_TRY(TakeFor(!exists, spares));
  Node* const node = Exchange(spares.node, nullptr);
  node->length.Store(key.length, kRelaxed);
  shared_bytes::Store(node->data(), ConstBytes(key.data, data_size_));
  shared_bytes::Store(ValueOf(node), value);
  count_ += exists ? 0 : 1;
  if (same) {
    SetChildren(node, old->children[0].Load(kRelaxed),
                old->children[1].Load(kRelaxed));
    MoveJump(old, node);
    place.link->Store(node, kRelease);
  } else if (old == nullptr) {
    SetChildren(node, nullptr, nullptr);
    place.link->Store(node, kRelease);
  } else {
    PutApart(place, key, node);
  }
  RenewJumps(key, place.parent);
  if (same) {
    Give(old);
  }
  return Status::kOk;
}

Status LpmTrie::Remove(LpmKey key) {
  const Place place = FindPlace(key);
  Node* const node = place.node;
  if (node == nullptr || node->length.Load(kRelaxed) != key.length ||
      place.common != key.length || node->is_inner.Load(kRelaxed) != 0) {
    return Status::kNotFound;
  }
  --count_;
  Node* const zero = node->children[0].Load(kRelaxed);
  Node* const one = node->children[1].Load(kRelaxed);
  Node* also_gone = nullptr;
  if (zero != nullptr && one != nullptr) {
    Node* const inner = TakeInner();
    inner->length.Store(key.length, kRelaxed);
    shared_bytes::Store(inner->data(), ConstBytes(key.data, data_size_));
    SetChildren(inner, zero, one);
    MoveJump(node, inner);
    place.link->Store(inner, kRelease);
  } else if (zero == nullptr && one == nullptr && place.parent != nullptr &&
             place.parent->is_inner.Load(kRelaxed) != 0) {
    // With one child left the inner node is needed no more.
    const bool is_one = place.link == &place.parent->children[1];
    place.parent_link->Store(
        place.parent->children[is_one ? 0 : 1].Load(kRelaxed), kRelease);
    also_gone = place.parent;
  } else {
    place.link->Store(zero != nullptr ? zero : one, kRelease);
  }
  RenewJumps(key, also_gone == nullptr ? place.parent : nullptr);
  Give(node);
  if (also_gone != nullptr) {
    Give(also_gone);
  }
  inner_nodes_->Give(TakeInner());
  return Status::kOk;
}

uint8_t* LpmTrie::FindLocked(LpmKey key) {
  Node* const found = Walk<0>(key);
  return found == nullptr ? nullptr : ValueOf(found);
}

/// The first in NextKey's order; a node below which there are none.
LpmTrie::Node* LpmTrie::FirstIn(Node* node) {
  for (Node* below = node; below != nullptr;) {
    node = below;
    below = node->children[0].Load(kRelaxed);
    if (below == nullptr) {
      below = node->children[1].Load(kRelaxed);
    }
  }
  return node;
}

Status LpmTrie::NextKey(const LpmKey* key, Bytes next) {
  Node* const root = root_.Load(kRelaxed);
  Node* after = nullptr;  // the one that follows what is below `node`
  Node* node = key == nullptr ? nullptr : root;
  while (node != nullptr) {
    const uint32_t length = node->length.Load(kRelaxed);
    if (length > key->length || CommonBits<0>(node, key->data, 0) < length) {
      node = nullptr;
    } else if (length == key->length) {
      break;
    } else {
      Node* const one = node->children[1].Load(kRelaxed);
      if (key->Bit(length) == 0 && one != nullptr) {
        after = FirstIn(one);
      } else if (node->is_inner.Load(kRelaxed) == 0) {
        after = node;
      }
      node = node->children[key->Bit(length)].Load(kRelaxed);
    }
  }
  if (node == nullptr || node->is_inner.Load(kRelaxed) != 0) {
    after = root == nullptr ? nullptr : FirstIn(root);
  }
  if (after == nullptr) {
    return Status::kNotFound;
  }
  StoreUnaligned(next.data(), after->length.Load(kRelaxed));
  shared_bytes::Load(next.Subspan(sizeof(uint32_t)), after->data());
  return Status::kOk;
}

}  // namespace ebpf
