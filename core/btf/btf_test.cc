// SPDX-License-Identifier: MIT
#include "core/btf/btf.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/btf/test_builder.h"
#include "core/elf/elf_reader.h"
#include "gtest/gtest.h"

namespace ebpf::btf {
namespace {

/// An opened blob with the memory that it needs.
struct Opened {
  explicit Opened(std::vector<uint8_t> blob) : bytes(std::move(blob)) {
    const ConstBytes view(bytes.data(), bytes.size());
    Result<uint32_t> count = Btf::CountTypes(view);
    status = count.status();
    if (count.ok()) {
      index.resize(*count);
      Result<Btf> opened =
          Btf::Open(view, Span<uint32_t>(index.data(), index.size()));
      status = opened.status();
      if (opened.ok()) {
        btf.emplace_back(*opened);
      }
    }
  }
  const Btf& operator*() const { return btf.front(); }

  std::vector<uint8_t> bytes;
  std::vector<uint32_t> index;
  std::vector<Btf> btf;
  Status status = Status::kOk;
};

/// Asks for everything; must end and stay inside whatever the bytes.
void AskAll(const std::vector<uint8_t>& bytes) {
  Opened opened(bytes);
  if (opened.btf.empty()) {
    return;
  }
  const Btf& btf = *opened;
  for (TypeId id = 0; id <= btf.type_count(); ++id) {
    (void)btf.SizeOf(id);
    (void)btf.SkipModifiers(id);
    Result<Type> type = btf.TypeAt(id);
    if (type.ok()) {
      (void)btf.Name(type->name);
    }
    if (type.ok() &&
        (type->kind == Kind::kStruct || type->kind == Kind::kUnion)) {
      for (uint32_t i = 0; i < type->member_count; ++i) {
        EXPECT_LT(Btf::MemberAt(*type, i).type, btf.type_count());
        (void)btf.Name(Btf::MemberAt(*type, i).name);
      }
    }
  }
  (void)btf.Find(Kind::kDataSection, ".maps");
}

std::vector<uint8_t> RealBtf() {
  std::ifstream in("testing/programs/count.x86_64.bpf.o", std::ios::binary);
  const std::vector<uint8_t> file(std::istreambuf_iterator<char>(in), {});
  Result<elf::ElfReader> reader =
      elf::ElfReader::Open(ConstBytes(file.data(), file.size()));
  EXPECT_TRUE(reader.ok());
  for (uint32_t i = 0; reader.ok() && i < reader->section_count(); ++i) {
    Result<elf::Section> section = reader->SectionAt(i);
    if (section.ok() && section->name == ".BTF") {
      return {section->data.begin(), section->data.end()};
    }
  }
  return {};
}

TEST(BtfTest, ReadsWhatClangMakes) {
  Opened btf(RealBtf());
  ASSERT_EQ(btf.status, Status::kOk);

  Result<TypeId> maps = (*btf).Find(Kind::kDataSection, ".maps");
  Result<TypeId> record = (*btf).Find(Kind::kStruct, "call_count");

  ASSERT_TRUE(maps.ok());
  ASSERT_TRUE(record.ok());
  EXPECT_EQ((*btf).TypeAt(*maps)->member_count, 3);
  EXPECT_EQ(*(*btf).SizeOf(*record), 16u);
}

TEST(BtfTest, EveryTruncationAndEverySpoiltByteIsHandled) {
  const std::vector<uint8_t> real = RealBtf();
  ASSERT_FALSE(real.empty());
  for (size_t size = 0; size < real.size(); size += 3) {
    AskAll({real.begin(), real.begin() + static_cast<long>(size)});
  }
  for (size_t at = 0; at < real.size(); ++at) {
    std::vector<uint8_t> spoilt = real;
    spoilt[at] = 0xff;
    AskAll(spoilt);
  }
}

TEST(BtfTest, SizeOfMultipliesArraysAndSkipsModifiers) {
  Builder b;
  const uint32_t u32 = b.Add(Kind::kInt, b.Name("u32"), 4, {32});
  const uint32_t alias = b.Add(Kind::kTypedef, b.Name("word"), u32);
  const uint32_t constant = b.Add(Kind::kConst, 0, alias);
  const uint32_t inner = b.Add(Kind::kArray, 0, 0, {constant, u32, 6});
  const uint32_t outer = b.Add(Kind::kArray, 0, 0, {inner, u32, 7});
  Opened btf(b.Blob());
  ASSERT_EQ(btf.status, Status::kOk);

  EXPECT_EQ(*(*btf).SizeOf(outer), 4u * 6 * 7);
}

TEST(BtfTest, SizeOfRefusesWhatDoesNotFit) {
  Builder b;
  const uint32_t u32 = b.Add(Kind::kInt, b.Name("u32"), 4, {32});
  const uint32_t inner = b.Add(Kind::kArray, 0, 0, {u32, u32, 0x10000});
  const uint32_t outer = b.Add(Kind::kArray, 0, 0, {inner, u32, 0x10000});
  Opened btf(b.Blob());
  ASSERT_EQ(btf.status, Status::kOk);

  EXPECT_EQ((*btf).SizeOf(outer).status(), Status::kOverflow);
}

TEST(BtfTest, ACycleOfModifiersEnds) {
  Builder b;
  b.Add(Kind::kConst, 0, 2);
  b.Add(Kind::kVolatile, 0, 1);
  Opened btf(b.Blob());
  ASSERT_EQ(btf.status, Status::kOk);

  EXPECT_EQ((*btf).SkipModifiers(1).status(), Status::kInvalid);
  EXPECT_EQ((*btf).SizeOf(2).status(), Status::kInvalid);
}

TEST(BtfTest, ACycleOfArraysEnds) {
  Builder b;
  b.Add(Kind::kArray, 0, 0, {1, 1, 1});
  Opened btf(b.Blob());
  ASSERT_EQ(btf.status, Status::kOk);

  EXPECT_EQ((*btf).SizeOf(1).status(), Status::kInvalid);
}

TEST(BtfTest, RefusesReferencesToTypesThatAreNotThere) {
  Builder pointer;
  pointer.Add(Kind::kPointer, 0, 2);
  Builder member;
  member.Add(Kind::kStruct, 0, 4, {0, 9, 0}, 1);
  Builder variable;
  variable.Add(Kind::kDataSection, 0, 4, {9, 0, 4}, 1);
  Builder array;
  array.Add(Kind::kArray, 0, 0, {9, 1, 1});

  EXPECT_EQ(Opened(pointer.Blob()).status, Status::kInvalid);
  EXPECT_EQ(Opened(member.Blob()).status, Status::kInvalid);
  EXPECT_EQ(Opened(variable.Blob()).status, Status::kInvalid);
  EXPECT_EQ(Opened(array.Blob()).status, Status::kInvalid);
}

TEST(BtfTest, RefusesNamesOutsideTheStrings) {
  Builder b;
  b.Add(Kind::kInt, 1000, 4, {32});

  EXPECT_EQ(Opened(b.Blob()).status, Status::kInvalid);
}

TEST(BtfTest, RefusesUnknownKinds) {
  Builder b;
  b.Add(static_cast<Kind>(20), 0, 4);

  EXPECT_EQ(Opened(b.Blob()).status, Status::kInvalid);
}

TEST(BtfTest, RefusesStringsThatDoNotEnd) {
  Builder b;
  b.Name("x");
  std::vector<uint8_t> blob = b.Blob();
  blob.back() = 'x';

  EXPECT_EQ(Opened(blob).status, Status::kInvalid);
}

TEST(BtfTest, VoidIsTypeZero) {
  Builder b;
  Opened btf(b.Blob());
  ASSERT_EQ(btf.status, Status::kOk);

  EXPECT_EQ((*btf).TypeAt(0)->kind, Kind::kVoid);
  EXPECT_EQ((*btf).TypeAt(1).status(), Status::kInvalid);
  EXPECT_EQ((*btf).SizeOf(0).status(), Status::kInvalid);
}

}  // namespace
}  // namespace ebpf::btf
