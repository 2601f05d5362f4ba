// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/elf_image.h"

#include <functional>
#include <stdint.h>
#include <string.h>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace hermit {
namespace {

constexpr uint64_t kBase = 0x40800000;
constexpr size_t kMemorySize = 0x10000;
constexpr size_t kFileSize = 0x600;

// Offsets in the file below, which are addresses in the image as well.
constexpr size_t kSegments = 64;
constexpr size_t kNote = 0x200;
constexpr size_t kDynamic = 0x300;
constexpr size_t kRelocations = 0x400;
constexpr size_t kTarget = 0x500;

enum { kLoad, kNoteSegment, kDynamicSegment, kTlsSegment, kSegmentCount };

// A file as a linker would make it, small enough to be spelled out.
class ElfFile {
 public:
  ElfFile() : bytes_(kFileSize) {
    const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    memcpy(bytes_.data(), ident, sizeof(ident));
    Put<uint16_t>(16, 3);          // ET_DYN
    Put<uint16_t>(18, 183);        // AArch64
    Put<uint64_t>(24, 0x580);      // entry
    Put<uint64_t>(32, kSegments);  // segment table
    Put<uint16_t>(54, 56);         // segment size
    Put<uint16_t>(56, kSegmentCount);
    PutSegment(kLoad, 1, 0, kFileSize, 0x1000);
    PutSegment(kNoteSegment, 4, kNote, 24, 24);
    PutSegment(kDynamicSegment, 2, kDynamic, 64, 64);
    PutSegment(kTlsSegment, 7, kTarget, 0, 4);
    Put<uint32_t>(kNote, 7);
    Put<uint32_t>(kNote + 4, 1);
    Put<uint32_t>(kNote + 8, 0x5a00);
    memcpy(&bytes_[kNote + 12], "HERMIT\0\0\x04", 9);
    PutDynamic(0, 7, kRelocations);
    PutDynamic(1, 8, 24);
    PutDynamic(2, 9, 24);
    PutDynamic(3, 0, 0);
    PutRelocation(kTarget, 1027, 0x123);
  }

  template <typename T>
  void Put(size_t at, T value) {
    memcpy(&bytes_.at(at), &value, sizeof(value));
  }
  void PutSegment(size_t index, uint32_t type, uint64_t offset,
                  uint64_t file_size, uint64_t memory_size) {
    const size_t at = kSegments + index * 56;
    Put<uint32_t>(at, type);
    Put<uint64_t>(at + 8, offset);
    Put<uint64_t>(at + 16, offset);
    Put<uint64_t>(at + 32, file_size);
    Put<uint64_t>(at + 40, memory_size);
  }
  void PutDynamic(size_t index, uint64_t tag, uint64_t value) {
    Put<uint64_t>(kDynamic + index * 16, tag);
    Put<uint64_t>(kDynamic + index * 16 + 8, value);
  }
  void PutRelocation(uint64_t offset, uint64_t info, int64_t addend) {
    Put<uint64_t>(kRelocations, offset);
    Put<uint64_t>(kRelocations + 8, info);
    Put<int64_t>(kRelocations + 16, addend);
  }

  std::vector<uint8_t>& bytes() { return bytes_; }

  // The reason for refusal, or "".
  std::string Load(size_t memory_size = kMemorySize) {
    memory_.assign(memory_size, 0xcc);
    const char* why =
        LoadImage(ebpf::ConstBytes(bytes_.data(), bytes_.size()), kElfAarch64,
                  ebpf::Bytes(memory_.data(), memory_.size()), kBase, &image);
    return why == nullptr ? "" : why;
  }

  uint64_t Loaded(size_t at) const {
    uint64_t value;
    memcpy(&value, &memory_.at(at), sizeof(value));
    return value;
  }

  LoadedImage image;

 private:
  std::vector<uint8_t> bytes_;
  std::vector<uint8_t> memory_;
};

TEST(ElfImageTest, PlacesAndRelocatesAGoodImage) {
  ElfFile file;

  ASSERT_EQ(file.Load(), "");

  EXPECT_EQ(file.image.size, 0x1000u);
  EXPECT_EQ(file.image.entry, kBase + 0x580);
  EXPECT_EQ(file.image.relocation_count, 1u);
  EXPECT_EQ(file.Loaded(kTarget), kBase + 0x123);
  EXPECT_EQ(file.Loaded(0xff8), 0u) << "memory behind the content is zeroed";
  EXPECT_EQ(file.Loaded(0x1000), 0xcccccccccccccccc) << "and no more";
  EXPECT_EQ(file.image.tls.begin, kBase + kTarget);
  EXPECT_EQ(file.image.tls.memory_size, 4u);
}

struct Damage {
  const char* reason;
  std::function<void(ElfFile&)> make;
};

// Each of these is one change of the good file, and the sentence it must get.
const Damage kDamages[] = {
    {"not a 64-bit little-endian ELF file",
     [](ElfFile& f) { f.Put<uint8_t>(4, 1); }},
    {"an ELF file for another CPU",
     [](ElfFile& f) { f.Put<uint16_t>(18, 62); }},
    {"not position-independent", [](ElfFile& f) { f.Put<uint16_t>(16, 2); }},
    {"the table of segments is not in the file",
     [](ElfFile& f) { f.Put<uint64_t>(32, kFileSize - 8); }},
    {"the table of segments is not in the file",
     [](ElfFile& f) { f.Put<uint64_t>(32, UINT64_MAX - 8); }},
    {"the table of segments is not in the file",
     [](ElfFile& f) { f.Put<uint16_t>(54, 55); }},
    {"a segment's content is not in the file",
     [](ElfFile& f) { f.PutSegment(kLoad, 1, 0, kFileSize + 1, 0x1000); }},
    {"a segment's content is not in the file",
     [](ElfFile& f) { f.PutSegment(kLoad, 1, 0, kFileSize, 0x10); }},
    {"the image does not fit into memory",
     [](ElfFile& f) { f.PutSegment(kLoad, 1, 0, 8, kMemorySize + 1); }},
    {"the image does not fit into memory",
     [](ElfFile& f) { f.PutSegment(kLoad, 1, 8, 8, UINT64_MAX); }},
    {"the entry point is outside of the image",
     [](ElfFile& f) { f.Put<uint64_t>(24, 0x1000); }},
    {"the image asks for a dynamic linker",
     [](ElfFile& f) { f.PutSegment(kTlsSegment, 3, kTarget, 4, 4); }},
    {"a note is not in the file",
     [](ElfFile& f) { f.PutSegment(kNoteSegment, 4, kFileSize, 24, 24); }},
    {"a note runs over its segment's end",
     [](ElfFile& f) { f.Put<uint32_t>(kNote + 4, 100); }},
    {"a note runs over its segment's end",
     [](ElfFile& f) { f.Put<uint32_t>(kNote, UINT32_MAX); }},
    {"the kernel speaks another version of the entry protocol",
     [](ElfFile& f) { f.Put<uint8_t>(kNote + 20, 5); }},
    {"no note tells Hermit's entry version: not a Hermit image",
     [](ElfFile& f) { f.Put<uint8_t>(kNote + 12, 'h'); }},
    {"the thread-local image is outside of the image",
     [](ElfFile& f) { f.PutSegment(kTlsSegment, 7, 0xfff, 4, 4); }},
    {"the dynamic section is outside of the image",
     [](ElfFile& f) { f.PutSegment(kDynamicSegment, 2, 0xfff, 16, 16); }},
    {"the image needs more than relative relocations",
     [](ElfFile& f) { f.PutDynamic(2, 23, kRelocations); }},
    {"the image needs more than relative relocations",
     [](ElfFile& f) { f.PutDynamic(2, 1, 0); }},
    {"relocations of an unknown size",
     [](ElfFile& f) { f.PutDynamic(2, 9, 16); }},
    {"the relocations are outside of the image",
     [](ElfFile& f) { f.PutDynamic(0, 7, 0xff0); }},
    {"the relocations are outside of the image",
     [](ElfFile& f) { f.PutDynamic(1, 8, 25); }},
    {"a relocation that is not relative",
     [](ElfFile& f) { f.PutRelocation(kTarget, 257, 0); }},
    {"a relocation that is not relative",
     [](ElfFile& f) { f.PutRelocation(kTarget, uint64_t{1} << 32 | 1027, 0); }},
    {"a relocation outside of the image",
     [](ElfFile& f) { f.PutRelocation(0xff9, 1027, 0); }},
};

TEST(ElfImageTest, SaysWhyItRefusesADamagedImage) {
  for (const Damage& damage : kDamages) {
    ElfFile file;
    damage.make(file);

    EXPECT_EQ(file.Load(), damage.reason);
  }
}

TEST(ElfImageTest, RefusesEveryTruncation) {
  ElfFile whole;
  for (size_t size = 0; size < kFileSize; ++size) {
    ElfFile file;
    file.bytes().resize(size);
    file.bytes().shrink_to_fit();

    EXPECT_NE(file.Load(), "") << size;
  }
}

TEST(ElfImageTest, SurvivesAnyChangedByte) {
  for (size_t at = 0; at < kFileSize; ++at) {
    for (uint8_t value : {0x00, 0x7f, 0x80, 0xff}) {
      ElfFile file;
      file.bytes()[at] = value;

      (void)file.Load();  // the sanitizers judge
    }
  }
}

TEST(ElfImageTest, RefusesMemoryThatIsTooSmall) {
  ElfFile file;

  EXPECT_EQ(file.Load(0xfff), "the image does not fit into memory");
  EXPECT_EQ(file.Load(0x1000), "");
}

}  // namespace
}  // namespace hermit
