// SPDX-License-Identifier: MIT
#include "testing/guest/fdt/fdt.h"

namespace guest {
namespace {

constexpr uint32_t kMagic = 0xd00dfeed;
constexpr uint32_t kBeginNode = 1;
constexpr uint32_t kEndNode = 2;
constexpr uint32_t kProperty = 3;
constexpr uint32_t kNop = 4;

/// Big-endian reading that never leaves its bytes.
class Reader {
 public:
  Reader(const uint8_t* bytes, size_t size) : bytes_(bytes), size_(size) {}

  bool At(size_t offset, uint32_t* value) const {
    if (offset > size_ || size_ - offset < 4) {
      return false;
    }
    const uint8_t* b = bytes_ + offset;
    *value = uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 |
             b[3];
    return true;
  }

  /// The text at `offset` if it ends inside the bytes, else null.
  const char* Text(size_t offset, size_t* length) const {
    for (size_t end = offset; end < size_; ++end) {
      if (bytes_[end] == 0) {
        *length = end - offset;
        return reinterpret_cast<const char*>(bytes_ + offset);
      }
    }
    return nullptr;
  }

  size_t size() const { return size_; }

 private:
  const uint8_t* bytes_;
  size_t size_;
};

bool StartsWith(const char* text, const char* prefix) {
  for (; *prefix != 0; ++text, ++prefix) {
    if (*text != *prefix) {
      return false;
    }
  }
  return true;
}

/// A property's bytes, as a range of the tree.
struct Property {
  size_t offset;
  uint32_t size;
};

/// What is asked for: a property of the first node whose name begins so.
struct Wanted {
  const char* node;
  const char* property;
};

bool Equals(const char* text, const char* other) {
  return StartsWith(text, other) && StartsWith(other, text);
}

/// Reads a property at `*at` and moves that behind it; `*is_it` says whether it
/// has the name. False if the tree is broken.
bool ReadProperty(const Reader& reader, size_t strings, const char* name,
                  size_t* at, Property* property, bool* is_it) {
  uint32_t name_offset = 0;
  if (!reader.At(*at, &property->size) || !reader.At(*at + 4, &name_offset)) {
    return false;
  }
  property->offset = *at + 8;
  size_t length = 0;
  const char* found = reader.Text(strings + name_offset, &length);
  *is_it = found != nullptr && Equals(found, name);
  *at = property->offset + ((size_t{property->size} + 3) & ~size_t{3});
  return true;
}

/// Walks the structure block from `at` on.
bool Walk(const Reader& reader, size_t at, size_t strings, Wanted wanted,
          Property* property) {
  bool in_node = false;
  for (;;) {
    uint32_t token = 0;
    if (!reader.At(at, &token)) {
      return false;
    }
    at += 4;
    if (token == kBeginNode) {
      size_t length = 0;
      const char* name = reader.Text(at, &length);
      if (name == nullptr) {
        return false;
      }
      in_node = StartsWith(name, wanted.node);
      at += (length + 4) & ~size_t{3};
    } else if (token == kProperty) {
      bool is_it = false;
      if (!ReadProperty(reader, strings, wanted.property, &at, property,
                        &is_it)) {
        return false;
      }
      if (is_it && in_node) {
        return true;
      }
    } else if (token == kEndNode) {
      in_node = false;
    } else if (token != kNop) {
      return false;
    }
  }
}

/// Where the wanted property is in the tree at `blob`, whose bytes `*tree` then
/// reads.
bool Find(const void* blob, size_t limit, Wanted wanted, Reader* tree,
          Property* property) {
  const auto* bytes = static_cast<const uint8_t*>(blob);
  const Reader head(bytes, limit);
  uint32_t magic = 0;
  uint32_t total = 0;
  uint32_t structure = 0;
  uint32_t strings = 0;
  if (!head.At(0, &magic) || magic != kMagic || !head.At(4, &total) ||
      !head.At(8, &structure) || !head.At(12, &strings) || total > limit) {
    return false;
  }
  *tree = Reader(bytes, total);
  return Walk(*tree, structure, strings, wanted, property);
}

}  // namespace

bool FindFdtMemory(const void* blob, size_t limit, FdtMemory* memory) {
  Reader tree(nullptr, 0);
  Property reg = {};
  if (!Find(blob, limit, {"memory@", "reg"}, &tree, &reg) || reg.size < 16) {
    return false;
  }
  uint32_t cells[4];
  for (size_t i = 0; i < 4; ++i) {
    if (!tree.At(reg.offset + 4 * i, &cells[i])) {
      return false;
    }
  }
  memory->base = uint64_t{cells[0]} << 32 | cells[1];
  memory->size = uint64_t{cells[2]} << 32 | cells[3];
  return memory->size != 0;
}

const char* FindFdtBootArguments(const void* blob, size_t limit) {
  Reader tree(nullptr, 0);
  Property arguments = {};
  if (!Find(blob, limit, {"chosen", "bootargs"}, &tree, &arguments)) {
    return nullptr;
  }
  size_t length = 0;
  const char* text = tree.Text(arguments.offset, &length);
  return text != nullptr && length < arguments.size ? text : nullptr;
}

}  // namespace guest
