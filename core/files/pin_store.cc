// SPDX-License-Identifier: MIT
//
// core/files/pin_store.h's implementation.
#include "core/files/pin_store.h"

#include "core/base/memory.h"

namespace ebpf {
namespace {

constinit PinStore pins;

/// Takes the next name off `path`, without slashes; empty at its end.
StringView NextName(StringView& path) {
  size_t begin = 0;
  while (begin < path.size() && path[begin] == '/') {
    ++begin;
  }
  size_t end = begin;
  while (end < path.size() && path[end] != '/') {
    ++end;
  }
  const StringView name = StringView(path.data() + begin, end - begin);
  path = path.Substring(end);
  return name;
}

bool HasDot(StringView name) {
  for (const char c : name) {
    if (c == '.') {
      return true;
    }
  }
  return false;
}

/// What is behind the root in `path`; null data where it is not below it.
StringView BelowRoot(StringView path) {
  if (path.empty() || path[0] != '/') {
    return StringView();
  }
  StringView root = PinStore::Root();
  for (StringView name = NextName(root); !name.empty(); name = NextName(root)) {
    StringView part = NextName(path);
    while (part == ".") {
      part = NextName(path);
    }
    if (part != name) {
      return StringView();
    }
  }
  return path.empty() ? StringView("/") : path;
}

}  // namespace

/// The first of each directory is known to it, or to the store.
struct PinStore::Node {
  Allocator& allocator;
  Node** link = nullptr;  // what points to it
  Node* next = nullptr;
  Node* parent = nullptr;  // null: the root
  Node* first = nullptr;   // of a directory
  Span<char> name;
  Ref<File> file;  // null: a directory
  uint32_t user_id = 0;

  explicit Node(Allocator& a) : allocator(a) {}
  StringView text() const { return StringView(name.data(), name.size()); }
};

/// Where a path leads.
struct PinStore::Place {
  Node* parent = nullptr;  // null: the root
  Node* node = nullptr;    // null: there is none of that name
  StringView name;         // empty: the parent, or the root, itself
  bool ends_with_slash = false;
};

PinStore& Pins() { return pins; }

Result<PinStore::Place> PinStore::Walk(StringView path, Status outside) {
  if (path.empty()) {
    return Status::kNotFound;
  }
  if (path.size() >= kMaxPath) {
    return Status::kNameTooLong;
  }
  const bool ends_with_slash = path[path.size() - 1] == '/';
  path = BelowRoot(path);
  if (path.empty()) {
    return outside;
  }
  Place place;
  place.ends_with_slash = ends_with_slash;
  for (StringView name = NextName(path); !name.empty(); name = NextName(path)) {
    // What was found before is the directory now.
    if (!place.name.empty()) {
      if (place.node == nullptr) {
        return Status::kNotFound;
      }
      if (place.node->file) {
        return Status::kNotDirectory;
      }
      place.parent = place.node;
      place.node = nullptr;
      place.name = StringView();
    }
    if (name == ".") {
      continue;
    }
    if (name == "..") {
      if (place.parent == nullptr) {
        return outside;
      }
      place.parent = place.parent->parent;
      continue;
    }
    if (name.size() > kMaxName) {
      return Status::kNameTooLong;
    }
    if (HasDot(name)) {
      return Status::kNotPermitted;
    }
    place.name = name;
    Node* node = place.parent == nullptr ? first_ : place.parent->first;
    while (node != nullptr && node->text() != name) {
      node = node->next;
    }
    place.node = node;
  }
  return place;
}

Status PinStore::Add(StringView path, const PinUser& user, Ref<File> file,
                     Allocator& allocator) {
  MutexGuard guard(mutex_);
  const Place place = EBPF_TRY(Walk(path, Status::kNotPermitted));
  if (place.name.empty() || place.node != nullptr) {
    return Status::kExists;
  }
  if (file && place.ends_with_slash) {
    return Status::kNotFound;
  }
  const uint32_t owner = place.parent == nullptr ? 0 : place.parent->user_id;
  if (!user.may_all && user.id != owner) {
    return Status::kAccess;
  }
  Node* node = EBPF_TRY(allocator.New<Node>(allocator));
  const Result<Span<char>> name = allocator.NewArray<char>(place.name.size());
  if (!name.ok()) {
    allocator.Delete(node);
    return name.status();
  }
  CopyBytes(name->data(), place.name.data(), place.name.size());
  node->name = *name;
  node->file = Move(file);
  node->user_id = user.id;
  node->parent = place.parent;
  Node*& first = place.parent == nullptr ? first_ : place.parent->first;
  node->next = first;
  if (first != nullptr) {
    first->link = &node->next;
  }
  node->link = &first;
  first = node;
  return Status::kOk;
}

Status PinStore::Pin(StringView path, const PinUser& user, Ref<File> file,
                     Allocator& allocator) {
  return Add(path, user, Move(file), allocator);
}

Status PinStore::MakeDirectory(StringView path, const PinUser& user,
                               Allocator& allocator) {
  return Add(path, user, Ref<File>(), allocator);
}

/// Null: the root.
Result<PinStore::Node*> PinStore::Find(StringView path, Status outside) {
  const Place place = EBPF_TRY(Walk(path, outside));
  if (place.name.empty()) {
    return place.parent;
  }
  if (place.node == nullptr) {
    return Status::kNotFound;
  }
  if (place.ends_with_slash && place.node->file) {
    return Status::kNotDirectory;
  }
  return place.node;
}

Result<Ref<File>> PinStore::Get(StringView path, const PinUser& user) {
  MutexGuard guard(mutex_);
  const Node* node = EBPF_TRY(Find(path, Status::kNotFound));
  if (node == nullptr || !node->file ||
      (!user.may_all && user.id != node->user_id)) {
    return Status::kAccess;
  }
  return node->file;
}

void PinStore::Unlink(Node* node) {
  *node->link = node->next;
  if (node->next != nullptr) {
    node->next->link = node->link;
  }
}

void PinStore::Free(Node* node) {
  Allocator& allocator = node->allocator;
  allocator.DeleteArray(node->name);
  allocator.Delete(node);
}

Status PinStore::Unlink(StringView path, const PinUser& user) {
  Ref<File> file;  // goes when the mutex is free: it may wait
  MutexGuard guard(mutex_);
  Node* node = EBPF_TRY(Find(path, Status::kNotPermitted));
  if (node == nullptr || !node->file) {
    return Status::kIsDirectory;
  }
  const uint32_t owner = node->parent == nullptr ? 0 : node->parent->user_id;
  if (!user.may_all && user.id != owner) {
    return Status::kAccess;
  }
  file = Move(node->file);
  Unlink(node);
  Free(node);
  return Status::kOk;
}

Status PinStore::RemoveDirectory(StringView path, const PinUser& user) {
  MutexGuard guard(mutex_);
  Node* node = EBPF_TRY(Find(path, Status::kNotPermitted));
  if (node == nullptr) {
    return Status::kBusy;
  }
  const uint32_t owner = node->parent == nullptr ? 0 : node->parent->user_id;
  if (!user.may_all && user.id != owner) {
    return Status::kAccess;
  }
  if (node->file) {
    return Status::kNotDirectory;
  }
  if (node->first != nullptr) {
    return Status::kNotEmpty;
  }
  Unlink(node);
  Free(node);
  return Status::kOk;
}

Status PinStore::Read(StringView path, uint32_t index, PinEntry& entry) {
  MutexGuard guard(mutex_);
  const Node* directory = EBPF_TRY(Find(path, Status::kNotFound));
  if (directory != nullptr && directory->file) {
    return Status::kNotDirectory;
  }
  const Node* node = directory == nullptr ? first_ : directory->first;
  for (; node != nullptr && index != 0; --index) {
    node = node->next;
  }
  if (node == nullptr) {
    return Status::kNotFound;
  }
  FillBytes(entry.name, 0, sizeof(entry.name));
  CopyBytes(entry.name, node->name.data(), node->name.size());
  entry.is_directory = !node->file;
  return Status::kOk;
}

void PinStore::Clear() {
  while (true) {
    Ref<File> file;  // goes when the mutex is free: it may wait
    MutexGuard guard(mutex_);
    Node* node = first_;
    if (node == nullptr) {
      return;
    }
    while (node->first != nullptr) {
      node = node->first;
    }
    file = Move(node->file);
    Unlink(node);
    Free(node);
  }
}

}  // namespace ebpf
