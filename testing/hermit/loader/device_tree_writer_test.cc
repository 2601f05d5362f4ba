// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/device_tree_writer.h"

#include "gtest/gtest.h"
#include "testing/hermit/loader/device_tree.h"

namespace hermit {
namespace {

void WriteTree(DeviceTreeWriter& writer) {
  writer.BeginNode("");
  writer.Text("compatible", "one,two");
  writer.Cell("#address-cells", 2);
  writer.BeginNode("chosen");
  writer.Text("bootargs", "");
  writer.EndNode();
  writer.BeginNode("memory@100000");
  writer.Text("device_type", "memory");
  writer.Range("reg", 0x100000, 0x123456789a);
  writer.EndNode();
  writer.EndNode();
}

TEST(DeviceTreeWriterTest, WritesWhatTheReaderFinds) {
  uint8_t memory[1024];
  DeviceTreeWriter writer(memory);
  WriteTree(writer);

  const size_t size = writer.Finish();

  const ebpf::ConstBytes tree(memory, sizeof(memory));
  EXPECT_EQ(DeviceTreeSize(tree), size);
  constexpr const char* kMemory[] = {"memory"};
  MemoryRange range;
  ASSERT_TRUE(FindRange(tree, kMemory, &range));
  EXPECT_EQ(range.begin, 0x100000u);
  EXPECT_EQ(range.size, 0x123456789au);
}

TEST(DeviceTreeWriterTest, SaysOfEachSizeThatIsTooSmallThatItIs) {
  uint8_t memory[1024];
  DeviceTreeWriter whole(memory);
  WriteTree(whole);
  const size_t needed = whole.Finish();

  for (size_t size = 0; size < needed; ++size) {
    DeviceTreeWriter writer(ebpf::Bytes(memory, size));
    WriteTree(writer);
    EXPECT_EQ(writer.Finish(), 0u) << size;
  }
  DeviceTreeWriter writer(ebpf::Bytes(memory, needed));
  WriteTree(writer);
  EXPECT_EQ(writer.Finish(), needed);
}

}  // namespace
}  // namespace hermit
