// SPDX-License-Identifier: MIT
#include "core/btf/validate.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/test_builder.h"
#include "core/btf/validate_cases.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf::btf {
namespace {

ConstBytes View(const std::vector<uint8_t>& bytes) {
  return ConstBytes(bytes.data(), bytes.size());
}

struct Verdict {
  Status status;
  std::string log;
};

Verdict Judge(const std::vector<uint8_t>& blob) {
  std::string log(1 << 16, '\0');
  TextWriter writer(log.data(), log.size());
  const Status status = Validate(View(blob), PortAllocator(), &writer);
  log.resize(writer.text().size());
  return {status, log};
}

/// The last line that says something.
std::string LastLine(const std::string& log) {
  const size_t end = log.find_last_not_of('\n');
  const size_t begin = log.rfind('\n', end);
  return end == std::string::npos
             ? ""
             : log.substr(begin == std::string::npos ? 0 : begin + 1);
}

TEST(ValidateTest, JudgesEachRuleAsTheTableSays) {
  std::set<std::string> names;
  for (const ValidateCase& c : ValidateCases()) {
    SCOPED_TRACE(c.name);
    EXPECT_TRUE(names.insert(c.name).second);
    const Verdict verdict = Judge(c.blob);
    EXPECT_EQ(verdict.status, c.status) << verdict.log;
    EXPECT_NE(LastLine(verdict.log).find(c.message), std::string::npos)
        << verdict.log;
  }
  EXPECT_GE(names.size(), 150u);
}

TEST(ValidateTest, AcceptsNothingThatCannotBeOpened) {
  for (const ValidateCase& c : ValidateCases()) {
    if (c.status == Status::kOk) {
      EXPECT_TRUE(BtfObject::Create(View(c.blob), PortAllocator()).ok())
          << c.name;
    }
  }
}

TEST(ValidateTest, JudgesTheSameWithoutALog) {
  for (const ValidateCase& c : ValidateCases()) {
    EXPECT_EQ(Validate(View(c.blob), PortAllocator(), nullptr), c.status)
        << c.name;
  }
}

TEST(ValidateTest, WritesTypesAsLinuxDoes) {
  Builder b;
  const uint32_t number = b.Add(Kind::kInt, b.Name("int"), 4, {1 << 24 | 32});
  b.AddFlagged(Kind::kStruct, b.Name("s"), 8, {b.Name("a"), number, 3 << 24},
               1);
  b.Add(Kind::kFunctionProto, 0, number, {b.Name("x"), number, 0, 0}, 2);
  b.AddFlagged(Kind::kEnum, b.Name("e"), 4, {b.Name("E"), 0xffffffff}, 1);
  b.Add(Kind::kTypedef, 0, number);

  const std::string log = Judge(b.Blob()).log;

  EXPECT_EQ(log.substr(log.find("[1]")),
            "[1] INT int size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n"
            "[2] STRUCT s size=8 vlen=1\n"
            "\ta type_id=1 bitfield_size=3 bits_offset=0\n"
            "[3] FUNC_PROTO (anon) return=1 args=(1 x, vararg)\n"
            "[4] ENUM e size=4 vlen=1\n"
            "\tE val=-1\n"
            "[5] TYPEDEF (anon) type_id=1 Invalid name\n");
}

TEST(ValidateTest, RefusesBlobsBeyondTheLimitUnread) {
  const std::vector<uint8_t> blob(kMaxBlobSize + 1, 0xff);

  EXPECT_EQ(Judge(blob).status, Status::kTooBig);
}

TEST(ValidateTest, EndsOnChainsOfAnyLength) {
  // Each type refers to one that was judged before: a million steps in all,
  // not a million times a million.
  Builder b;
  uint32_t last = b.Add(Kind::kInt, b.Name("int"), 4, {32});
  for (int i = 0; i < 300000; ++i) {
    last = b.Add(Kind::kConst, 0, last);
  }

  EXPECT_EQ(Validate(View(b.Blob()), PortAllocator(), nullptr), Status::kOk);
}

TEST(ValidateTest, RefusesMoreTypesThanIdsThereAre) {
  Builder b;
  for (int i = 0; i < 0x100000; ++i) {
    b.Add(Kind::kPointer, 0, 0);
  }

  EXPECT_EQ(Validate(View(b.Blob()), PortAllocator(), nullptr),
            Status::kTooBig);
}

TEST(ValidateTest, SplitRefersToItsBase) {
  Builder base;
  const uint32_t number =
      base.Add(Kind::kInt, base.Name("int"), 4, {1 << 24 | 32});
  const uint32_t alias = base.Add(Kind::kTypedef, base.Name("t"), number);
  Builder good;
  good.ContinueFrom(base);
  good.Add(Kind::kStruct, good.Name("s"), 4, {good.Name("a"), alias, 0}, 1);
  Builder small;
  small.ContinueFrom(base);
  small.Add(Kind::kStruct, small.Name("s"), 3, {small.Name("a"), alias, 0}, 1);
  const Ref<BtfObject> object =
      *BtfObject::Create(View(base.Blob()), PortAllocator());

  EXPECT_EQ(
      Validate(View(good.Blob()), PortAllocator(), nullptr, &object->btf()),
      Status::kOk);
  EXPECT_EQ(
      Validate(View(small.Blob()), PortAllocator(), nullptr, &object->btf()),
      Status::kInvalid);
}

TEST(ValidateTest, SurvivesEachFailedAllocation) {
  const std::vector<uint8_t> blob = ValidateCases().front().blob;
  const uint64_t allocations =
      ForEachFailingAllocation("Validate", [&](FailingAllocator& allocator) {
        const Status status = Validate(View(blob), allocator, nullptr);
        EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
      });
  EXPECT_GE(allocations, 5u);
}

}  // namespace
}  // namespace ebpf::btf
