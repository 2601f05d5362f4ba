// SPDX-License-Identifier: MIT
#include "core/loader/object_file.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/linux_abi/bpf.h"
#include "core/loader/test_objects.h"
#include "gtest/gtest.h"

namespace ebpf::loader {
namespace {

const char kShapes[] = "core/loader/shapes.x86_64.bpf.o";

std::string ToString(StringView text) { return {text.data(), text.size()}; }

class ObjectFileTest : public testing::Test {
 protected:
  ObjectFileTest() : log_(buffer_, sizeof(buffer_)), file_(PortAllocator()) {}

  Status Read(const std::vector<uint8_t>& bytes) {
    bytes_ = bytes;
    return file_.Read(ToBytes(bytes_), log_);
  }
  std::string log() const { return ToString(log_.text()); }

  const MapDefinition* Map(const std::string& name) const {
    for (const MapDefinition& map : file_.maps()) {
      if (ToString(map.name) == name) {
        return &map;
      }
    }
    return nullptr;
  }

  char buffer_[4096];
  TextWriter log_;
  std::vector<uint8_t> bytes_;
  ObjectFile file_;
};

TEST_F(ObjectFileTest, FindsTheProgramsWithTheirTargets) {
  ASSERT_EQ(Read(ReadObject(kShapes)), Status::kOk) << log();

  ASSERT_EQ(file_.programs().size(), 3u);
  const ProgramDefinition& two = file_.programs()[1];
  EXPECT_EQ(ToString(two.name), "program_two");
  EXPECT_EQ(ToString(two.section.function), "two");
  EXPECT_EQ(two.section.offset, 4u);
  EXPECT_EQ(ToString(file_.license()), "Dual MIT/GPL");
}

TEST_F(ObjectFileTest, TellsProgramsOfOneSectionApart) {
  ASSERT_EQ(Read(ReadObject(kShapes)), Status::kOk) << log();

  const ProgramDefinition& one = file_.programs()[0];
  const ProgramDefinition& three = file_.programs()[2];
  EXPECT_EQ(one.section_index, three.section_index);
  EXPECT_EQ(three.first_insn, one.first_insn + one.insn_count);
}

TEST_F(ObjectFileTest, ReadsMapDefinitionsByTypeAndByNumber) {
  ASSERT_EQ(Read(ReadObject(kShapes)), Status::kOk) << log();

  const MapDefinition* by_key = Map("by_key");
  ASSERT_NE(by_key, nullptr);
  EXPECT_EQ(by_key->spec.type, MapType::kHash);
  EXPECT_EQ(by_key->spec.key_size, 12u);
  EXPECT_EQ(by_key->spec.value_size, 12u);
  EXPECT_EQ(by_key->spec.max_entries, 7u);
  EXPECT_EQ(by_key->spec.flags, 1u);
  const MapDefinition* slots = Map("slots");
  ASSERT_NE(slots, nullptr);
  EXPECT_EQ(slots->spec.key_size, 4u);
  EXPECT_EQ(slots->spec.value_size, 8u);
}

TEST_F(ObjectFileTest, MakesAMapOfEachSectionOfGlobalData) {
  ASSERT_EQ(Read(ReadObject(kShapes)), Status::kOk) << log();

  const MapDefinition* rodata = Map(".rodata");
  const MapDefinition* data = Map(".data");
  const MapDefinition* bss = Map(".bss");
  const MapDefinition* custom = Map(".data.custom");
  ASSERT_NE(rodata, nullptr);
  ASSERT_NE(data, nullptr);
  ASSERT_NE(bss, nullptr);
  ASSERT_NE(custom, nullptr);
  EXPECT_EQ(rodata->spec.flags,
            linux_abi::kMapMmapable | linux_abi::kMapReadOnlyProg);
  EXPECT_EQ(data->spec.value_size, 12u);
  uint64_t first;
  memcpy(&first, data->contents.data(), sizeof(first));
  EXPECT_EQ(first, 0x1122334455667788u);
  EXPECT_EQ(bss->spec.value_size, 32u);
  EXPECT_TRUE(bss->contents.empty());
  EXPECT_EQ(custom->spec.value_size, 4u);
}

TEST_F(ObjectFileTest, SaysWhatItIsThatItRefuses) {
  EXPECT_EQ(Read({'n', 'o'}), Status::kBadExec);
  EXPECT_NE(log().find("not a relocatable eBPF object"), std::string::npos);
}

TEST_F(ObjectFileTest, NamesASectionThatItDoesNotKnow) {
  std::vector<uint8_t> bytes = ReadObject(kShapes);
  const std::string old = "kprobe/two+4";
  auto at = std::search(bytes.begin(), bytes.end(), old.begin(), old.end());
  ASSERT_NE(at, bytes.end());
  // The name also stands in .rel<name>: spoil every place.
  for (; at != bytes.end();
       at = std::search(at, bytes.end(), old.begin(), old.end())) {
    *at = 'K';
  }

  EXPECT_EQ(Read(bytes), Status::kInvalid);
  EXPECT_NE(log().find("'Kprobe/two+4' is unknown"), std::string::npos)
      << log();
}

TEST(ObjectNameTest, NamesAreCutAndRidOfWhatLinuxRefuses) {
  const auto name = [](const char* text) {
    char field[MapSpec::kNameSize] = {};
    SetObjectName(field, text);
    return std::string(field);
  };
  EXPECT_EQ(name("hits"), "hits");
  EXPECT_EQ(name(".rodata.str1.1"), ".rodata.str1.1");
  EXPECT_EQ(name("a_name_of_sixteen"), "a_name_of_sixte");
  EXPECT_EQ(name("f<u32>$x-y"), "f_u32__x_y");
}

TEST_F(ObjectFileTest, EverySpoiltByteIsHandled) {
  const std::vector<uint8_t> real = ReadObject(kShapes);
  for (size_t at = 0; at < real.size(); ++at) {
    std::vector<uint8_t> spoilt = real;
    spoilt[at] ^= 0xff;
    char buffer[256];
    TextWriter log(buffer, sizeof(buffer));
    ObjectFile file(PortAllocator());
    // Most bytes do not matter; a refusal must say why.
    if (!IsOk(file.Read(ToBytes(spoilt), log))) {
      EXPECT_NE(log.wanted(), 0u) << at;
    }
  }
  EXPECT_EQ(PortAllocatedBytes(), 0u);
}

}  // namespace
}  // namespace ebpf::loader
