// SPDX-License-Identifier: MIT
//
// What Linux answers to the attributes of hash kinds; asked of Linux 6.18.
#include "core/maps/hash_spec.h"

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"

namespace ebpf {
namespace {

using namespace linux_abi;  // NOLINT: flags only

constexpr MapType kHash = MapType::kHash;
constexpr MapType kPerCpu = MapType::kPerCpuHash;
constexpr MapType kLru = MapType::kLruHash;
constexpr MapType kLruPerCpu = MapType::kLruPerCpuHash;
constexpr MapType kAll[] = {kHash, kPerCpu, kLru, kLruPerCpu};

class HashSpecTest : public MapTest {};

Status Check(MapType type, uint32_t flags, uint32_t key_size = 4,
             uint32_t value_size = 8, uint32_t max_entries = 16) {
  return CheckHashSpec(Spec(type, key_size, value_size, max_entries, flags));
}

TEST_F(HashSpecTest, FlagsAreThoseOfLinux) {
  const struct {
    uint32_t flags;
    Status of_kinds[4];  // as kAll
  } kCases[] = {
#define EBPF_OK Status::kOk
#define EBPF_INVALID Status::kInvalid
#define EBPF_NOTSUPP Status::kNotSupportedLinux
      {0, {EBPF_OK, EBPF_OK, EBPF_OK, EBPF_OK}},
      {kMapNoPrealloc, {EBPF_OK, EBPF_OK, EBPF_NOTSUPP, EBPF_NOTSUPP}},
      {kMapNoCommonLru, {EBPF_INVALID, EBPF_INVALID, EBPF_OK, EBPF_OK}},
      {kMapNumaNode, {EBPF_OK, EBPF_INVALID, EBPF_OK, EBPF_INVALID}},
      {kMapZeroSeed, {EBPF_OK, EBPF_OK, EBPF_OK, EBPF_OK}},
      {kMapReadOnly, {EBPF_OK, EBPF_OK, EBPF_OK, EBPF_OK}},
      {kMapWriteOnlyProg, {EBPF_OK, EBPF_OK, EBPF_OK, EBPF_OK}},
      {kMapMmapable, {EBPF_INVALID, EBPF_INVALID, EBPF_INVALID, EBPF_INVALID}},
      {kMapNoCommonLru | kMapNumaNode,
       {EBPF_INVALID, EBPF_INVALID, EBPF_INVALID, EBPF_INVALID}},
      {kMapNoCommonLru | kMapNoPrealloc,
       {EBPF_INVALID, EBPF_INVALID, EBPF_NOTSUPP, EBPF_NOTSUPP}},
      {kMapNoPrealloc | kMapNumaNode,
       {EBPF_OK, EBPF_INVALID, EBPF_NOTSUPP, EBPF_NOTSUPP}},
      {kMapNoPrealloc | kMapReadOnly | kMapWriteOnly,
       {EBPF_INVALID, EBPF_INVALID, EBPF_INVALID, EBPF_INVALID}},
#undef EBPF_OK
#undef EBPF_INVALID
#undef EBPF_NOTSUPP
  };
  for (const auto& c : kCases) {
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(Check(kAll[i], c.flags), c.of_kinds[i])
          << "kind " << static_cast<uint32_t>(kAll[i]) << " flags " << c.flags;
    }
  }
}

TEST_F(HashSpecTest, NothingMayBeZero) {
  for (const MapType type : kAll) {
    EXPECT_EQ(Check(type, 0, 0), Status::kInvalid);
    EXPECT_EQ(Check(type, 0, 4, 0), Status::kInvalid);
    EXPECT_EQ(Check(type, 0, 4, 8, 0), Status::kInvalid);
  }
  EXPECT_EQ(Check(kLru, kMapNoPrealloc, 0), Status::kNotSupportedLinux)
      << "flags are looked at first";
}

TEST_F(HashSpecTest, SizesEndWhereLinuxsDo) {
  constexpr uint32_t kLimit = (4u << 20) - 48;
  for (const MapType type : kAll) {
    EXPECT_EQ(Check(type, 0, kLimit - 9, 8, 1), Status::kOk);
    EXPECT_EQ(Check(type, 0, kLimit - 8, 8, 1), Status::kTooBig);
    EXPECT_EQ(Check(type, 0, 4, 8, UINT32_MAX), Status::kTooBig);
    EXPECT_EQ(Check(type, 0, 4, 8, (1u << 27) + 1), Status::kTooBig);
    const bool per_cpu = type == kPerCpu || type == kLruPerCpu;
    EXPECT_EQ(Check(type, 0, 4, 32768), Status::kOk);
    EXPECT_EQ(Check(type, 0, 4, 32769),
              per_cpu ? Status::kTooBig : Status::kOk);
  }
}

TEST_F(HashSpecTest, EachCpusOwnLruHasAsManyEntries) {
  const MapSpec common = Spec(kLru, 4, 8, 17);
  const MapSpec own = Spec(kLru, 4, 8, 17, kMapNoCommonLru);
  EXPECT_EQ(RoundedHashSpec(common).max_entries, 17u);
  EXPECT_EQ(RoundedHashSpec(own).max_entries, 24u);  // 8 CPUs
}

TEST_F(HashSpecTest, OnlyAZeroSeedIsKnown) {
  EXPECT_EQ(HashTableShape(Spec(kHash, 4, 8, 1, kMapZeroSeed)).seed, 0u);
  EXPECT_NE(HashTableShape(Spec(kHash, 4, 8, 1)).seed,
            HashTableShape(Spec(kHash, 4, 8, 1)).seed);
}

}  // namespace
}  // namespace ebpf
