// SPDX-License-Identifier: MIT
#include <cstring>
#include <errno.h>
#include <linux/bpf.h>

#include "core/helpers/helper_test_util.h"
#include "core/platform/cpu.h"

namespace ebpf {
namespace {

class MapHelpersTest : public HelperTest {};

TEST_F(MapHelpersTest, LookUpUpdateAndDeleteByAddress) {
  const Ref<Map> map = Make(MapType::kHash, 4, 8, 2);
  const uint64_t handle = Address(map.get());
  const uint32_t key = 7;
  const uint64_t value = 70;

  EXPECT_EQ(Call(BPF_FUNC_map_lookup_elem, handle, Address(&key)), 0u);
  EXPECT_EQ(Call(BPF_FUNC_map_update_elem, handle, Address(&key),
                 Address(&value), BPF_ANY),
            0u);
  const uint64_t found = Call(BPF_FUNC_map_lookup_elem, handle, Address(&key));
  ASSERT_NE(found, 0u);
  EXPECT_EQ(*reinterpret_cast<uint64_t*>(found), 70u);
  EXPECT_EQ(Call(BPF_FUNC_map_delete_elem, handle, Address(&key)), 0u);
  EXPECT_EQ(Call(BPF_FUNC_map_lookup_elem, handle, Address(&key)), 0u);
}

TEST_F(MapHelpersTest, FailuresAreNegativeErrnos) {
  const Ref<Map> map = Make(MapType::kHash, 4, 8, 1);
  const uint64_t handle = Address(map.get());
  const uint64_t value = 1;
  const auto update = [&](uint32_t key, uint64_t flags) {
    return Call(BPF_FUNC_map_update_elem, handle, Address(&key),
                Address(&value), flags);
  };
  const uint32_t key = 1;
  EXPECT_EQ(update(1, BPF_EXIST), Negative(ENOENT));
  EXPECT_EQ(update(1, BPF_NOEXIST), 0u);
  EXPECT_EQ(update(1, BPF_NOEXIST), Negative(EEXIST));
  EXPECT_EQ(update(2, BPF_ANY), Negative(E2BIG));
  EXPECT_EQ(update(1, 3), Negative(EINVAL));
  EXPECT_EQ(update(1, BPF_F_LOCK), Negative(EINVAL));
  EXPECT_EQ(update(1, uint64_t{1} << 63), Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_map_delete_elem, handle, Address(&key)), 0u);
  EXPECT_EQ(Call(BPF_FUNC_map_delete_elem, handle, Address(&key)),
            Negative(ENOENT));
}

TEST_F(MapHelpersTest, ArraysAnswerAsLinuxs) {
  const Ref<Map> map = Make(MapType::kArray, 4, 8, 1);
  const uint32_t first = 0;
  const uint32_t past = 1;
  const uint64_t value = 9;
  EXPECT_NE(Call(BPF_FUNC_map_lookup_elem, Address(map.get()), Address(&first)),
            0u);
  EXPECT_EQ(Call(BPF_FUNC_map_lookup_elem, Address(map.get()), Address(&past)),
            0u);
  EXPECT_EQ(Call(BPF_FUNC_map_update_elem, Address(map.get()), Address(&past),
                 Address(&value), BPF_ANY),
            Negative(E2BIG));
  EXPECT_EQ(Call(BPF_FUNC_map_delete_elem, Address(map.get()), Address(&first)),
            Negative(EINVAL));
}

TEST_F(MapHelpersTest, KeysAndValuesStandAnywhereOnAProgramsStack) {
  const Ref<Map> map = Make(MapType::kHash, 5, 7, 4);
  uint8_t stack[64];
  for (size_t i = 0; i < sizeof(stack); ++i) {
    stack[i] = static_cast<uint8_t>(i);
  }
  ASSERT_EQ(Call(BPF_FUNC_map_update_elem, Address(map.get()),
                 Address(stack + 3), Address(stack + 17), BPF_ANY),
            0u);
  const uint64_t found =
      Call(BPF_FUNC_map_lookup_elem, Address(map.get()), Address(stack + 3));
  ASSERT_NE(found, 0u);
  EXPECT_EQ(memcmp(reinterpret_cast<void*>(found), stack + 17, 7), 0);
}

TEST_F(MapHelpersTest, QueuesArePushedPoppedAndPeeked) {
  const Ref<Map> map = Make(MapType::kQueue, 0, 8, 2);
  const uint64_t handle = Address(map.get());
  uint64_t value = 7;
  EXPECT_EQ(Call(BPF_FUNC_map_pop_elem, handle, Address(&value)),
            Negative(ENOENT));
  EXPECT_EQ(value, 0u);
  for (value = 1; value <= 2; ++value) {
    EXPECT_EQ(Call(BPF_FUNC_map_push_elem, handle, Address(&value), BPF_ANY),
              0u);
  }
  EXPECT_EQ(Call(BPF_FUNC_map_push_elem, handle, Address(&value), BPF_ANY),
            Negative(E2BIG));
  EXPECT_EQ(Call(BPF_FUNC_map_push_elem, handle, Address(&value), BPF_NOEXIST),
            Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_map_push_elem, handle, Address(&value), BPF_EXIST),
            0u);
  EXPECT_EQ(Call(BPF_FUNC_map_peek_elem, handle, Address(&value)), 0u);
  EXPECT_EQ(value, 2u) << "the oldest went";
  EXPECT_EQ(Call(BPF_FUNC_map_pop_elem, handle, Address(&value)), 0u);
  EXPECT_EQ(value, 2u);
  EXPECT_EQ(Call(BPF_FUNC_map_pop_elem, handle, Address(&value)), 0u);
  EXPECT_EQ(value, 3u);
}

TEST_F(MapHelpersTest, AFilterIsAskedByPeeking) {
  const Ref<Map> map = Make(MapType::kBloomFilter, 0, 8, 100);
  const uint64_t handle = Address(map.get());
  uint64_t value = 7;
  EXPECT_EQ(Call(BPF_FUNC_map_peek_elem, handle, Address(&value)),
            Negative(ENOENT));
  EXPECT_EQ(Call(BPF_FUNC_map_push_elem, handle, Address(&value), BPF_ANY), 0u);
  EXPECT_EQ(Call(BPF_FUNC_map_push_elem, handle, Address(&value), BPF_EXIST),
            Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_map_peek_elem, handle, Address(&value)), 0u);
  EXPECT_EQ(value, 7u);
}

TEST_F(MapHelpersTest, ValuesOfOtherCpusAreFoundByTheirNumber) {
  for (const MapType type : {MapType::kPerCpuArray, MapType::kPerCpuHash}) {
    const Ref<Map> map = Make(type, 4, 8, 2);
    const uint64_t handle = Address(map.get());
    uint32_t key = 1;
    const auto at = [&](uint64_t cpu) {
      return Call(BPF_FUNC_map_lookup_percpu_elem, handle, Address(&key), cpu);
    };
    const uint64_t value = 5;
    ASSERT_EQ(Call(BPF_FUNC_map_update_elem, handle, Address(&key),
                   Address(&value), BPF_ANY),
              0u);
    const uint64_t mine = at(ebpf_port_cpu_id());
    ASSERT_NE(mine, 0u);
    EXPECT_EQ(*reinterpret_cast<uint64_t*>(mine), 5u);
    EXPECT_EQ(mine, Call(BPF_FUNC_map_lookup_elem, handle, Address(&key)));
    EXPECT_EQ(at((uint64_t{1} << 32) + ebpf_port_cpu_id()), mine);
    EXPECT_EQ(at(ebpf_port_cpu_count()), 0u);
    EXPECT_EQ(at(UINT32_MAX), 0u);
    key = 9;
    EXPECT_EQ(at(0), 0u);
  }
}

}  // namespace
}  // namespace ebpf
