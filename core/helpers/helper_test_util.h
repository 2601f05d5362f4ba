// SPDX-License-Identifier: MIT
//
// Calling helpers as engines do, by number.
#pragma once

#include <stdint.h>

#include "core/helpers/prototype.h"
#include "core/maps/map.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"

namespace ebpf {

/// Words that are nothing in particular, for arguments a helper does not have.
inline constexpr uint64_t kNoArgument = 0x6b6b6b6b6b6b6b6b;

inline uint64_t Call(uint32_t id, uint64_t r1 = kNoArgument,
                     uint64_t r2 = kNoArgument, uint64_t r3 = kNoArgument,
                     uint64_t r4 = kNoArgument, uint64_t r5 = kNoArgument) {
  return FindHelper(id)->function(r1, r2, r3, r4, r5);
}

template <typename T>
uint64_t Address(const T* of) {
  return reinterpret_cast<uint64_t>(of);
}

/// What a program sees of -errno.
constexpr uint64_t Negative(int error) {
  return static_cast<uint64_t>(-static_cast<int64_t>(error));
}

/// Read sections for the length of a test, since maps wait for readers.
class HelperTest : public ::testing::Test {
 protected:
  HelperTest() { EXPECT_TRUE(InitReadSections()); }
  ~HelperTest() override { ExitReadSections(); }

  static Ref<Map> Make(MapType type, uint32_t key_size, uint32_t value_size,
                       uint32_t max_entries) {
    MapSpec spec;
    spec.type = type;
    spec.key_size = key_size;
    spec.value_size = value_size;
    spec.max_entries = max_entries;
    Result<Ref<Map>> map = CreateMap(spec, PortAllocator());
    EXPECT_TRUE(map.ok());
    return map.ok() ? *map : Ref<Map>();
  }
};

}  // namespace ebpf
