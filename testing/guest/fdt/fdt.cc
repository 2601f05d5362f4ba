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
    *value = uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 |
             uint32_t{b[2]} << 8 | b[3];
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

bool ReadRange(const Reader& reader, size_t offset, FdtMemory* memory) {
  uint32_t cells[4];
  for (size_t i = 0; i < 4; ++i) {
    if (!reader.At(offset + 4 * i, &cells[i])) {
      return false;
    }
  }
  memory->base = uint64_t{cells[0]} << 32 | cells[1];
  memory->size = uint64_t{cells[2]} << 32 | cells[3];
  return memory->size != 0;
}

/// Walks the structure block from `at` on.
bool Walk(const Reader& reader, size_t at, size_t strings, FdtMemory* memory) {
  bool in_memory = false;
  for (;;) {
    uint32_t token = 0;
    if (!reader.At(at, &token)) {
      return false;
    }
    at += 4;
    size_t length = 0;
    if (token == kBeginNode) {
      const char* name = reader.Text(at, &length);
      if (name == nullptr) {
        return false;
      }
      in_memory = StartsWith(name, "memory@");
      at += (length + 4) & ~size_t{3};
    } else if (token == kProperty) {
      uint32_t size = 0;
      uint32_t name_offset = 0;
      if (!reader.At(at, &size) || !reader.At(at + 4, &name_offset)) {
        return false;
      }
      const char* name = reader.Text(strings + name_offset, &length);
      if (in_memory && name != nullptr && length == 3 && size >= 16 &&
          StartsWith(name, "reg")) {
        return ReadRange(reader, at + 8, memory);
      }
      at += 8 + ((size_t{size} + 3) & ~size_t{3});
    } else if (token == kEndNode) {
      in_memory = false;
    } else if (token != kNop) {
      return false;
    }
  }
}

}  // namespace

bool FindFdtMemory(const void* blob, size_t limit, FdtMemory* memory) {
  const Reader head(static_cast<const uint8_t*>(blob), limit);
  uint32_t magic = 0;
  uint32_t total = 0;
  uint32_t structure = 0;
  uint32_t strings = 0;
  if (!head.At(0, &magic) || magic != kMagic || !head.At(4, &total) ||
      !head.At(8, &structure) || !head.At(12, &strings) || total > limit) {
    return false;
  }
  const Reader tree(static_cast<const uint8_t*>(blob), total);
  return Walk(tree, structure, strings, memory);
}

}  // namespace guest
