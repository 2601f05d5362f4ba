// SPDX-License-Identifier: MIT
//
// Random operations of programs and of the system call on all four hash kinds,
// beside a model that is a std::unordered_map. EBPF_MODEL_OPERATIONS says how
// many for each kind (200 000).
#include <random>
#include <set>
#include <unordered_map>

#include "core/linux_abi/bpf.h"
#include "core/maps/hash_map.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

using Bytestring = std::vector<uint8_t>;

struct Kind {
  const char* name;
  MapType type;
  uint32_t flags;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t key_range;

  bool per_cpu() const {
    return type == MapType::kPerCpuHash || type == MapType::kLruPerCpuHash;
  }
  bool lru() const {
    return type == MapType::kLruHash || type == MapType::kLruPerCpuHash;
  }
  bool on_demand() const { return (flags & linux_abi::kMapNoPrealloc) != 0; }
};

constexpr uint32_t kOwn = linux_abi::kMapNoCommonLru;
constexpr uint32_t kOnDemand = linux_abi::kMapNoPrealloc;
constexpr Kind kKinds[] = {
    {"Hash", MapType::kHash, 0, 4, 8, 700, 1000},
    {"HashOnDemand", MapType::kHash, kOnDemand, 4, 8, 700, 1000},
    {"HashOnDemandSmall", MapType::kHash, kOnDemand, 40, 12, 3, 8},
    {"PerCpuHashOnDemand", MapType::kPerCpuHash, kOnDemand, 4, 12, 500, 700},
    {"HashLongKeys", MapType::kHash, 0, 40, 12, 30, 40},
    {"PerCpuHash", MapType::kPerCpuHash, 0, 4, 12, 500, 700},
    {"LruHash", MapType::kLruHash, 0, 4, 12, 500, 2000},
    {"LruHashSmall", MapType::kLruHash, 0, 9, 1, 3, 20},
    {"LruHashOwn", MapType::kLruHash, kOwn, 4, 8, 800, 2000},
    {"LruPerCpuHash", MapType::kLruPerCpuHash, 0, 8, 12, 300, 900},
    {"LruPerCpuHashOwn", MapType::kLruPerCpuHash, kOwn, 4, 4, 64, 200},
};

/// The map and its model; each operation on both.
class Pair {
 public:
  explicit Pair(const Kind& kind)
      : kind_(kind),
        stride_((kind.value_size + 7) / 8 * 8),
        map_(Make(Spec(kind.type, kind.key_size, kind.value_size,
                       kind.max_entries, kind.flags))) {}

  void Operate() {
    if (++operations_ % 8 == 0) {
      RunHostDeferred();
    }
    const uint32_t cpu = random_() % kCpus;
    const HostCpu host_cpu(cpu);
    const Bytestring key = Key(random_() % kind_.key_range);
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2:
        return LookUp(key, cpu);
      case 3:
        return CopyOut(key);
      case 4:
        return LookUpOnCpu(key, random_() % kCpus);
      case 5:
      case 6:
        return Delete(key, random_() % 2 == 0);
      case 7:
        return TakeOut(key);
      case 8:
        if (random_() % 2048 == 0) {
          CopyBatches(random_() % 2 == 0);
        }
        return;
      case 9:
      case 10:
      case 11:
        return UpdateFromUser(key);
      default:
        return Update(key, cpu);
    }
  }

  /// Each key of the map is the model's, by two ways of walking.
  void Walk() {
    std::set<Bytestring> seen;
    Bytestring key(kind_.key_size);
    for (Status status = map_->NextKey(ConstBytes(), Out(key)); IsOk(status);
         status = map_->NextKey(In(key), Out(key))) {
      ASSERT_TRUE(seen.insert(key).second);
      CheckThere(key);
    }
    if (!kind_.lru()) {
      EXPECT_EQ(seen.size(), model_.size());
    }
    EXPECT_LE(seen.size(), map_->spec().max_entries);
    const Result<uint64_t> count = map_->ForEach(counter_);
    ASSERT_TRUE(count.ok());
    EXPECT_EQ(*count, seen.size());
  }

  uint64_t evictions() const { return evictions_; }
  uint64_t hits() const { return hits_; }

 private:
  struct Hash {
    size_t operator()(const Bytestring& key) const {
      uint32_t number = 0;
      memcpy(&number, key.data(), std::min<size_t>(4, key.size()));
      return number;
    }
  };

  Bytestring Key(uint32_t number) const {
    Bytestring key(kind_.key_size);
    memcpy(key.data(), &number, std::min<size_t>(4, key.size()));
    key.back() ^= static_cast<uint8_t>(number * 7);
    return key;
  }
  Bytestring RandomBytes(size_t size) {
    Bytestring bytes(size);
    for (uint8_t& byte : bytes) {
      byte = static_cast<uint8_t>(random_());
    }
    return bytes;
  }
  /// Where the value of `cpu` is in the model's bytes.
  size_t At(uint32_t cpu) const { return kind_.per_cpu() ? cpu * stride_ : 0; }
  size_t size() const { return map_->user_value_size(); }

  /// What the model says of a key that is in the map or not: an LRU may have
  /// evicted it, nobody else.
  void CheckExists(const Bytestring& key, bool exists) {
    const bool is_known = model_.count(key) != 0;
    if (exists || !kind_.lru()) {
      ASSERT_EQ(exists, is_known);
    } else if (is_known) {
      model_.erase(key);
      ++evictions_;
    }
  }
  bool Exists(const Bytestring& key) {
    Bytestring value(size());
    return IsOk(map_->CopyValueOut(In(key), Out(value)));
  }
  void CheckThere(const Bytestring& key) {
    ASSERT_EQ(model_.count(key), 1u);
    CheckExists(key, true);
    CopyOut(key);
  }

  void CheckFound(const Bytestring& key, const Result<Bytes>& found,
                  uint32_t cpu) {
    CheckExists(key, found.ok());
    if (!found.ok()) {
      ASSERT_EQ(found.status(), Status::kNotFound);
      return;
    }
    ++hits_;
    ASSERT_EQ(found->size(), kind_.value_size);
    ASSERT_EQ(memcmp(found->data(), &model_[key][At(cpu)], kind_.value_size),
              0);
  }

  void LookUp(const Bytestring& key, uint32_t cpu) {
    const uint64_t direct =
        map_->direct_lookup()(reinterpret_cast<uint64_t>(map_.get()),
                              reinterpret_cast<uint64_t>(key.data()), 0, 0, 0);
    const Result<Bytes> found = map_->Lookup(In(key));
    CheckFound(key, found, cpu);
    ASSERT_EQ(direct,
              found.ok() ? reinterpret_cast<uint64_t>(found->data()) : 0);
  }

  void LookUpOnCpu(const Bytestring& key, uint32_t cpu) {
    const Result<Bytes> found = map_->LookupOnCpu(In(key), cpu);
    if (!kind_.per_cpu()) {
      ASSERT_EQ(found.status(), Status::kNotSupportedLinux);
      return;
    }
    CheckFound(key, found, cpu);
  }

  void CheckValue(const Bytestring& key, const Bytestring& value) {
    for (uint32_t cpu = 0; cpu < (kind_.per_cpu() ? kCpus : 1); ++cpu) {
      ASSERT_EQ(
          memcmp(&value[At(cpu)], &model_[key][At(cpu)], kind_.value_size), 0);
    }
  }

  void CopyOut(const Bytestring& key) {
    Bytestring value(size());
    const Status status = map_->CopyValueOut(In(key), Out(value));
    CheckExists(key, IsOk(status));
    if (IsOk(status)) {
      CheckValue(key, value);
    }
  }

  void TakeOut(const Bytestring& key) {
    Bytestring value(size());
    const Status status = map_->TakeOut(In(key), Out(value));
    CheckExists(key, IsOk(status));
    if (IsOk(status)) {
      CheckValue(key, value);
      model_.erase(key);
    } else {
      ASSERT_EQ(status, Status::kNotFound);
    }
  }

  void Delete(const Bytestring& key, bool task) {
    const Status status =
        task ? map_->DeleteFromUser(In(key)) : map_->Delete(In(key));
    CheckExists(key, IsOk(status));
    if (!IsOk(status)) {
      ASSERT_EQ(status, Status::kNotFound);
    }
    model_.erase(key);
  }

  /// What an update of `mode` has to answer.
  Status Wanted(bool exists, UpdateMode mode) const {
    if (exists) {
      return mode == UpdateMode::kNoExist ? Status::kExists : Status::kOk;
    }
    if (mode == UpdateMode::kExist) {
      return Status::kNotFound;
    }
    return !kind_.lru() && model_.size() == kind_.max_entries ? Status::kTooBig
                                                              : Status::kOk;
  }

  void Update(const Bytestring& key, uint32_t cpu) {
    const auto mode = static_cast<UpdateMode>(random_() % 3);
    const bool exists = Exists(key);
    CheckExists(key, exists);
    const Status wanted = Wanted(exists, mode);
    const Bytestring value = RandomBytes(kind_.value_size);
    ASSERT_EQ(map_->Update(In(key), In(value), mode), wanted);
    if (IsOk(wanted)) {
      model_[key].resize(size());
      memcpy(&model_[key][At(cpu)], value.data(), value.size());
      CheckThere(key);
    }
  }

  void UpdateFromUser(const Bytestring& key) {
    const auto mode = static_cast<UpdateMode>(random_() % 3);
    const bool exists = Exists(key);
    CheckExists(key, exists);
    const Status wanted = Wanted(exists, mode);
    const Bytestring value = RandomBytes(size());
    ASSERT_EQ(map_->UpdateFromUser(In(key), In(value), mode), wanted);
    if (IsOk(wanted)) {
      model_[key] = value;
      CheckThere(key);
    }
  }

  /// Everything, by batches of random sizes.
  void CopyBatches(bool take) {
    std::set<Bytestring> seen;
    uint32_t cursor = 0;
    Status status = Status::kOk;
    uint32_t capacity = 1 + random_() % 50;
    while (status != Status::kNotFound) {
      Bytestring keys(capacity * kind_.key_size);
      Bytestring values(capacity * size());
      MapBatch batch = {Out(keys), Out(values), capacity, 0};
      const uint32_t before = cursor;
      status = map_->CopyBatch(cursor, batch, take);
      ASSERT_LE(batch.count, capacity);
      if (status == Status::kNoSpace) {
        ASSERT_EQ(batch.count, 0u);
        capacity *= 2;
        continue;
      }
      ASSERT_TRUE(IsOk(status) || status == Status::kNotFound);
      ASSERT_GT(cursor, before);
      for (uint32_t i = 0; i < batch.count; ++i) {
        const auto at = keys.begin() + i * kind_.key_size;
        const Bytestring key(at, at + kind_.key_size);
        ASSERT_TRUE(seen.insert(key).second);
        ASSERT_EQ(model_.count(key), 1u);
        CheckValue(key, Bytestring(values.begin() + i * size(),
                                   values.begin() + (i + 1) * size()));
      }
    }
    if (!kind_.lru()) {
      ASSERT_EQ(seen.size(), model_.size());
    }
    if (take) {
      model_.clear();
      Bytestring key(kind_.key_size);
      ASSERT_EQ(map_->NextKey(ConstBytes(), Out(key)), Status::kNotFound);
    }
  }

  class Counter final : public ElementVisitor {
   public:
    bool Visit(ConstBytes, Bytes) override { return true; }
  };

  const Kind kind_;
  const size_t stride_;
  const Ref<Map> map_;
  std::mt19937 random_{7};
  std::unordered_map<Bytestring, Bytestring, Hash> model_;
  Counter counter_;
  uint64_t evictions_ = 0;
  uint64_t hits_ = 0;
  uint64_t operations_ = 0;
};

class HashModelTest : public MapTest,
                      public ::testing::WithParamInterface<Kind> {
 protected:
  void RunModel();
};

INSTANTIATE_TEST_SUITE_P(Kinds, HashModelTest, ::testing::ValuesIn(kKinds),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

TEST_P(HashModelTest, EqualsTheModel) {
  const uint64_t blocks = HostAllocatedBlocks();
  RunModel();
  RunHostDeferred();
  EXPECT_EQ(HostAllocatedBlocks(), blocks);
}

void HashModelTest::RunModel() {
  Pair pair(GetParam());
  const uint64_t count = ModelOperations(200'000);
  for (uint64_t i = 0; i < count; ++i) {
    ASSERT_NO_FATAL_FAILURE(pair.Operate()) << "operation " << i;
    if (i % (count / 10) == 0) {
      ASSERT_NO_FATAL_FAILURE(pair.Walk()) << "operation " << i;
    }
    ASSERT_FALSE(HasFailure()) << "operation " << i;
  }
  printf("%s: %llu operations, %llu values compared, %llu evictions seen\n",
         GetParam().name, static_cast<unsigned long long>(count),
         static_cast<unsigned long long>(pair.hits()),
         static_cast<unsigned long long>(pair.evictions()));
  EXPECT_GT(pair.hits(), count / 100);
  EXPECT_EQ(pair.evictions() > 0, GetParam().lru());
}

}  // namespace
}  // namespace ebpf
