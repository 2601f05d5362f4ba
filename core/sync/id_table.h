// SPDX-License-Identifier: MIT
//
// Numbers of objects: by which one process finds what another has made.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/base/types.h"
#include "core/memory/ref_counted.h"
#include "core/sync/spin_lock.h"

namespace ebpf {

class IdTree;

/// The part of an object by which a table knows it. Leaves the table with the
/// object; nothing is allocated for it.
class IdNode : public NonCopyable {
 public:
  /// 0 before it got one; then it never changes. Context: any.
  uint32_t id() const { return id_; }

  /// Takes the object out of its table, if it is in one. Nobody else may do the
  /// same at once. Context: task.
  void LeaveTable();

 protected:
  constexpr IdNode() = default;
  ~IdNode() { LeaveTable(); }

 private:
  friend class IdTree;

  uint32_t id_ = 0;
  IdTree* tree_ = nullptr;
  IdNode* children_[2] = {};
};

/// Nodes in the order of their ids: a tree in which the bits of an id, highest
/// first, lead to it. It stands somewhere on this way, not always at its end,
/// so that each node is in the tree once and none is deeper than there are
/// bits; a node that leaves gives its place to any that is below.
class IdTree : public NonCopyable {
 public:
  /// Ids are 1 .. kMaxId, as Linux's are.
  static constexpr uint32_t kMaxId = 0x7ffffffe;

  constexpr IdTree() = default;

  /// Gives `node` the id after the one that was given last, from kMaxId on
  /// again with the lowest that no node in the tree has. Context: task.
  void Number(IdNode& node);
  /// Puts it in, numbered if it is not yet. Context: task.
  void Add(IdNode& node);
  void Remove(IdNode& node);

  /// The lowest id not below `from` in the tree; kNotFound. Context: task.
  Result<uint32_t> FirstId(uint32_t from);

  /// For tests: the id that was given last.
  void SetLastId(uint32_t id) {
    SpinGuard guard(lock_);
    last_id_ = id;
  }

 protected:
  ~IdTree() = default;

  IdNode* FirstFrom(uint32_t from) const EBPF_REQUIRES(lock_);

  SpinLock<LockRank::kIdTable> lock_;

 private:
  static constexpr uint32_t kTopBit = 1u << 30;

  void NumberLocked(IdNode& node) EBPF_REQUIRES(lock_);

  IdNode* root_ EBPF_GUARDED_BY(lock_) = nullptr;
  uint32_t last_id_ EBPF_GUARDED_BY(lock_) = 0;
};

/// The objects of one kind, a RefCounted IdNode each. It holds no reference:
/// an object that dies is not found any more.
template <typename T>
class IdTable final : public IdTree {
 public:
  constexpr IdTable() = default;

  /// The object `id`; kNotFound. Context: task.
  Result<Ref<T>> Find(uint32_t id) {
    SpinGuard guard(lock_);
    auto* object = static_cast<T*>(FirstFrom(id));
    if (object == nullptr || object->id() != id || !object->TryAcquire()) {
      return Status::kNotFound;
    }
    return Ref<T>::Adopt(object);
  }

  /// The living object with the lowest id not below `from`; kNotFound.
  /// Context: task.
  Result<Ref<T>> FindFrom(uint32_t from) {
    SpinGuard guard(lock_);
    while (auto* object = static_cast<T*>(FirstFrom(from))) {
      if (object->TryAcquire()) {
        return Ref<T>::Adopt(object);
      }
      from = object->id() + 1;
    }
    return Status::kNotFound;
  }
};

}  // namespace ebpf
