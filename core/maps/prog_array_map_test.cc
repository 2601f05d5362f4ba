// SPDX-License-Identifier: MIT
#include "core/maps/prog_array_map.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

const int kEngine = 0;
const int kOtherEngine = 0;

// A program as the array sees it, with its references.
struct FakeProgram {
  explicit FakeProgram(uint32_t id, const void* engine = &kEngine,
                       uint32_t type = 2) {
    target.program = this;
    target.engine = engine;
    target.type = type;
    target.id = id;
    target.release = [](const TailCallTarget& released) {
      auto& program = *static_cast<FakeProgram*>(released.program);
      WaitForReaders();  // as a program does that dies
      --program.references;
    };
  }
  // Puts it into `map`, with a reference of its own.
  Status PutInto(ProgArrayMap& map, uint32_t index) {
    ++references;
    const Status status = map.Set(index, target);
    references -= IsOk(status) ? 0 : 1;
    return status;
  }

  TailCallTarget target;
  std::atomic<int> references{0};
};

class ProgArrayMapTest : public MapTest {
 protected:
  static Ref<Map> MakeArray(uint32_t entries = 4) {
    return Make(Spec(MapType::kProgArray, 4, 4, entries));
  }
  static ProgArrayMap& Of(const Ref<Map>& map) {
    return static_cast<ProgArrayMap&>(*map);
  }
  static const TailCallTarget* At(const Ref<Map>& map, uint32_t index) {
    ReadSection reading;
    return Of(map).At(index);
  }
};

TEST_F(ProgArrayMapTest, RefusesWhatLinuxRefuses) {
  const auto status = [](uint32_t key_size, uint32_t value_size,
                         uint32_t entries, uint32_t flags) {
    return StatusOfMaking(
        Spec(MapType::kProgArray, key_size, value_size, entries, flags));
  };
  EXPECT_EQ(status(4, 4, 4, 0), Status::kOk);
  EXPECT_EQ(status(8, 4, 4, 0), Status::kInvalid);
  EXPECT_EQ(status(4, 8, 4, 0), Status::kInvalid);
  EXPECT_EQ(status(4, 0, 4, 0), Status::kInvalid);
  EXPECT_EQ(status(4, 4, 0, 0), Status::kInvalid);
  for (uint32_t bit = 0; bit < 32; ++bit) {
    const uint32_t flag = uint32_t{1} << bit;
    const bool taken = flag == linux_abi::kMapNumaNode ||
                       flag == linux_abi::kMapReadOnly ||
                       flag == linux_abi::kMapWriteOnly;
    EXPECT_EQ(status(4, 4, 4, flag), taken ? Status::kOk : Status::kInvalid)
        << bit;
  }
}

TEST_F(ProgArrayMapTest, IsEmptyAtFirst) {
  const Ref<Map> map = MakeArray();
  EXPECT_EQ(At(map, 0), nullptr);
  EXPECT_EQ(At(map, 3), nullptr);
  EXPECT_EQ(Of(map).Clear(0), Status::kNotFound);
  EXPECT_EQ(Of(map).Clear(4), Status::kTooBig);
}

TEST_F(ProgArrayMapTest, HasNothingBehindItsEnd) {
  FakeProgram program(1);
  const Ref<Map> map = MakeArray();
  EXPECT_EQ(program.PutInto(Of(map), 4), Status::kTooBig);
  EXPECT_EQ(program.PutInto(Of(map), UINT32_MAX), Status::kTooBig);
  EXPECT_EQ(program.references, 0);
  EXPECT_EQ(At(map, 4), nullptr);
  EXPECT_EQ(At(map, UINT32_MAX), nullptr);
}

TEST_F(ProgArrayMapTest, HoldsAReferenceOfEachEntry) {
  FakeProgram first(1);
  FakeProgram second(2);
  {
    const Ref<Map> map = MakeArray();
    EXPECT_EQ(first.PutInto(Of(map), 0), Status::kOk);
    EXPECT_EQ(first.PutInto(Of(map), 3), Status::kOk);
    EXPECT_EQ(second.PutInto(Of(map), 1), Status::kOk);
    EXPECT_EQ(first.references, 2);
    EXPECT_EQ(At(map, 0), &first.target);
    EXPECT_EQ(At(map, 1), &second.target);

    EXPECT_EQ(second.PutInto(Of(map), 0), Status::kOk);
    EXPECT_EQ(At(map, 0), &second.target);
    EXPECT_EQ(first.references, 1);
    EXPECT_EQ(Of(map).Clear(1), Status::kOk);
    EXPECT_EQ(At(map, 1), nullptr);
    EXPECT_EQ(second.references, 1);
  }
  EXPECT_EQ(first.references, 0);
  EXPECT_EQ(second.references, 0);
}

TEST_F(ProgArrayMapTest, ShowsUserSpaceAProgramsId) {
  FakeProgram program(77);
  const Ref<Map> map = MakeArray();
  EXPECT_EQ(program.PutInto(Of(map), 2), Status::kOk);
  uint32_t value = 0;
  ReadSection reading;
  EXPECT_EQ(map->CopyValueOut(In(uint32_t{2}), Out(value)), Status::kOk);
  EXPECT_EQ(value, 77u);
  EXPECT_EQ(map->CopyValueOut(In(uint32_t{1}), Out(value)), Status::kNotFound);
  EXPECT_EQ(map->CopyValueOut(In(uint32_t{4}), Out(value)), Status::kNotFound);
}

TEST_F(ProgArrayMapTest, GivesProgramsNoValues) {
  const Ref<Map> map = MakeArray();
  const uint32_t key = 0;
  ReadSection reading;
  EXPECT_EQ(map->Lookup(In(key)).status(), Status::kNotSupportedLinux);
  EXPECT_EQ(map->Update(In(key), In(key), UpdateMode::kAny),
            Status::kNotSupportedLinux);
  EXPECT_EQ(map->Delete(In(key)), Status::kNotSupportedLinux);
  EXPECT_EQ(map->DirectValue().status(), Status::kNotSupportedLinux);
}

TEST_F(ProgArrayMapTest, KeysAreTheIndices) {
  const Ref<Map> map = MakeArray(2);
  uint32_t next = 9;
  EXPECT_EQ(map->NextKey({}, Out(next)), Status::kOk);
  EXPECT_EQ(next, 0u);
  EXPECT_EQ(map->NextKey(In(uint32_t{0}), Out(next)), Status::kOk);
  EXPECT_EQ(next, 1u);
  EXPECT_EQ(map->NextKey(In(uint32_t{1}), Out(next)), Status::kNotFound);
}

TEST_F(ProgArrayMapTest, TheFirstProgramDecidesWhichMayFollow) {
  FakeProgram first(1);
  FakeProgram other_engine(2, &kOtherEngine);
  FakeProgram other_type(3, &kEngine, 1);
  const Ref<Map> map = MakeArray();
  EXPECT_EQ(first.PutInto(Of(map), 0), Status::kOk);
  EXPECT_EQ(other_engine.PutInto(Of(map), 1), Status::kInvalid);
  EXPECT_EQ(other_type.PutInto(Of(map), 1), Status::kInvalid);
  FakeProgram other_attach_type(4);
  other_attach_type.target.attach_type = 1;
  EXPECT_EQ(other_attach_type.PutInto(Of(map), 1), Status::kInvalid);
  EXPECT_EQ(Of(map).Claim(other_type.target), Status::kInvalid);
  EXPECT_EQ(Of(map).Claim(first.target), Status::kOk);
  // It stays so when the first is gone.
  EXPECT_EQ(Of(map).Clear(0), Status::kOk);
  EXPECT_EQ(other_type.PutInto(Of(map), 0), Status::kInvalid);

  const Ref<Map> claimed = MakeArray();
  EXPECT_EQ(Of(claimed).Claim(other_type.target), Status::kOk);
  EXPECT_EQ(first.PutInto(Of(claimed), 0), Status::kInvalid);
}

TEST_F(ProgArrayMapTest, IsEmptiedWhenOnlyProgramsCanReachIt) {
  FakeProgram program(1);
  const Ref<Map> map = MakeArray();
  map->AcquireUser();
  map->AcquireUser();
  EXPECT_EQ(program.PutInto(Of(map), 0), Status::kOk);
  EXPECT_EQ(program.PutInto(Of(map), 2), Status::kOk);
  map->ReleaseUser(nullptr);
  EXPECT_EQ(program.references, 2);
  map->ReleaseUser(nullptr);
  EXPECT_EQ(program.references, 0);
  EXPECT_EQ(At(map, 0), nullptr);
}

TEST_F(ProgArrayMapTest, CompiledCodeFindsCountAndEntries) {
  FakeProgram program(1);
  const Ref<Map> map = MakeArray(3);
  EXPECT_EQ(program.PutInto(Of(map), 2), Status::kOk);
  const auto* bytes = reinterpret_cast<const uint8_t*>(&Of(map));
  uint32_t count;
  std::memcpy(&count, bytes + ProgArrayMap::kCountOffset, sizeof(count));
  EXPECT_EQ(count, 3u);
  TailCallTarget** entries;
  std::memcpy(&entries, bytes + ProgArrayMap::kEntriesOffset, sizeof(entries));
  EXPECT_EQ(entries[0], nullptr);
  EXPECT_EQ(entries[2], &program.target);
}

// Two CPUs change entries while two others follow them; a program whose last
// reference is gone must not be seen in a read section that began later.
TEST_F(ProgArrayMapTest, EntriesAreReplacedUnderWhoFollowsThem) {
  constexpr int kRounds = 300;
  std::vector<std::unique_ptr<FakeProgram>> programs;
  for (uint32_t i = 0; i < 8; ++i) {
    programs.push_back(std::make_unique<FakeProgram>(i));
  }
  const Ref<Map> map = MakeArray(2);
  std::atomic<bool> done{false};
  std::vector<std::thread> cpus;
  for (uint32_t cpu = 1; cpu <= 2; ++cpu) {
    cpus.emplace_back([&, cpu] {
      const HostCpu self(cpu);
      for (int i = 0; i < kRounds; ++i) {
        const size_t mine = (i % 4) * 2 + cpu - 1;
        EXPECT_EQ(programs[mine]->PutInto(Of(map), i & 1), Status::kOk);
        if (i % 7 == 0) {
          (void)Of(map).Clear(i & 1);
        }
      }
    });
  }
  for (uint32_t cpu = 3; cpu <= 4; ++cpu) {
    cpus.emplace_back([&, cpu] {
      const HostCpu self(cpu);
      uint32_t index = 0;
      while (!done) {
        ReadSection reading;
        const TailCallTarget* target = Of(map).At(index ^= 1);
        if (target != nullptr) {
          // What is here now is given back after this read section at the
          // earliest.
          const auto& program =
              *static_cast<const FakeProgram*>(target->program);
          EXPECT_GE(program.references, 1);
        }
      }
    });
  }
  cpus[0].join();
  cpus[1].join();
  done = true;
  cpus[2].join();
  cpus[3].join();
  for (uint32_t i = 0; i < 2; ++i) {
    (void)Of(map).Clear(i);
  }
  for (const auto& program : programs) {
    EXPECT_EQ(program->references, 0);
  }
}

TEST_F(ProgArrayMapTest, GivesBackEverythingWhateverAllocationFails) {
  const auto body = [](Allocator& allocator) {
    const Result<Ref<Map>> map =
        CreateMap(Spec(MapType::kProgArray, 4, 4, 100), allocator);
    EXPECT_EQ(map.status(), map.ok() ? Status::kOk : Status::kNoMemory);
  };
  EXPECT_EQ(ForEachFailingAllocation("an array of programs", body), 3u);
}

TEST_F(ProgArrayMapTest, MoreEntriesThanThereIsMemoryAreNoMemory) {
  SetHostMemoryLimit(uint64_t{1} << 30);
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kProgArray, 4, 4, UINT32_MAX)),
            Status::kNoMemory);
  SetHostMemoryLimit(UINT64_MAX);
}

}  // namespace
}  // namespace ebpf
