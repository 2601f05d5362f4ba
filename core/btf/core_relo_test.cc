// SPDX-License-Identifier: MIT
#include "core/btf/core_relo.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "core/btf/btf_ext.h"
#include "core/btf/btf_object.h"
#include "core/btf/test_builder.h"
#include "core/elf/elf_reader.h"
#include "core/isa/insn.h"
#include "gtest/gtest.h"

namespace ebpf::btf {
namespace {

using isa::Insn;

std::string Text(StringView text) {
  return std::string(text.data(), text.size());
}

Ref<BtfObject> Make(const std::vector<uint8_t>& blob) {
  Result<Ref<BtfObject>> object =
      BtfObject::Create(ConstBytes(blob.data(), blob.size()), PortAllocator());
  EXPECT_TRUE(object.ok());
  return object.ok() ? Move(*object) : Ref<BtfObject>();
}

/// A relocator with what it needs.
struct Relocation {
  Relocation(Ref<BtfObject> local_object, Ref<BtfObject> target_object)
      : local(Move(local_object)),
        target(Move(target_object)),
        log(buffer, sizeof(buffer)),
        relocator(std::make_unique<CoreRelocator>(local->btf(), target->btf(),
                                                  &log)) {}

  std::string Describe(const CoreRelocation& relocation) {
    log.Clear();
    relocator->Describe(relocation, log);
    std::string text = Text(log.text());
    log.Clear();
    return text;
  }

  Ref<BtfObject> local;
  Ref<BtfObject> target;
  char buffer[4096];
  TextWriter log;
  std::unique_ptr<CoreRelocator> relocator;
};

// What clang makes: program.bpf.c against kernel.bpf.c.

class Object {
 public:
  explicit Object(const std::string& name) {
    std::ifstream in("core/btf/testdata/" + name + ".x86_64.bpf.o",
                     std::ios::binary);
    file_.assign(std::istreambuf_iterator<char>(in), {});
  }
  std::vector<uint8_t> Section(const std::string& name) const {
    Result<elf::ElfReader> reader =
        elf::ElfReader::Open(ConstBytes(file_.data(), file_.size()));
    EXPECT_TRUE(reader.ok());
    for (uint32_t i = 0; reader.ok() && i < reader->section_count(); ++i) {
      Result<elf::Section> section = reader->SectionAt(i);
      if (section.ok() && Text(section->name) == name) {
        return {section->data.begin(), section->data.end()};
      }
    }
    return {};
  }

 private:
  std::vector<uint8_t> file_;
};

class ClangTest : public testing::Test {
 protected:
  ClangTest()
      : program_("program"),
        ext_(program_.Section(".BTF.ext")),
        r_(Make(program_.Section(".BTF")),
           Make(Object("kernel").Section(".BTF"))) {}

  std::vector<CoreRelocation> RelocationsOf(const std::string& section) {
    std::vector<CoreRelocation> all;
    const Result<BtfExt> ext =
        BtfExt::Open(ConstBytes(ext_.data(), ext_.size()));
    EXPECT_TRUE(ext.ok());
    size_t at = 0;
    for (;;) {
      const Result<ExtSection> part =
          ext->NextSection(ExtTable::kRelocations, at);
      if (!part.ok()) {
        break;
      }
      if (Text(*r_.local->btf().Name(part->name)) == section) {
        for (uint32_t i = 0; i < part->record_count; ++i) {
          CoreRelocation relocation;
          memcpy(&relocation, part->RecordAt(i).data(), sizeof(relocation));
          all.push_back(relocation);
        }
      }
    }
    return all;
  }

  /// The values before and after, or "poison", of each.
  void Expect(const std::string& section,
              const std::vector<std::string>& expected) {
    const std::vector<CoreRelocation> all = RelocationsOf(section);
    ASSERT_EQ(all.size(), expected.size());
    std::vector<uint8_t> code = program_.Section(section);
    for (size_t i = 0; i < all.size(); ++i) {
      const Result<CoreResult> result = r_.relocator->Resolve(all[i]);
      ASSERT_TRUE(result.ok());
      const std::string after =
          result->poison ? "poison" : std::to_string(result->new_value);
      std::string text = r_.Describe(all[i]);
      // Ids are clang's affair.
      text.erase(text.find('['), text.find(']') + 2 - text.find('['));
      EXPECT_EQ(
          text + ": " + std::to_string(result->old_value) + " -> " + after,
          expected[i]);
      // Each also fits the instruction that clang made for it.
      EXPECT_EQ(r_.relocator->Apply(all[i], Bytes(code.data(), code.size())),
                Status::kOk);
    }
  }

  Object program_;
  std::vector<uint8_t> ext_;
  Relocation r_;
};

TEST_F(ClangTest, FieldsAreFoundWhereTheKernelHasThem) {
  Expect(
      "raw_tp/fields",
      {
          "<byte_off> struct record.moved (0:0 @ offset 0): 0 -> 24",
          "<byte_sz> struct record.moved (0:0 @ offset 0): 4 -> 4",
          "<field_exists> struct record.moved (0:0 @ offset 0): 1 -> 1",
          "<signed> struct record.moved (0:0 @ offset 0): 1 -> 1",
          "<byte_off> struct record.wider (0:1 @ offset 4): 4 -> 8",
          "<byte_sz> struct record.wider (0:1 @ offset 4): 4 -> 8",
          "<signed> struct record.wider (0:1 @ offset 4): 0 -> 0",
          "<lshift_u64> struct record.wider (0:1 @ offset 4): 32 -> 0",
          "<rshift_u64> struct record.wider (0:1 @ offset 4): 32 -> 0",
          "<byte_off> struct record.nested.y (0:2:1 @ offset 12): 12 -> 20",
          "<byte_off> struct record.list[2] (0:3:2 @ offset 24): 24 -> 40",
          "<byte_sz> struct record.list (0:3 @ offset 16): 16 -> 32",
          "<byte_off> struct record.pointer (0:4 @ offset 32): 32 -> 64",
          "<byte_off> struct record.in_anonymous (0:5 @ offset 40): 40 -> 72",
          "<byte_off> struct record.flags (0:6 @ offset 44): 44 -> 80",
          "<byte_sz> struct record.flags (0:6 @ offset 44): 4 -> 4",
          "<lshift_u64> struct record.flags (0:6 @ offset 44): 61 -> 52",
          "<rshift_u64> struct record.flags (0:6 @ offset 44): 61 -> 57",
          "<signed> struct record.flags (0:6 @ offset 44): 0 -> 0",
          "<lshift_u64> struct record.signed_flags (0:7 @ offset 44.3): "
          "57 -> 43",
          "<rshift_u64> struct record.signed_flags (0:7 @ offset 44.3): "
          "60 -> 55",
          "<signed> struct record.signed_flags (0:7 @ offset 44.3): 1 -> 1",
          "<field_exists> struct record.missing (0:8 @ offset 48): 1 -> 0",
          "<byte_off> struct record.missing (0:8 @ offset 48): 48 -> poison",
          "<byte_sz> struct record.small (0:9 @ offset 52): 1 -> 2",
          "<signed> struct record.small (0:9 @ offset 52): 1 -> 0",
          "<byte_off> struct record.color (0:10 @ offset 56): 56 -> 88",
          "<field_exists> struct record.from_list (0:11 @ offset 60): 1 -> 0",
          "<byte_off> struct record[2].moved (2:0 @ offset 128): 128 -> 232",
      });
}

TEST_F(ClangTest, ElementsOfAFlexibleArrayLieBehindTheStruct) {
  Expect("raw_tp/flexible_array",
         {"<byte_off> struct flexible.items[3].y (0:1:3:1 @ offset 32): "
          "32 -> 36"});
}

TEST_F(ClangTest, TypesExistHaveSizesAndIdsAndMatch) {
  const TypeId record = *r_.target->btf().Find(Kind::kStruct, "record");
  const TypeId local = *r_.local->btf().Find(Kind::kStruct, "record");
  const TypeId only = *r_.local->btf().Find(Kind::kStruct, "only_here");
  Expect("raw_tp/types",
         {
             "<type_exists> struct record: 1 -> 1",
             "<type_exists> struct only_here: 1 -> 0",
             "<type_size> struct record: 64 -> 104",
             "<type_size> struct only_here: 4 -> 0",
             "<type_matches> struct inner: 1 -> 1",
             "<type_matches> struct shape: 1 -> 1",
             "<type_matches> struct record: 1 -> 0",
             "<type_exists> typedef callback: 1 -> 1",
             "<type_matches> typedef callback: 1 -> 1",
             "<local_type_id> struct record: " + std::to_string(local) +
                 " -> " + std::to_string(local),
             "<target_type_id> struct record: " + std::to_string(local) +
                 " -> " + std::to_string(record),
             "<target_type_id> struct only_here: " + std::to_string(only) +
                 " -> 0",
         });
}

TEST_F(ClangTest, EnumValuesAreTheKernels) {
  Expect("raw_tp/values",
         {
             "<enumval_exists> enum answer::kYes = 1: 1 -> 1",
             "<enumval_exists> enum answer::kMaybe = 3: 1 -> 0",
             "<enumval_value> enum answer::kYes = 1: 1 -> 2147483647",
             "<enumval_value> enum answer::kNo = 2: 2 -> 20",
             "<enumval_value> enum answer::kMaybe = 3: 3 -> poison",
         });
}

TEST_F(ClangTest, LoadsOfWiderFieldsBecomeWider) {
  const std::vector<CoreRelocation> all = RelocationsOf("raw_tp/loads");
  std::vector<uint8_t> code = program_.Section("raw_tp/loads");
  std::vector<Insn> insns(code.size() / sizeof(Insn));
  for (const CoreRelocation& relocation : all) {
    ASSERT_EQ(r_.relocator->Apply(relocation, Bytes(code.data(), code.size())),
              Status::kOk);
  }
  memcpy(insns.data(), code.data(), code.size());

  ASSERT_EQ(all.size(), 3u);
  const auto at = [&](size_t i) { return insns[all[i].insn_offset / 8]; };
  EXPECT_EQ(at(0).opcode & ~7, 0x60);  // still 4 bytes
  EXPECT_EQ(at(0).offset, 24);
  EXPECT_EQ(at(1).opcode, 0x79);  // LDX_DW
  EXPECT_EQ(at(1).offset, 8);
  EXPECT_EQ(at(2).opcode, 0x61);  // LDX_W
  EXPECT_EQ(at(2).offset, 20);
}

TEST_F(ClangTest, AProgramFitsItsOwnKernelUnchanged) {
  Relocation same(r_.local, r_.local);
  for (const char* section :
       {"raw_tp/fields", "raw_tp/flexible_array", "raw_tp/types",
        "raw_tp/values", "raw_tp/loads"}) {
    const std::vector<uint8_t> before = program_.Section(section);
    std::vector<uint8_t> code = before;
    for (const CoreRelocation& relocation : RelocationsOf(section)) {
      // Of bit fields compilers may take another load.
      if (same.relocator->Resolve(relocation)->validate) {
        ASSERT_EQ(
            same.relocator->Apply(relocation, Bytes(code.data(), code.size())),
            Status::kOk);
      }
    }
    EXPECT_EQ(code, before) << section;
  }
}

// By hand: a program's struct "s" and a kernel's types.

class HandMadeTest : public testing::Test {
 protected:
  HandMadeTest() { Restart(); }
  void Restart() {
    for (Builder* b : {&program_, &kernel_}) {
      *b = Builder();
      b->Add(Kind::kInt, b->Name("int"), 4, {1 << 24 | 32});            // 1
      b->Add(Kind::kInt, b->Name("unsigned"), 4, {32});                 // 2
      b->Add(Kind::kInt, b->Name("unsigned long"), 8, {64});            // 3
      b->Add(Kind::kPointer, 0, 0);                                     // 4
      b->Add(Kind::kFloat, b->Name("float"), 4);                        // 5
      b->Add(Kind::kEnum, b->Name("e"), 4, {b->Name("E"), 1}, 1);       // 6
      b->Add(Kind::kEnum64, b->Name("e"), 8, {b->Name("E"), 1, 0}, 1);  // 7
    }
  }
  static uint32_t Struct(
      Builder& b, const std::string& name, uint32_t size,
      const std::vector<std::pair<std::string, uint32_t>>& members,
      Kind kind = Kind::kStruct) {
    std::vector<uint32_t> tail;
    uint32_t offset = 0;
    for (const auto& [member, type] : members) {
      tail.push_back(member.empty() ? 0 : b.Name(member));
      tail.push_back(type);
      tail.push_back(offset);
      offset += kind == Kind::kUnion ? 0 : 32;
    }
    return b.Add(kind, name.empty() ? 0 : b.Name(name), size, tail,
                 static_cast<uint32_t>(members.size()));
  }
  Result<CoreResult> Resolve(CoreKind kind, TypeId type,
                             const std::string& access) {
    CoreRelocation relocation{0, type, program_.Name(access), kind};
    r_ = std::make_unique<Relocation>(Make(program_.Blob()),
                                      Make(kernel_.Blob()));
    return r_->relocator->Resolve(relocation);
  }
  Status StatusOfAccess(const std::string& access,
                        CoreKind kind = CoreKind::kFieldByteOffset) {
    const TypeId s = Struct(program_, "s", 8, {{"a", 1}, {"b", 1}});
    return Resolve(kind, s, access).status();
  }
  /// The offset of member "a" of the program's "s", whose type it is.
  Result<CoreResult> ResolveA(TypeId type) {
    const TypeId s = Struct(program_, "s", 8, {{"a", type}});
    return Resolve(CoreKind::kFieldByteOffset, s, "0:0");
  }

  Builder program_;
  Builder kernel_;
  std::unique_ptr<Relocation> r_;
};

TEST_F(HandMadeTest, RefusesAccessTextsThatAreNone) {
  for (const char* access :
       {"", ":", "0:", ":0", "a", "0:a", "0::1", "-1", "0:-1", " 0", "0 ",
        "4294967296", "99999999999999999999"}) {
    EXPECT_EQ(StatusOfAccess(access), Status::kInvalid) << access;
  }
}

TEST_F(HandMadeTest, RefusesAccessesThatLeadNowhereInTheProgram) {
  EXPECT_EQ(StatusOfAccess("0:2"), Status::kInvalid);
  EXPECT_EQ(StatusOfAccess("0:0:0"), Status::kInvalid);
  EXPECT_EQ(StatusOfAccess("0:1", CoreKind::kTypeExists), Status::kInvalid);
  EXPECT_EQ(StatusOfAccess("0", CoreKind::kEnumValue), Status::kInvalid);
  EXPECT_EQ(StatusOfAccess("0:0", static_cast<CoreKind>(13)), Status::kInvalid);
}

TEST_F(HandMadeTest, RefusesAccessTextsOfTooManyNumbers) {
  std::string access = "0";
  for (uint32_t i = 0; i < kMaxAccesses; ++i) {
    access += ":0";
  }
  EXPECT_EQ(StatusOfAccess(access), Status::kTooBig);
}

TEST_F(HandMadeTest, RefusesTypesAndTextsThatAreNotThere) {
  r_ =
      std::make_unique<Relocation>(Make(program_.Blob()), Make(kernel_.Blob()));
  for (const CoreRelocation& relocation :
       {CoreRelocation{0, 0, 1, CoreKind::kTypeExists},
        CoreRelocation{0, 99, 1, CoreKind::kTypeExists},
        CoreRelocation{0, 1, 99999, CoreKind::kTypeExists}}) {
    EXPECT_EQ(r_->relocator->Resolve(relocation).status(), Status::kInvalid);
  }
}

TEST_F(HandMadeTest, RefusesTypesWithoutAName) {
  const TypeId s = Struct(program_, "", 4, {{"a", 1}});

  EXPECT_EQ(Resolve(CoreKind::kFieldByteOffset, s, "0:0").status(),
            Status::kNotSupported);
}

TEST_F(HandMadeTest, FlavorsOfTheProgramAndOfTheKernelAreOneName) {
  const TypeId s = Struct(program_, "s___mine", 4, {{"a", 1}});
  Struct(kernel_, "s___theirs", 8, {{"b", 1}, {"a", 1}});

  EXPECT_EQ(Resolve(CoreKind::kFieldByteOffset, s, "0:0")->new_value, 4u);
}

TEST_F(HandMadeTest, CandidatesThatDoNotFitAreNoMatter) {
  Struct(kernel_, "s", 8, {{"other", 1}});
  Struct(kernel_, "s", 8, {{"b", 1}, {"a", 1}});
  Struct(kernel_, "s", 8, {{"a", 1}}, Kind::kUnion);

  EXPECT_EQ(ResolveA(1)->new_value, 4u);
}

TEST_F(HandMadeTest, CandidatesThatAgreeAreAsGoodAsOne) {
  Struct(kernel_, "s", 8, {{"b", 1}, {"a", 1}});
  Struct(kernel_, "s", 12, {{"c", 1}, {"a", 1}});

  EXPECT_EQ(ResolveA(1)->new_value, 4u);
}

TEST_F(HandMadeTest, CandidatesThatDisagreeAreRefused) {
  Struct(kernel_, "s", 8, {{"b", 1}, {"a", 1}});
  Struct(kernel_, "s", 8, {{"a", 1}});

  EXPECT_EQ(ResolveA(1).status(), Status::kInvalid);
  EXPECT_NE(Text(r_->log.text()).find("ambiguous"), std::string::npos);
}

TEST_F(HandMadeTest, ACandidateThatDidNotFitOnceIsNoneAnyMore) {
  // One kernel's struct has "a", another "b": neither is the program's.
  const TypeId s = Struct(program_, "s", 8, {{"a", 1}, {"b", 1}});
  const TypeId t = Struct(program_, "t", 8, {{"a", 1}, {"b", 1}});
  for (const char* name : {"s", "t"}) {
    Struct(kernel_, name, 4, {{"a", 1}});
    Struct(kernel_, name, 4, {{"b", 1}});
  }
  const uint32_t a = program_.Name("0:0");
  const uint32_t b = program_.Name("0:1");
  Relocation r(Make(program_.Blob()), Make(kernel_.Blob()));
  const auto poisons = [&](TypeId type, uint32_t access) {
    return r.relocator->Resolve({0, type, access, CoreKind::kFieldByteOffset})
        ->poison;
  };

  EXPECT_FALSE(poisons(s, a));
  EXPECT_TRUE(poisons(s, b));
  EXPECT_FALSE(poisons(s, a));
  EXPECT_FALSE(poisons(t, b));
  EXPECT_TRUE(poisons(t, a));
}

TEST_F(HandMadeTest, QuestionsThatNothingAnswersRuleNothingOut) {
  const TypeId s = Struct(program_, "s", 8, {{"a", 1}, {"b", 1}});
  Struct(kernel_, "s", 4, {{"a", 1}});
  const uint32_t a = program_.Name("0:0");
  const uint32_t b = program_.Name("0:1");
  Relocation r(Make(program_.Blob()), Make(kernel_.Blob()));

  EXPECT_EQ(r.relocator->Resolve({0, s, b, CoreKind::kFieldExists})->new_value,
            0u);
  EXPECT_EQ(r.relocator->Resolve({0, s, a, CoreKind::kFieldExists})->new_value,
            1u);
}

TEST_F(HandMadeTest, AMemberIsFoundInsideAnonymousStructsAndUnions) {
  const TypeId deepest = Struct(kernel_, "", 8, {{"b", 1}, {"a", 1}});
  const TypeId inner =
      Struct(kernel_, "", 8, {{"", deepest}, {"c", 1}}, Kind::kUnion);
  Struct(kernel_, "s", 16, {{"x", 1}, {"", inner}});

  EXPECT_EQ(ResolveA(1)->new_value, 8u);
}

TEST_F(HandMadeTest, AMemberOfAnotherTypeHidesNoLaterOne) {
  // The first "a" is a float in an anonymous struct.
  const TypeId inner = Struct(kernel_, "", 4, {{"a", 5}});
  Struct(kernel_, "s", 8, {{"", inner}, {"a", 1}});

  EXPECT_EQ(ResolveA(1)->new_value, 4u);
}

TEST_F(HandMadeTest, FieldsAreCompatibleByKind) {
  struct {
    TypeId local;
    TypeId target;
    bool compatible;
  } const cases[] = {
      {1, 3, true},   // integers of any size and sign
      {1, 4, false},  // an integer and a pointer
      {4, 4, true},   // pointers to anything
      {5, 5, true},   // floats
      {1, 5, false},  // an integer and a float
      {6, 7, true},   // an enum and an enum64 of one name
      {1, 6, false},  // an integer and an enum
  };
  for (const auto& c : cases) {
    Restart();
    Struct(kernel_, "s", 16, {{"b", 1}, {"a", c.target}});
    const Result<CoreResult> result = ResolveA(c.local);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->poison, !c.compatible) << c.local << " " << c.target;
  }
}

TEST_F(HandMadeTest, EnumsOfOtherNamesAreOtherTypes) {
  const TypeId other = kernel_.Add(Kind::kEnum, kernel_.Name("f"), 4);
  Struct(kernel_, "s", 8, {{"a", other}});
  const TypeId nameless = kernel_.Add(Kind::kEnum, 0, 4);

  EXPECT_TRUE(ResolveA(6)->poison);

  Struct(kernel_, "s", 8, {{"b", 1}, {"a", nameless}});
  EXPECT_FALSE(ResolveA(6)->poison);
}

TEST_F(HandMadeTest, ArraysMustReachTheElement) {
  const TypeId four = program_.Add(Kind::kArray, 0, 0, {1, 1, 4});
  const TypeId s = Struct(program_, "s", 16, {{"a", four}});
  const TypeId two = kernel_.Add(Kind::kArray, 0, 0, {1, 1, 2});
  Struct(kernel_, "s", 8, {{"a", two}});

  EXPECT_FALSE(Resolve(CoreKind::kFieldByteOffset, s, "0:0:1")->poison);
  EXPECT_TRUE(Resolve(CoreKind::kFieldByteOffset, s, "0:0:2")->poison);
  EXPECT_EQ(Resolve(CoreKind::kFieldByteOffset, s, "0:0:4").status(),
            Status::kInvalid);
  // Of an element nothing but its place and size is known.
  EXPECT_EQ(Resolve(CoreKind::kFieldByteSize, s, "0:0:1")->new_value, 4u);
  EXPECT_EQ(Resolve(CoreKind::kFieldSigned, s, "0:0:1").status(),
            Status::kInvalid);
}

TEST_F(HandMadeTest, AnArrayOfNoneIsFlexibleOnlyAtTheEnd) {
  const TypeId none = program_.Add(Kind::kArray, 0, 0, {1, 1, 0});
  const TypeId last = Struct(program_, "s", 4, {{"b", 1}, {"a", none}});
  const TypeId first = Struct(program_, "t", 4, {{"a", none}, {"b", 1}});

  EXPECT_TRUE(Resolve(CoreKind::kFieldByteOffset, last, "0:1:5").ok());
  EXPECT_EQ(Resolve(CoreKind::kFieldByteOffset, first, "0:0:5").status(),
            Status::kInvalid);
}

TEST_F(HandMadeTest, BitFieldsThatNoLoadHoldsAreRefused) {
  const TypeId s = Struct(program_, "s", 8, {{"a", 3}});
  kernel_.AddFlagged(Kind::kStruct, kernel_.Name("s"), 16,
                     {kernel_.Name("a"), 3, 60u << 24 | 20}, 1);

  EXPECT_EQ(Resolve(CoreKind::kFieldByteOffset, s, "0:0").status(),
            Status::kTooBig);
}

TEST_F(HandMadeTest, WiderLoadsAreForUnsignedNumbersAndPointersOnly) {
  Struct(kernel_, "s", 16, {{"a", 3}});

  EXPECT_FALSE(ResolveA(2)->wrong_size);
  EXPECT_TRUE(ResolveA(1)->wrong_size);
}

TEST_F(HandMadeTest, NoLoadOfAWholeFieldBecomesOneOfABitField) {
  kernel_.AddFlagged(Kind::kStruct, kernel_.Name("s"), 16,
                     {kernel_.Name("a"), 2, 5u << 24 | 20}, 1);

  EXPECT_TRUE(ResolveA(2)->wrong_size);
}

TEST_F(HandMadeTest, ValuesOfEnum64AreWholeAndOfSignedEnumsNegative) {
  const TypeId wide = program_.Add(Kind::kEnum64, program_.Name("w"), 8,
                                   {program_.Name("W"), 1, 0}, 1);
  kernel_.Add(Kind::kEnum64, kernel_.Name("w"), 8,
              {kernel_.Name("W"), 0x89abcdef, 0x01234567}, 1);
  const TypeId minus = program_.Add(Kind::kEnum, program_.Name("n"), 4,
                                    {program_.Name("N"), 1}, 1);
  kernel_.AddFlagged(Kind::kEnum, kernel_.Name("n"), 4,
                     {kernel_.Name("N"), 0xfffffffe}, 1);

  EXPECT_EQ(Resolve(CoreKind::kEnumValue, wide, "0")->new_value,
            0x0123456789abcdefu);
  EXPECT_EQ(Resolve(CoreKind::kEnumValue, minus, "0")->new_value,
            static_cast<uint64_t>(-2));
}

TEST_F(HandMadeTest, ValuesAreFoundWithoutTheirFlavor) {
  const TypeId e = program_.Add(Kind::kEnum, program_.Name("v"), 4,
                                {program_.Name("V___old"), 1}, 1);
  kernel_.Add(Kind::kEnum, kernel_.Name("v"), 4, {kernel_.Name("V"), 9}, 1);

  EXPECT_EQ(Resolve(CoreKind::kEnumValue, e, "0")->new_value, 9u);
}

TEST_F(HandMadeTest, TypesThatContainThemselvesByPointersMatch) {
  for (Builder* b : {&program_, &kernel_}) {
    // struct s { struct s *next; }: type 8, its pointer is type 9.
    b->Add(Kind::kStruct, b->Name("s"), 8, {b->Name("next"), 9, 0}, 1);
    b->Add(Kind::kPointer, 0, 8);
  }

  EXPECT_EQ(Resolve(CoreKind::kTypeMatches, 8, "0")->new_value, 1u);
}

TEST_F(HandMadeTest, TypesThatMatchInTheKernelMayHaveMoreMembers) {
  const TypeId s = Struct(program_, "s", 8, {{"b", 1}, {"a", 1}});
  Struct(kernel_, "s", 12, {{"a", 1}, {"b", 1}, {"c", 1}});
  const TypeId t = Struct(program_, "t", 8, {{"b", 1}, {"a", 1}});
  Struct(kernel_, "t", 12, {{"a", 2}, {"b", 1}, {"c", 1}});  // another sign

  EXPECT_EQ(Resolve(CoreKind::kTypeMatches, s, "0")->new_value, 1u);
  EXPECT_EQ(Resolve(CoreKind::kTypeMatches, t, "0")->new_value, 0u);
}

TEST_F(HandMadeTest, EnumsMatchByNamesAndSize) {
  const TypeId e = program_.Add(Kind::kEnum, program_.Name("m"), 4,
                                {program_.Name("A"), 1}, 1);
  struct {
    uint32_t size;
    const char* name;
    uint64_t matches;
  } const cases[] = {{4, "A", 1}, {2, "A", 0}, {4, "B", 0}};
  for (const auto& c : cases) {
    Builder kernel = kernel_;
    kernel.Add(Kind::kEnum, kernel.Name("m"), c.size,
               {kernel.Name("Z"), 7, kernel.Name(c.name), 9}, 2);
    std::swap(kernel, kernel_);
    EXPECT_EQ(Resolve(CoreKind::kTypeMatches, e, "0")->new_value, c.matches);
    std::swap(kernel, kernel_);
  }
}

TEST_F(HandMadeTest, ForwardsMatchStructsBehindPointersOnly) {
  for (const bool behind_pointer : {true, false}) {
    Restart();
    const auto wrap = [&](Builder& b, TypeId type) {
      return behind_pointer ? b.Add(Kind::kPointer, 0, type) : type;
    };
    const TypeId forward = program_.Add(Kind::kForward, program_.Name("f"), 0);
    const TypeId s = Struct(program_, "s", 8, {{"a", wrap(program_, forward)}});
    const TypeId whole = Struct(kernel_, "f", 4, {{"x", 1}});
    Struct(kernel_, "s", 8, {{"a", wrap(kernel_, whole)}});

    EXPECT_EQ(Resolve(CoreKind::kTypeMatches, s, "0")->new_value,
              behind_pointer ? 1u : 0u);
  }
}

TEST_F(HandMadeTest, PrototypesMatchParameterByParameter) {
  const auto callback = [](Builder& b, uint32_t result, uint32_t parameter) {
    const TypeId proto =
        b.Add(Kind::kFunctionProto, 0, result, {0, parameter, 0, 1}, 2);
    return b.Add(Kind::kTypedef, b.Name("c"), b.Add(Kind::kPointer, 0, proto));
  };
  struct {
    uint32_t result;
    uint32_t parameter;
    uint64_t exists;
    uint64_t matches;
  } const cases[] = {
      {1, 1, 1, 1}, {1, 2, 1, 0}, {2, 1, 1, 0}, {4, 1, 0, 0}, {1, 4, 0, 0}};
  for (const auto& c : cases) {
    Restart();
    const TypeId local = callback(program_, 1, 1);
    callback(kernel_, c.result, c.parameter);
    EXPECT_EQ(Resolve(CoreKind::kTypeExists, local, "0")->new_value, c.exists);
    EXPECT_EQ(Resolve(CoreKind::kTypeMatches, local, "0")->new_value,
              c.matches);
  }
}

TEST_F(HandMadeTest, ComparisonsThatWouldTakeForeverAreRefused) {
  // Each struct has two members of the next: 2^31 ways to compare.
  for (Builder* b : {&program_, &kernel_}) {
    for (uint32_t i = 0; i < 31; ++i) {
      Struct(*b, "s", 8, {{"a", 9 + i}, {"b", 9 + i}});
    }
    b->Add(Kind::kInt, b->Name("last"), 4, {32});
  }

  EXPECT_EQ(Resolve(CoreKind::kTypeMatches, 8, "0").status(), Status::kTooBig);
}

TEST_F(HandMadeTest, StructsThatContainThemselvesEndTheSearch) {
  // No BPF_BTF_LOAD takes these; a relocator meets them unjudged.
  const TypeId s = Struct(program_, "s", 4, {{"a", 1}});
  Struct(kernel_, "s", 4, {{"", 8}});

  EXPECT_EQ(Resolve(CoreKind::kFieldByteOffset, s, "0:0").status(),
            Status::kTooBig);
}

// Patching.

Insn MakeInsn(uint8_t opcode, int16_t offset, int32_t imm) {
  Insn insn{};
  insn.opcode = opcode;
  insn.dst = 1;
  insn.offset = offset;
  insn.imm = imm;
  return insn;
}

Status Patch(const CoreResult& result, std::vector<Insn>& insns,
             uint32_t offset = 0) {
  return PatchInsn(
      result, Bytes(reinterpret_cast<uint8_t*>(insns.data()), 8 * insns.size()),
      offset, nullptr);
}

CoreResult Change(uint64_t from, uint64_t to) {
  CoreResult result;
  result.old_value = from;
  result.new_value = to;
  result.validate = true;
  return result;
}

constexpr uint8_t kMovImm = 0xb7;
constexpr uint8_t kMovReg = 0xbf;
constexpr uint8_t kLoadImm64 = 0x18;
constexpr uint8_t kLoadW = 0x61;
constexpr uint8_t kLoadDw = 0x79;
constexpr uint8_t kLoadB = 0x71;
constexpr uint8_t kLoadSignedW = 0x81;
constexpr uint8_t kStoreW = 0x62;

TEST(PatchInsnTest, WritesConstantsOfArithmetic) {
  std::vector<Insn> insns = {MakeInsn(kMovImm, 0, 5)};

  EXPECT_EQ(Patch(Change(5, 70), insns), Status::kOk);
  EXPECT_EQ(insns[0].imm, 70);
}

TEST(PatchInsnTest, WritesBothHalvesOfWideConstants) {
  std::vector<Insn> insns = {MakeInsn(kLoadImm64, 0, 5), Insn{}};

  EXPECT_EQ(Patch(Change(5, 0x1234567887654321), insns), Status::kOk);
  EXPECT_EQ(static_cast<uint32_t>(insns[0].imm), 0x87654321u);
  EXPECT_EQ(insns[1].imm, 0x12345678);
}

TEST(PatchInsnTest, WritesOffsetsOfLoadsAndStores) {
  for (const uint8_t opcode : {kLoadW, kStoreW, kLoadSignedW}) {
    std::vector<Insn> insns = {MakeInsn(opcode, 4, 7)};
    EXPECT_EQ(Patch(Change(4, 32767), insns), Status::kOk);
    EXPECT_EQ(insns[0].offset, 32767);
    EXPECT_EQ(insns[0].imm, 7);
  }
}

TEST(PatchInsnTest, RefusesWhatHoldsSomethingElse) {
  std::vector<Insn> move = {MakeInsn(kMovImm, 0, 6)};
  std::vector<Insn> load = {MakeInsn(kLoadW, 6, 0)};
  std::vector<Insn> wide = {MakeInsn(kLoadImm64, 0, 6), Insn{}};
  CoreResult trusting = Change(5, 70);
  trusting.validate = false;

  EXPECT_EQ(Patch(Change(5, 70), move), Status::kInvalid);
  EXPECT_EQ(Patch(Change(5, 70), load), Status::kInvalid);
  EXPECT_EQ(Patch(Change(5, 70), wide), Status::kInvalid);
  EXPECT_EQ(move[0].imm, 6);
  EXPECT_EQ(Patch(trusting, move), Status::kOk);
  EXPECT_EQ(move[0].imm, 70);
}

TEST(PatchInsnTest, RefusesInstructionsThatTakeNoConstant) {
  for (const uint8_t opcode :
       {kMovReg, uint8_t{0x85}, uint8_t{0x95}, uint8_t{0x05}, uint8_t{0x20}}) {
    std::vector<Insn> insns = {MakeInsn(opcode, 5, 5)};
    EXPECT_EQ(Patch(Change(5, 7), insns), Status::kInvalid) << int(opcode);
  }
}

TEST(PatchInsnTest, RefusesWideConstantsThatAreMoreThanConstants) {
  std::vector<Insn> cut = {MakeInsn(kLoadImm64, 0, 5)};
  std::vector<Insn> map = {MakeInsn(kLoadImm64, 0, 5), Insn{}};
  map[0].src = 1;
  std::vector<Insn> odd = {MakeInsn(kLoadImm64, 0, 5), MakeInsn(kMovImm, 0, 0)};

  EXPECT_EQ(Patch(Change(5, 7), cut), Status::kInvalid);
  EXPECT_EQ(Patch(Change(5, 7), map), Status::kInvalid);
  EXPECT_EQ(Patch(Change(5, 7), odd), Status::kInvalid);
}

TEST(PatchInsnTest, RefusesOffsetsThatFitNoLoad) {
  std::vector<Insn> insns = {MakeInsn(kLoadW, 4, 0)};

  EXPECT_EQ(Patch(Change(4, 32768), insns), Status::kOutOfRange);
  EXPECT_EQ(insns[0].offset, 4);
}

TEST(PatchInsnTest, RefusesPlacesOutsideOfTheProgram) {
  std::vector<Insn> insns = {MakeInsn(kMovImm, 0, 5)};
  for (const uint32_t offset : {4u, 8u, 0xfffffff8u}) {
    EXPECT_EQ(Patch(Change(5, 7), insns, offset), Status::kInvalid);
  }
}

TEST(PatchInsnTest, ChangesTheSizeOfLoads) {
  CoreResult result = Change(4, 8);
  result.old_size = 4;
  for (const auto& [size, opcode] :
       std::vector<std::pair<uint32_t, int>>{{8, kLoadDw}, {1, kLoadB}}) {
    std::vector<Insn> insns = {MakeInsn(kLoadW, 4, 0)};
    result.new_size = size;
    EXPECT_EQ(Patch(result, insns), Status::kOk);
    EXPECT_EQ(insns[0].opcode, opcode);
  }
  std::vector<Insn> insns = {MakeInsn(kLoadW, 4, 0)};
  result.new_size = 16;
  EXPECT_EQ(Patch(result, insns), Status::kInvalid);
  std::vector<Insn> other = {MakeInsn(kLoadB, 4, 0)};
  result.new_size = 8;
  EXPECT_EQ(Patch(result, other), Status::kInvalid);
}

TEST(PatchInsnTest, PoisonIsACallThatNoVerifierAccepts) {
  CoreResult result;
  result.poison = true;
  std::vector<Insn> load = {MakeInsn(kLoadW, 4, 0)};
  std::vector<Insn> wide = {MakeInsn(kLoadImm64, 0, 5), Insn{}};

  ASSERT_EQ(Patch(result, load), Status::kOk);
  ASSERT_EQ(Patch(result, wide), Status::kOk);
  for (const Insn& insn : {load[0], wide[0], wide[1]}) {
    EXPECT_EQ(insn.opcode, 0x85);
    EXPECT_EQ(insn.dst, 0);
    EXPECT_EQ(insn.src, 0);
    EXPECT_EQ(insn.offset, 0);
    EXPECT_EQ(insn.imm, 195896080);
  }
}

TEST(PatchInsnTest, PoisonsLoadsOfSizesThatNoOtherLoadMakesGood) {
  CoreResult result = Change(4, 8);
  result.old_size = 4;
  result.new_size = 8;
  result.wrong_size = true;
  std::vector<Insn> load = {MakeInsn(kLoadW, 4, 0)};
  std::vector<Insn> move = {MakeInsn(kMovImm, 0, 4)};

  EXPECT_EQ(Patch(result, load), Status::kOk);
  EXPECT_EQ(load[0].imm, kPoisonedCall);
  // Where the offset alone is taken, sizes are the program's affair.
  EXPECT_EQ(Patch(result, move), Status::kOk);
  EXPECT_EQ(move[0].imm, 8);
}

}  // namespace
}  // namespace ebpf::btf
