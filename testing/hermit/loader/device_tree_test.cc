// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/device_tree.h"

#include <stdint.h>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace hermit {
namespace {

constexpr const char* kMemory[] = {"memory"};
constexpr const char* kModule[] = {"chosen", "module"};

// Writes a tree as dtc would.
class Tree {
 public:
  Tree& Begin(const std::string& name) {
    Word(1);
    Text(name);
    return *this;
  }
  Tree& End() {
    Word(2);
    return *this;
  }
  Tree& Nop() {
    Word(4);
    return *this;
  }
  // `name` is "reg" or "compatible".
  Tree& Property(const std::string& name, std::vector<uint64_t> values) {
    Word(3);
    Word(static_cast<uint32_t>(values.size() * 8));
    Word(name == "reg" ? 0 : 4);
    for (uint64_t value : values) {
      Word(static_cast<uint32_t>(value >> 32));
      Word(static_cast<uint32_t>(value));
    }
    return *this;
  }

  std::vector<uint8_t> Bytes() {
    Word(9);
    const std::string strings("reg\0compatible", 15);
    const std::vector<uint8_t> structure = words_;
    const uint32_t size =
        static_cast<uint32_t>(40 + structure.size() + strings.size());
    words_.clear();
    for (uint32_t word :
         {0xd00dfeedu, size, 40u, static_cast<uint32_t>(40 + structure.size()),
          40u, 17u, 16u, 0u, static_cast<uint32_t>(strings.size()),
          static_cast<uint32_t>(structure.size())}) {
      Word(word);
    }
    words_.insert(words_.end(), structure.begin(), structure.end());
    words_.insert(words_.end(), strings.begin(), strings.end());
    return words_;
  }

 private:
  void Word(uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      words_.push_back(static_cast<uint8_t>(value >> shift));
    }
  }
  void Text(const std::string& text) {
    words_.insert(words_.end(), text.begin(), text.end());
    do {
      words_.push_back(0);
    } while (words_.size() % 4 != 0);
  }

  std::vector<uint8_t> words_;
};

std::vector<uint8_t> QemuLikeTree() {
  return Tree()
      .Begin("")
      .Property("compatible", {1})
      .Begin("memory-controller@1")
      .Property("reg", {7, 7})
      .End()
      .Begin("memory@40000000")
      .Property("compatible", {2})
      .Property("reg", {0x40000000, 0x10000000, 5, 6})
      .End()
      .Nop()
      .Begin("soc")
      .Begin("module@1")
      .Property("reg", {8, 8})
      .End()
      .End()
      .Begin("chosen")
      .Property("reg", {9, 9})
      .Begin("module@48000000")
      .Property("reg", {0x48000000, 0x1234})
      .End()
      .End()
      .End()
      .Bytes();
}

bool Find(const std::vector<uint8_t>& tree, ebpf::Span<const char* const> path,
          MemoryRange* range) {
  return FindRange(ebpf::ConstBytes(tree.data(), tree.size()), path, range);
}

TEST(DeviceTreeTest, FindsANodeByItsNameWithoutUnitAddress) {
  MemoryRange range;

  ASSERT_TRUE(Find(QemuLikeTree(), kMemory, &range));

  EXPECT_EQ(range.begin, 0x40000000u);
  EXPECT_EQ(range.size, 0x10000000u);
}

TEST(DeviceTreeTest, FindsANodeInsideTheOneThatThePathNames) {
  MemoryRange range;

  ASSERT_TRUE(Find(QemuLikeTree(), kModule, &range));

  EXPECT_EQ(range.begin, 0x48000000u);
  EXPECT_EQ(range.size, 0x1234u);
}

TEST(DeviceTreeTest, FindsNothingThatIsNotThere) {
  constexpr const char* kMissing[] = {"chosen", "memory"};
  constexpr const char* kPrefix[] = {"mem"};
  MemoryRange range;

  EXPECT_FALSE(Find(QemuLikeTree(), kMissing, &range));
  EXPECT_FALSE(Find(QemuLikeTree(), kPrefix, &range));
}

TEST(DeviceTreeTest, RefusesAShortRange) {
  const std::vector<uint8_t> tree =
      Tree().Begin("").Begin("memory").Property("reg", {1}).End().End().Bytes();
  MemoryRange range;

  EXPECT_FALSE(Find(tree, kMemory, &range));
}

TEST(DeviceTreeTest, RefusesEveryTruncation) {
  const std::vector<uint8_t> whole = QemuLikeTree();
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<uint8_t> tree(whole.begin(), whole.begin() + size);
    MemoryRange range;

    EXPECT_FALSE(Find(tree, kModule, &range)) << size;
  }
}

TEST(DeviceTreeTest, SurvivesAnyChangedByte) {
  const std::vector<uint8_t> whole = QemuLikeTree();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (uint8_t value : {0x00, 0x01, 0x7f, 0xff}) {
      std::vector<uint8_t> tree = whole;
      tree[at] = value;
      MemoryRange range;

      (void)Find(tree, kModule, &range);  // the sanitizers judge
    }
  }
}

}  // namespace
}  // namespace hermit
