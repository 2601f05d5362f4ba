// SPDX-License-Identifier: MIT
//
// core/sync/id_table.h's implementation.
#include "core/sync/id_table.h"

namespace ebpf {

void IdNode::LeaveTable() {
  if (tree_ != nullptr) {
    tree_->Remove(*this);
    tree_ = nullptr;
  }
}

void IdTree::Number(IdNode& node) {
  SpinGuard guard(lock_);
  NumberLocked(node);
}

void IdTree::NumberLocked(IdNode& node) {
  uint32_t id = last_id_ >= kMaxId ? 1 : last_id_ + 1;
  // Ids in use are passed one by one: after the last one only, and then there
  // is one that is free, since there are not as many objects.
  for (const IdNode* used = FirstFrom(id); used != nullptr && used->id_ == id;
       used = FirstFrom(id)) {
    id = id == kMaxId ? 1 : id + 1;
  }
  last_id_ = id;
  node.id_ = id;
}

void IdTree::Add(IdNode& node) {
  SpinGuard guard(lock_);
  if (node.id_ == 0) {
    NumberLocked(node);
  }
  IdNode** place = &root_;
  for (uint32_t bit = kTopBit; *place != nullptr; bit >>= 1) {
    place = &(*place)->children_[(node.id_ & bit) != 0];
  }
  *place = &node;
  node.tree_ = this;
}

void IdTree::Remove(IdNode& node) {
  SpinGuard guard(lock_);
  IdNode** place = &root_;
  for (uint32_t bit = kTopBit; *place != &node; bit >>= 1) {
    place = &(*place)->children_[(node.id_ & bit) != 0];
  }
  IdNode** leaf = place;
  for (IdNode** child = leaf; *child != nullptr;
       child = &(*leaf)->children_[(*leaf)->children_[0] == nullptr]) {
    leaf = child;
  }
  IdNode* heir = *leaf;
  *leaf = nullptr;
  if (heir != &node) {
    heir->children_[0] = node.children_[0];
    heir->children_[1] = node.children_[1];
    *place = heir;
  }
}

Result<uint32_t> IdTree::FirstId(uint32_t from) {
  SpinGuard guard(lock_);
  const IdNode* first = FirstFrom(from);
  if (first == nullptr) {
    return Status::kNotFound;
  }
  return first->id_;
}

IdNode* IdTree::FirstFrom(uint32_t from) const {
  IdNode* best = nullptr;
  const auto consider = [&](IdNode* node) {
    if (node->id_ >= from && (best == nullptr || node->id_ < best->id_)) {
      best = node;
    }
  };
  // Beside the way to `from`, only higher ids are to the right: the lowest of
  // them are where it is left last.
  IdNode* right = nullptr;
  uint32_t bit = kTopBit;
  for (IdNode* node = root_; node != nullptr; bit >>= 1) {
    consider(node);
    const bool goes_right = (from & bit) != 0;
    if (!goes_right && node->children_[1] != nullptr) {
      right = node->children_[1];
    }
    node = node->children_[goes_right];
  }
  while (right != nullptr) {
    consider(right);
    right = right->children_[right->children_[0] == nullptr];
  }
  return best;
}

}  // namespace ebpf
