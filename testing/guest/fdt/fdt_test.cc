// SPDX-License-Identifier: MIT
//
// Tests of the device-tree reader, on trees written here word by word.
#include "testing/guest/fdt/fdt.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace guest {
namespace {

/// Writes a flattened device tree.
class Tree {
 public:
  Tree& Begin(const std::string& name) {
    Word(1);
    return Padded(name + '\0');
  }
  Tree& End() { return Word(2); }
  Tree& Reg(std::vector<uint32_t> cells) {
    Word(3).Word(static_cast<uint32_t>(4 * cells.size())).Word(5);
    for (uint32_t cell : cells) {
      Word(cell);
    }
    return *this;
  }
  Tree& Property(const std::string& bytes, uint32_t name = 0) {
    Word(3).Word(static_cast<uint32_t>(bytes.size())).Word(name);
    return Padded(bytes);
  }
  Tree& Word(uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      structure_ += static_cast<char>(value >> shift);
    }
    return *this;
  }

  std::string Blob() const {
    const std::string strings("name\0reg\0bootargs\0", 18);
    Tree head;
    const auto size = static_cast<uint32_t>(structure_.size());
    head.Word(0xd00dfeed).Word(40 + size + 18).Word(40).Word(40 + size);
    head.structure_.resize(40);
    return head.structure_ + structure_ + strings;
  }

 private:
  Tree& Padded(const std::string& bytes) {
    structure_ += bytes;
    structure_.resize((structure_.size() + 3) / 4 * 4);
    return *this;
  }

  std::string structure_;
};

std::string VirtTree() {
  return Tree()
      .Begin("")
      .Property("abc")
      .Begin("cpus")
      .Reg({1, 2, 3, 4})
      .End()
      .Begin("chosen")
      .Property(std::string("die slowly\0", 11), 9)
      .End()
      .Begin("memory@80000000")
      .Property("memory")
      .Reg({0, 0x80000000, 1, 0x8000000})
      .End()
      .End()
      .Word(9)
      .Blob();
}

TEST(FdtTest, FindsTheMemoryNode) {
  const std::string blob = VirtTree();
  FdtMemory memory = {};

  ASSERT_TRUE(FindFdtMemory(blob.data(), blob.size(), &memory));

  EXPECT_EQ(memory.base, 0x80000000u);
  EXPECT_EQ(memory.size, 0x1'0800'0000u);
}

TEST(FdtTest, SaysThatThereIsNoMemoryNode) {
  const std::string blob =
      Tree().Begin("").Reg({0, 1, 0, 1}).End().Word(9).Blob();
  FdtMemory memory = {};

  EXPECT_FALSE(FindFdtMemory(blob.data(), blob.size(), &memory));
}

TEST(FdtTest, FindsTheBootArguments) {
  const std::string blob = VirtTree();

  EXPECT_STREQ(FindFdtBootArguments(blob.data(), blob.size()), "die slowly");
}

TEST(FdtTest, RefusesBootArgumentsWithoutAnEnd) {
  const std::string blob =
      Tree().Begin("chosen").Property("no end", 9).End().Word(9).Blob();

  EXPECT_EQ(FindFdtBootArguments(blob.data(), blob.size()), nullptr);
}

TEST(FdtTest, RefusesWhatIsNoTree) {
  const std::string blob(64, 'x');
  FdtMemory memory = {};

  EXPECT_FALSE(FindFdtMemory(blob.data(), blob.size(), &memory));
}

TEST(FdtTest, NeverReadsBeyondATruncatedTree) {
  const std::string whole = VirtTree();
  FdtMemory memory = {};

  for (size_t size = 0; size < whole.size(); ++size) {
    // A vector of its own, so that ASan sees a read beyond it.
    std::vector<char> cut(whole.begin(), whole.begin() + size);
    if (size >= 8) {  // its total size, so that the reader goes on
      cut[6] = static_cast<char>(size >> 8);
      cut[7] = static_cast<char>(size);
    }
    // The last name is not one that this needs.
    EXPECT_EQ(FindFdtMemory(cut.data(), cut.size(), &memory),
              size >= whole.size() - sizeof "bootargs");
    (void)FindFdtBootArguments(cut.data(), cut.size());
  }
}

}  // namespace
}  // namespace guest
