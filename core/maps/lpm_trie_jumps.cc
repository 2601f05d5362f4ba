// SPDX-License-Identifier: MIT
//
// The tables that shorten walks in core/maps/lpm_trie.h: making them, and
// writing to them what changed.
#include "core/base/assert.h"
#include "core/maps/lpm_trie.h"

namespace ebpf {

Status LpmTrie::InitJumps() {
  constexpr uint32_t kMinFirstBits = 4;
  if (max_entries_ < 1u << kMinFirstBits) {
    return Status::kOk;
  }
  const uint32_t bits = BitWidth(max_entries_) - 1;
  first_bits_ = Min(Min(bits, kMaxFirstBits), max_length());
  first_jump_ = EBPF_TRY(allocator_.NewArray<Slot>(size_t{1} << first_bits_));
  const uint32_t tables = max_entries_ / kEntriesOfJump;
  if (tables == 0 || max_length() <= kJumpBits) {
    return Status::kOk;
  }
  jumps_ = EBPF_TRY(ElementCache::Create(
      {sizeof(JumpBlock), alignof(JumpBlock), tables}, allocator_));
  max_jumps_ = tables;
  return Status::kOk;
}

/// Only what is different: slots are read by all CPUs.
void LpmTrie::SetSlots(const Jump& jump, uint32_t begin, uint32_t end,
                       Node* next, Node* best) {
  for (Slot *slot = jump.slots + begin, *last = jump.slots + end; slot != last;
       ++slot) {
    // Releases: pair with the acquires in Walk.
    if (slot->best.Load(kRelaxed) != best) {
      slot->best.Store(best, kRelease);
    }
    if (slot->next.Load(kRelaxed) != next) {
      slot->next.Store(next, kRelease);
    }
  }
}

/// Sets those slots of `part` that no child of its node leads to. What is left
/// lies under the children.
LpmTrie::Part LpmTrie::FillOwn(const Jump& jump, const Part& part) {
  const uint32_t end = part.first + part.count;
  if (part.node == nullptr) {
    SetSlots(jump, part.first, end, nullptr, part.best);
    return {nullptr, nullptr, end, 0};
  }
  const uint32_t length = part.node->length.Load(kRelaxed);
  uint32_t own = IndexIn(jump, part.node->data());
  uint32_t own_count = 1;
  if (length < jump.end) {
    own_count = 1u << (jump.end - length);
    own &= ~(own_count - 1);
  }
  SetSlots(jump, part.first, own, nullptr, part.best);
  SetSlots(jump, own + own_count, end, nullptr, part.best);
  if (length >= jump.end) {
    SetSlots(jump, own, own + 1, part.node, part.best);
    return {nullptr, nullptr, end, 0};
  }
  const bool is_inner = part.node->is_inner.Load(kRelaxed) != 0;
  return {part.node, is_inner ? part.best : part.node, own, own_count};
}

/// Sets all slots of `part`.
void LpmTrie::Fill(const Jump& jump, const Part& part) {
  // Each step puts two halves in the place of a whole.
  Part parts[kMaxFirstBits + 2];
  uint32_t count = 0;
  parts[count++] = part;
  while (count != 0) {
    const Part own = FillOwn(jump, parts[--count]);
    if (own.count == 0) {
      continue;
    }
    // Nobody comes past it here any more.
    DropJump(own.node);
    const uint32_t half = own.count / 2;
    EBPF_ASSERT(count + 2 <= kMaxFirstBits + 2);
    for (uint32_t i = 0; i < 2; ++i) {
      parts[count++] = {own.node->children[i].Load(kRelaxed), own.best,
                        own.first + i * half, half};
    }
  }
}

/// Sets the slots that `key` leads to. `top` is the first node under the
/// table's owner on the way to the key.
void LpmTrie::RenewSlots(const Jump& jump, Node* top, LpmKey key) {
  const uint32_t known = Min(key.length, jump.end);
  Part part = {top, nullptr, IndexIn(jump, key.data), 1u << (jump.end - known)};
  part.first &= ~(part.count - 1);
  while (part.node != nullptr) {
    Node* const node = part.node;
    const uint32_t length = node->length.Load(kRelaxed);
    if (CommonBits<0>(node, key.data, 0) < Min(length, known)) {
      part.node = nullptr;
    } else if (length >= known) {
      break;
    } else {
      part.best = node->is_inner.Load(kRelaxed) != 0 ? part.best : node;
      part.node = node->children[key.Bit(length)].Load(kRelaxed);
    }
  }
  Fill(jump, part);
}

/// Writes a change of `key` to the tables that lookups come past on the way to
/// it. The link that was changed is `above`'s, whose bits and what is above it
/// stayed as they were, or anywhere (null). Where the way is long it gets one
/// table more.
void LpmTrie::RenewJumps(LpmKey key, Node* above) {
  const uint32_t same = above == nullptr ? 0 : above->length.Load(kRelaxed);
  Node* node = root_.Load(kRelaxed);
  if (first_bits_ == 0) {
    return;
  }
  const Jump first = {first_jump_.data(), 0, first_bits_};
  if (same < first.end) {
    RenewSlots(first, node, key);
  }
  if (key.length < first.end) {
    return;
  }
  node = first.slots[FirstIndex(key.data)].next.Load(kRelaxed);
  Node* start = node;
  uint32_t walked = 0;
  while (node != nullptr) {
    const uint32_t length = node->length.Load(kRelaxed);
    if (length >= key.length || CommonBits<0>(node, key.data, 0) < length) {
      break;
    }
    ++walked;
    Node* const child = node->children[key.Bit(length)].Load(kRelaxed);
    Slot* const slots = node->jump.Load(kRelaxed);
    if (slots == nullptr) {
      node = child;
      continue;
    }
    const Jump jump = {slots, length, length + kJumpBits};
    if (same < jump.end) {
      RenewSlots(jump, child, key);
    }
    if (key.length < jump.end) {
      return;
    }
    node = slots[JumpIndex(key.data, length)].next.Load(kRelaxed);
    start = node;
    walked = 0;
  }
  if (walked >= kLongWalk) {
    MakeJump(start);
  }
}

/// Gives `node` a table, if there is one.
void LpmTrie::MakeJump(Node* node) {
  const uint32_t length = node->length.Load(kRelaxed);
  if (length + kJumpBits > max_length() || jump_count_ == max_jumps_) {
    return;
  }
  auto* const block = static_cast<JumpBlock*>(jumps_->Take());
  if (block == nullptr) {
    return;
  }
  ++jump_count_;
  Slot* const slots = block->slots;
  const Jump jump = {slots, length, length + kJumpBits};
  for (uint32_t i = 0; i < 2; ++i) {
    Fill(jump, {node->children[i].Load(kRelaxed), nullptr, i * kJumpSlots / 2,
                kJumpSlots / 2});
  }
  node->jump.Store(slots, kRelease);  // pairs with the acquire in Walk
}

/// Takes the table from `node`, if it has one.
void LpmTrie::DropJump(Node* node) {
  Slot* const slots = node->jump.Load(kRelaxed);
  if (slots == nullptr) {
    return;
  }
  node->jump.Store(nullptr, kRelaxed);
  // As in Give: counted, before anybody writes to it.
  changes_.Store(changes_.Load(kRelaxed) + 1, kRelease);
  ThreadFence(kRelease);
  --jump_count_;
  jumps_->Give(BlockOf(slots));
}

/// The same when the trie dies.
void LpmTrie::FreeJump(Node* node) {
  Slot* const slots = node->jump.Load(kRelaxed);
  if (slots != nullptr) {
    jumps_->Free(BlockOf(slots));
  }
}

/// `to`, which nobody knows yet, comes in the place of `from`.
void LpmTrie::MoveJump(Node* from, Node* to) {
  to->jump.Store(from->jump.Load(kRelaxed), kRelaxed);
  // Who is on `from` finds by its children what there was.
  from->jump.Store(nullptr, kRelaxed);
}

}  // namespace ebpf
