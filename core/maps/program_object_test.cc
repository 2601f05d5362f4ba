// SPDX-License-Identifier: MIT
#include "core/maps/program_object.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/btf/test_builder.h"
#include "core/maps/hash_table.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

using btf::Kind;

class ObjectTypeTest : public LeavesNothingTest {
 protected:
  ObjectTypeTest() {
    word_ = types_.Add(Kind::kInt, types_.Name("u64"), 8, {1u << 24 | 64});
    const uint32_t half =
        types_.Add(Kind::kInt, types_.Name("u32"), 4, {1u << 24 | 32});
    const uint32_t lock =
        types_.AddStruct("bpf_spin_lock", 4, {{"val", half, 0}});
    const uint32_t count =
        types_.AddStruct("bpf_refcount", 4, {{"a", half, 0}});
    const uint32_t head = types_.AddStruct("bpf_list_head", 16,
                                           {{"a", word_, 0}, {"b", word_, 8}});
    (void)head;
    const uint32_t node =
        types_.AddStruct("bpf_list_node", 24, {{"a", word_, 0}});
    plain_ = types_.AddStruct("plain", 24, {{"a", word_, 0}, {"b", word_, 16}});
    counted_ = types_.AddStruct("counted", 20,
                                {{"a", word_, 0},
                                 {"lock", lock, 8},
                                 {"count", count, 12},
                                 {"b", half, 16}});
    linked_ =
        types_.AddStruct("linked", 32, {{"node", node, 0}, {"a", word_, 24}});
    large_ = types_.AddStruct("large", 5000, {{"a", word_, 0}});
  }
  ~ObjectTypeTest() override { SetHostDeferSupport(true); }

  Result<ObjectType*> Create(uint32_t id,
                             Allocator& allocator = PortAllocator()) {
    const std::vector<uint8_t> blob = types_.Blob();
    const ConstBytes bytes(blob.data(), blob.size());
    std::vector<uint32_t> index(*btf::Btf::CountTypes(bytes));
    const Result<btf::Btf> btf =
        btf::Btf::Open(bytes, Span<uint32_t>(index.data(), index.size()));
    EXPECT_TRUE(btf.ok());
    return ObjectType::Create(*btf, id, nullptr, allocator);
  }
  ObjectType* Make(uint32_t id) {
    Result<ObjectType*> type = Create(id);
    EXPECT_TRUE(type.ok());
    return *type;
  }

  btf::Builder types_;
  uint32_t word_ = 0;
  uint32_t plain_ = 0;
  uint32_t counted_ = 0;
  uint32_t linked_ = 0;
  uint32_t large_ = 0;
};

TEST_F(ObjectTypeTest, ObjectsAreZerosAlsoWhereOneWasBefore) {
  ObjectType* type = Make(plain_);
  for (int round = 0; round < 1000; ++round) {
    void* object = type->New();
    ASSERT_NE(object, nullptr);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(object) % 16, 0u);
    ASSERT_TRUE(AllZero(ConstBytes(static_cast<uint8_t*>(object), 24)));
    memset(object, 0xff, 24);
    ObjectType::Drop(object);
  }
  type->Release();
}

TEST_F(ObjectTypeTest, ACountThatIsFullKeepsItsObjectForGood) {
  ObjectType* type = Make(counted_);
  void* const object = type->New();
  uint32_t* count = nullptr;  // the only word that is 1
  for (uint32_t i = 0; i < 6 && count == nullptr; ++i) {
    uint32_t* const word = static_cast<uint32_t*>(object) + i;
    count = *word == 1 ? word : nullptr;
  }
  ASSERT_NE(count, nullptr);
  for (const uint32_t full : {0x7fffffffu, 0xfffffffeu, 0xffffffffu}) {
    *count = full;
    ASSERT_TRUE(ObjectType::Acquire(object));
    ASSERT_TRUE(ObjectType::Acquire(object));
    for (int i = 0; i < 10; ++i) {
      ObjectType::Drop(object);
    }
    ASSERT_GE(*count, 0x80000000u);
  }
  *count = 1;
  ObjectType::Drop(object);
  type->Release();
}

TEST_F(ObjectTypeTest, OnlyStructsWithLocksAndCountsAreMade) {
  EXPECT_EQ(Create(linked_).status(), Status::kNotSupportedLinux);
  EXPECT_EQ(Create(word_).status(), Status::kInvalid);
  EXPECT_EQ(Create(large_).status(), Status::kTooBig);
  EXPECT_FALSE(Create(9999).ok());
}

TEST_F(ObjectTypeTest, ACountedObjectLivesUntilItsLastReferenceIsDropped) {
  ObjectType* type = Make(counted_);
  auto* object = static_cast<uint8_t*>(type->New());
  ASSERT_TRUE(ObjectType::Acquire(object));
  ASSERT_TRUE(ObjectType::Acquire(object));
  object[0] = 7;
  ObjectType::Drop(object);
  ObjectType::Drop(object);
  std::set<void*> others;
  while (void* other = type->New()) {
    others.insert(other);
  }
  EXPECT_EQ(others.count(object), 0u);
  EXPECT_EQ(object[0], 7);
  ObjectType::Drop(object);
  EXPECT_FALSE(ObjectType::Acquire(object)) << "it has gone";
  for (void* other : others) {
    ObjectType::Drop(other);
  }
  type->Release();
}

TEST_F(ObjectTypeTest, ATypeLivesAsLongAsItsObjects) {
  ObjectType* type = Make(plain_);
  void* object = type->New();
  type->Release();
  RunHostDeferred();
  memset(object, 1, 24);
  const HostTrap trap;
  ObjectType::Drop(object);
}

TEST_F(ObjectTypeTest, WithoutDeferATypeGoesWithTheNextCall) {
  SetHostDeferSupport(false);
  ObjectType* type = Make(plain_);
  ObjectType* other = Make(counted_);
  void* object = type->New();
  type->Release();
  other->Release();
  ObjectType::Drop(object);
  ServeElementCaches();
}

TEST_F(ObjectTypeTest, AnObjectPutIntoAValueAfterItsRemovalGoesWithItsMemory) {
  ObjectType* type = Make(plain_);
  MapField field{};
  field.kind = MapFieldKind::kKptr;
  field.size = sizeof(void*);
  {
    HashTable table(PortAllocator());
    TableShape shape;
    shape.key_size = 4;
    shape.value_size = sizeof(void*);
    shape.max_entries = 10;
    shape.on_demand = true;
    ASSERT_EQ(table.Init(shape), Status::kOk);
    table.SetFields(MapFields(&field, 1));
    const uint32_t key = 1;
    ASSERT_EQ(table.Put(In(key), In(uint64_t{0}), UpdateMode::kAny,
                        TableCaller::kTask),
              Status::kOk);
    auto* const value = reinterpret_cast<void**>(table.Find(In(key)));
    ASSERT_EQ(table.Remove(In(key), TableCaller::kTask), Status::kOk);
    *value = type->New();  // as a program does that had found it before
    ASSERT_NE(*value, nullptr);
  }
  type->Release();  // the destructor sees that nothing is left
}

TEST_F(ObjectTypeTest, NoObjectGoesWhileSomebodyReadsIt) {
  ObjectType* type = Make(plain_);
  auto* object = static_cast<uint64_t*>(type->New());
  object[0] = 77;
  std::atomic<bool> reading{false};
  std::atomic<bool> dropped{false};
  std::thread reader([&] {
    const HostCpu cpu(1);
    const ReadSection section;
    reading = true;
    while (!dropped) {
      std::this_thread::yield();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(object[0], 77u);  // the host port overwrites what is freed
  });
  while (!reading) {
    std::this_thread::yield();
  }
  type->Release();
  ObjectType::Drop(object);
  dropped = true;
  RunHostDeferred();
  reader.join();
}

TEST_F(ObjectTypeTest, ThreadsShareCountedObjects) {
  ObjectType* type = Make(counted_);
  auto* shared = static_cast<uint64_t*>(type->New());
  std::atomic<uint64_t> acquired{0};
  RunOnCpus(4, [&](uint32_t thread) {
    for (int i = 0; i < 20'000; ++i) {
      const ReadSection section;
      if (ObjectType::Acquire(shared)) {
        ++acquired;
        ObjectType::Drop(shared);
      }
      auto* own = static_cast<uint64_t*>(type->New());
      if (own != nullptr) {
        ASSERT_EQ(own[0], 0u);
        own[0] = thread;
        ASSERT_EQ(own[0], thread);
        ObjectType::Drop(own);
      }
    }
  });
  EXPECT_EQ(acquired, 80'000u);
  ObjectType::Drop(shared);
  type->Release();
}

TEST_F(ObjectTypeTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("type of objects", [&](FailingAllocator& allocator) {
    Result<ObjectType*> type = Create(plain_, allocator);
    EXPECT_EQ(type.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
    if (type.ok()) {
      (*type)->Release();
      RunHostDeferred();
    }
  });
}

}  // namespace
}  // namespace ebpf
