// SPDX-License-Identifier: MIT
//
// Hash tables whose values hold a bpf_spin_lock: BPF_F_LOCK, and what is never
// copied.
#include "core/linux_abi/bpf.h"
#include "core/maps/hash_table.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

constexpr TableCaller kProgram = TableCaller::kProgram;
constexpr TableCaller kTask = TableCaller::kTask;
constexpr UpdateMode kAny = UpdateMode::kAny;
constexpr UpdateMode kLock = UpdateMode::kLock;

struct Value {
  uint64_t first;
  uint32_t lock;
  uint32_t second;
  uint64_t third;
};

UpdateMode Locked(UpdateMode mode) {
  return static_cast<UpdateMode>(static_cast<uint64_t>(mode) |
                                 static_cast<uint64_t>(kLock));
}

class HashFieldsTest : public MapTest {
 protected:
  HashFieldsTest() : table_(PortAllocator()) {
    EXPECT_EQ(table_.Init(4, sizeof(Value), 8, 1), Status::kOk);
    table_.SetFields(MapFields(&field_, 1));
  }
  Value& Find(uint32_t key) {
    return *reinterpret_cast<Value*>(table_.Find(In(key)));
  }

  const MapField field_ = {MapFieldKind::kSpinLock, 8, 4, nullptr, 0, 0};
  HashTable table_;
};

TEST_F(HashFieldsTest, TheLockIsNeitherCopiedInNorOut) {
  const uint32_t key = 1;
  ASSERT_EQ(table_.Put(In(key), In(Value{1, 99, 2, 3}), kAny, kTask),
            Status::kOk);
  EXPECT_EQ(Find(key).lock, 0u);
  Find(key).lock = 7;
  Value out;
  ASSERT_EQ(table_.CopyOut(In(key), Out(out)), Status::kOk);
  EXPECT_EQ(out.first, 1u);
  EXPECT_EQ(out.lock, 0u);
  EXPECT_EQ(out.second, 2u);
  EXPECT_EQ(out.third, 3u);
  Find(key).lock = 0;
}

TEST_F(HashFieldsTest, AnUpdateWithItsLockOverwritesInPlace) {
  const uint32_t key = 1;
  ASSERT_EQ(table_.Put(In(key), In(Value{1, 0, 2, 3}), kLock, kProgram),
            Status::kOk)
      << "a new key";
  uint8_t* const place = table_.Find(In(key));
  ASSERT_EQ(table_.Put(In(key), In(Value{4, 9, 5, 6}), kLock, kProgram),
            Status::kOk);
  EXPECT_EQ(table_.Find(In(key)), place);
  EXPECT_EQ(Find(key).first, 4u);
  EXPECT_EQ(Find(key).lock, 0u);
  EXPECT_EQ(Find(key).second, 5u);
  EXPECT_EQ(Find(key).third, 6u);

  ASSERT_EQ(table_.Put(In(key), In(Value{7, 0, 8, 9}), kAny, kProgram),
            Status::kOk);
  EXPECT_NE(table_.Find(In(key)), place);
}

TEST_F(HashFieldsTest, TheOtherModesHoldWithTheLock) {
  const uint32_t key = 1;
  EXPECT_EQ(table_.Put(In(key), In(Value{}), Locked(UpdateMode::kExist), kTask),
            Status::kNotFound);
  EXPECT_EQ(
      table_.Put(In(key), In(Value{}), Locked(UpdateMode::kNoExist), kTask),
      Status::kOk);
  EXPECT_EQ(
      table_.Put(In(key), In(Value{}), Locked(UpdateMode::kNoExist), kTask),
      Status::kExists);
  EXPECT_EQ(table_.Put(In(key), In(Value{}), Locked(UpdateMode::kExist), kTask),
            Status::kOk);
  EXPECT_EQ(table_.Put(In(key), In(Value{}), UpdateMode(7), kTask),
            Status::kInvalid);
}

TEST_F(HashFieldsTest, ALockThatThisCpuHoldsIsBusy) {
  const uint32_t key = 1;
  ASSERT_EQ(table_.Put(In(key), In(Value{1, 0, 2, 3}), kAny, kTask),
            Status::kOk);
  Find(key).lock = 1;  // CPU 0's number + 1

  EXPECT_EQ(table_.Put(In(key), In(Value{4, 0, 5, 6}), kLock, kProgram),
            Status::kBusy);

  EXPECT_EQ(Find(key).first, 1u);
  Find(key).lock = 0;
}

TEST_F(HashFieldsTest, WithoutALockInItsValuesTheModeIsInvalid) {
  HashTable plain(PortAllocator());
  ASSERT_EQ(plain.Init(4, sizeof(Value), 8, 1), Status::kOk);
  EXPECT_EQ(plain.Put(In(uint32_t{1}), In(Value{}), kLock, kTask),
            Status::kInvalid);
}

TEST_F(HashFieldsTest, TakingOutAndBatchesLeaveTheLockBehind) {
  for (uint32_t key = 0; key < 4; ++key) {
    ASSERT_EQ(table_.Put(In(key), In(Value{key, 0, 2, 3}), kAny, kTask),
              Status::kOk);
    Find(key).lock = 5;
  }
  Value out;
  ASSERT_EQ(table_.TakeOut(In(uint32_t{0}), Out(out)), Status::kOk);
  EXPECT_EQ(out.lock, 0u);
  uint32_t keys[8];
  Value values[8];
  MapBatch batch = {Out(keys), Out(values), 8, 0};
  uint32_t cursor = 0;
  EXPECT_EQ(table_.CopyBatch(cursor, batch, true), Status::kNotFound);
  ASSERT_EQ(batch.count, 3u);
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(values[i].first, keys[i]);
    EXPECT_EQ(values[i].lock, 0u);
  }
}

}  // namespace
}  // namespace ebpf
