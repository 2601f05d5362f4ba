// SPDX-License-Identifier: MIT
//
// A doubly linked list whose links are in the elements. Not synchronised.
#pragma once

#include "core/base/types.h"

namespace ebpf {

/// What an element derives from. `Tag` tells lists apart when one object is in
/// several. An element that dies must not be in a list.
template <typename T, typename Tag = void>
class ListNode : public NonCopyable {
 public:
  bool IsLinked() const { return next_ != nullptr; }

 private:
  template <typename, typename>
  friend class IntrusiveList;

  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

template <typename T, typename Tag = void>
class IntrusiveList : public NonCopyable {
 public:
  using Node = ListNode<T, Tag>;

  class Iterator {
   public:
    explicit Iterator(Node* node) : node_(node) {}
    T& operator*() const { return *static_cast<T*>(node_); }
    T* operator->() const { return static_cast<T*>(node_); }
    Iterator& operator++() {
      node_ = node_->next_;
      return *this;
    }
    friend bool operator==(Iterator a, Iterator b) {
      return a.node_ == b.node_;
    }

   private:
    Node* node_;
  };

  constexpr IntrusiveList() { head_.next_ = head_.previous_ = &head_; }

  bool empty() const { return head_.next_ == &head_; }
  Iterator begin() { return Iterator(head_.next_); }
  Iterator end() { return Iterator(&head_); }

  /// Precondition: !empty().
  T& Front() { return *static_cast<T*>(head_.next_); }

  /// Precondition: `element` is in no list with this tag.
  void PushBack(T& element) {
    Node& node = element;
    node.previous_ = head_.previous_;
    node.next_ = &head_;
    head_.previous_->next_ = &node;
    head_.previous_ = &node;
  }

  /// Precondition: `element` is in this list.
  void Remove(T& element) {
    Node& node = element;
    node.previous_->next_ = node.next_;
    node.next_->previous_ = node.previous_;
    node.next_ = node.previous_ = nullptr;
  }

 private:
  Node head_;
};

}  // namespace ebpf
