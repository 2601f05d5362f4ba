// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/device_tree.h"

#include <stddef.h>

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace hermit {
namespace {

using ebpf::ConstBytes;

constexpr uint32_t kMagic = 0xd00dfeed;
constexpr size_t kHeaderSize = 40;

// Words of the header.
constexpr size_t kTotalSize = 4;
constexpr size_t kStructOffset = 8;
constexpr size_t kStringsOffset = 12;

enum Token : uint32_t {
  kBeginNode = 1,
  kEndNode = 2,
  kProperty = 3,
  kNop = 4,
};

uint32_t Word(ConstBytes bytes, size_t offset) {
  return ebpf::BigEndian(ebpf::LoadUnaligned<uint32_t>(bytes.data() + offset));
}

uint64_t DoubleWord(ConstBytes bytes, size_t offset) {
  return uint64_t{Word(bytes, offset)} << 32 | Word(bytes, offset + 4);
}

// The zero-terminated string at the start of `bytes`, without its zero; false
// if there is no zero.
bool ReadString(ConstBytes bytes, ConstBytes* string) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == 0) {
      *string = bytes.First(i);
      return true;
    }
  }
  return false;
}

// Whether a node's name is `wanted`, with or without a unit address.
bool NameMatches(ConstBytes name, const char* wanted) {
  size_t i = 0;
  while (wanted[i] != 0) {
    if (i == name.size() || name[i] != static_cast<uint8_t>(wanted[i])) {
      return false;
    }
    ++i;
  }
  return i == name.size() || name[i] == '@';
}

bool IsReg(ConstBytes strings, uint32_t offset) {
  constexpr uint8_t kReg[] = {'r', 'e', 'g', 0};
  return strings.Contains(offset, sizeof(kReg)) &&
         EqualBytes(strings.Subspan(offset, sizeof(kReg)), kReg);
}

// Walks the structure block; `depth` counts open nodes, `matched` how many of
// them, from the root on, lie on the path.
class Walk {
 public:
  Walk(ConstBytes structure, ConstBytes strings,
       ebpf::Span<const char* const> path, MemoryRange* range)
      : structure_(structure), strings_(strings), path_(path), range_(range) {}

  bool Run() {
    while (structure_.Contains(at_, 4)) {
      const uint32_t token = Word(structure_, at_);
      at_ += 4;
      switch (token) {
        case kBeginNode:
          if (!BeginNode()) {
            return false;
          }
          break;
        case kEndNode:
          if (depth_ == 0) {
            return false;
          }
          --depth_;
          matched_ = ebpf::Min(matched_, depth_);
          break;
        case kProperty:
          if (!Property()) {
            return found_;
          }
          break;
        case kNop:
          break;
        default:
          return false;  // the tree's end, or no token
      }
    }
    return false;
  }

 private:
  bool BeginNode() {
    ConstBytes name;
    if (!ReadString(structure_.Subspan(at_), &name)) {
      return false;
    }
    // The root has no name and is on every path.
    const bool on_path =
        depth_ == 0 || (matched_ == depth_ && matched_ - 1 < path_.size() &&
                        NameMatches(name, path_[matched_ - 1]));
    ++depth_;
    matched_ = on_path ? depth_ : matched_;
    at_ = ebpf::AlignUp<size_t>(at_ + name.size() + 1, 4);
    return true;
  }

  // False where the walk ends: found, or damaged.
  bool Property() {
    if (!structure_.Contains(at_, 8)) {
      return false;
    }
    const uint32_t size = Word(structure_, at_);
    const uint32_t name = Word(structure_, at_ + 4);
    at_ += 8;
    if (!structure_.Contains(at_, size)) {
      return false;
    }
    const bool here = matched_ == depth_ && depth_ == path_.size() + 1;
    if (here && IsReg(strings_, name) && size >= 16) {
      *range_ = {DoubleWord(structure_, at_), DoubleWord(structure_, at_ + 8)};
      found_ = true;
      return false;
    }
    at_ = ebpf::AlignUp<size_t>(at_ + size, 4);
    return true;
  }

  const ConstBytes structure_;
  const ConstBytes strings_;
  const ebpf::Span<const char* const> path_;
  MemoryRange* const range_;
  size_t at_ = 0;
  size_t depth_ = 0;
  size_t matched_ = 0;
  bool found_ = false;
};

}  // namespace

uint64_t DeviceTreeSize(ConstBytes header) {
  if (header.size() < kHeaderSize || Word(header, 0) != kMagic) {
    return 0;
  }
  return Word(header, kTotalSize);
}

bool FindRange(ConstBytes tree, ebpf::Span<const char* const> path,
               MemoryRange* range) {
  const uint64_t size = DeviceTreeSize(tree);
  if (size < kHeaderSize || size > tree.size()) {
    return false;
  }
  const ConstBytes whole = tree.First(size);
  const uint32_t structure = Word(whole, kStructOffset);
  const uint32_t strings = Word(whole, kStringsOffset);
  if (structure > size || strings > size) {
    return false;
  }
  return Walk(whole.Subspan(structure), whole.Subspan(strings), path, range)
      .Run();
}

}  // namespace hermit
