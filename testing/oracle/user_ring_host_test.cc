// SPDX-License-Identifier: MIT
//
// Rings that user space writes, honestly and not: one program takes records
// out of such a ring in the host's kernel and here, interpreted and compiled.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "core/files/map_file.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/object.h"
#include "core/maps/map.h"
#include "core/syscall/system.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/oracle/host_object.h"

namespace ebpf::oracle {
namespace {

constexpr uint64_t kRingBytes = 4096;
constexpr uint32_t kBusy = 1u << 31;
constexpr uint32_t kDiscard = 1u << 30;

/// As in testing/programs/user_ring.bpf.c.
struct Outcome {
  int64_t result;
  uint64_t seen;
  uint64_t digest;
  int64_t nested;
};

std::vector<uint8_t> ReadObject() {
  std::ifstream in("testing/programs/user_ring.x86_64.bpf.o", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A ring's memory, and the kernel whose programs read it.
class Side {
 public:
  virtual ~Side() = default;
  virtual bool Run(size_t program, Outcome& outcome) = 0;

  uint64_t consumer() const { return *reinterpret_cast<uint64_t*>(consumer_); }
  void SetProducer(uint64_t position) {
    *reinterpret_cast<uint64_t*>(producer_) = position;
  }
  void Write(uint64_t position, const void* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      data_[(position + i) % kRingBytes] =
          static_cast<const uint8_t*>(bytes)[i];
    }
  }

 protected:
  uint8_t* consumer_ = nullptr;
  uint8_t* producer_ = nullptr;
  uint8_t* data_ = nullptr;
};

class HostSide final : public Side {
 public:
  HostSide() : object_(ReadObject()) {
    EXPECT_EQ(object_.error(), "");
    const int fd = object_.MapFd("ring");
    void* consumer = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
    void* rest = mmap(nullptr, 4096 + 2 * kRingBytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 4096);
    EXPECT_NE(consumer, MAP_FAILED);
    EXPECT_NE(rest, MAP_FAILED);
    EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
              MAP_FAILED);
    consumer_ = static_cast<uint8_t*>(consumer);
    producer_ = static_cast<uint8_t*>(rest);
    data_ = producer_ + 4096;
  }
  ~HostSide() override {
    munmap(consumer_, 4096);
    munmap(producer_, 4096 + 2 * kRingBytes);
  }

  bool Run(size_t program, Outcome& outcome) override {
    uint32_t result;
    uint32_t duration;
    std::vector<uint8_t> value;
    if (!object_.Run(program, result, duration) ||
        !object_.ReadFirst(".bss", value)) {
      return false;
    }
    std::memcpy(&outcome, value.data(), sizeof(outcome));
    return true;
  }

 private:
  HostObject object_;
};

class OurSide final : public Side {
 public:
  OurSide()
      : caller_(Origin::kKernel),
        bytes_(ReadObject()),
        log_(text_, sizeof(text_)),
        object_(caller_.client(), PortAllocator(), log_) {
    Status status = object_.Open(ConstBytes(bytes_.data(), bytes_.size()));
    status = IsOk(status) ? object_.Load() : status;
    EXPECT_TRUE(IsOk(status))
        << std::string(log_.text().data(), log_.text().size());
    const Result<Ref<File>> file =
        caller_.client().fds().Get(*object_.MapFd("ring"));
    const Result<MapPages> consumer =
        (*file)->Mmap(caller_.client(), 0, 4096, linux_abi::kProtRead);
    const Result<MapPages> rest =
        (*file)->Mmap(caller_.client(), 4096, 4096 + 2 * kRingBytes,
                      linux_abi::kProtRead | linux_abi::kProtWrite);
    EXPECT_FALSE(
        (*file)->Mmap(caller_.client(), 0, 4096, linux_abi::kProtWrite).ok());
    consumer_ = consumer->address;
    producer_ = rest->address;
    data_ = producer_ + 4096;
    EXPECT_EQ(rest->mirrored_size, kRingBytes);
  }
  ~OurSide() override {
    object_.Close();
    caller_.client().fds().CloseAll();
  }

  bool Run(size_t program, Outcome& outcome) override {
    linux_abi::ProgTestRunAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(object_.program(program).fd);
    const uint32_t key = 0;
    std::vector<uint8_t> value(4096);
    if (caller_.BpfAt(linux_abi::kProgTestRun, caller_.Put(attr),
                      sizeof(attr)) != 0 ||
        caller_.Elem(linux_abi::kMapLookupElem, *object_.MapFd(".bss"),
                     reinterpret_cast<uint64_t>(&key),
                     reinterpret_cast<uint64_t>(value.data())) != 0) {
      return false;
    }
    std::memcpy(&outcome, value.data(), sizeof(outcome));
    return true;
  }

 private:
  TestCaller caller_;
  const std::vector<uint8_t> bytes_;
  char text_[1 << 14];
  TextWriter log_;
  loader::Object object_;
};

/// Does the same to both rings.
class Producer {
 public:
  Producer(uint32_t seed, Side& host, Side& here)
      : random_(seed), host_(host), here_(here) {}

  /// Writes records behind `position`, now and then wrong ones.
  void Fill(uint64_t position) {
    uint64_t end = position;
    for (uint32_t count = random_() % 6; count != 0; --count) {
      const uint32_t size = Size();
      uint32_t length = size;
      length |= random_() % 8 == 0 ? kDiscard : 0;
      length |= random_() % 16 == 0 ? kBusy : 0;
      std::vector<uint8_t> record(8 + Min<uint32_t>(size, 2 * kRingBytes));
      std::memcpy(record.data(), &length, 4);
      for (size_t i = 8; i < record.size(); ++i) {
        record[i] = static_cast<uint8_t>(random_() % 256);
      }
      const uint64_t bytes = (uint64_t{size} + 15) / 8 * 8;
      if (end + bytes - position > kRingBytes && random_() % 8 != 0) {
        break;
      }
      host_.Write(end, record.data(), Min(record.size(), size_t{kRingBytes}));
      here_.Write(end, record.data(), Min(record.size(), size_t{kRingBytes}));
      end += bytes;
    }
    switch (random_() % 24) {
      case 0:
        end += random_() % 16;  // not what the records say
        break;
      case 1:
        end -= 8 * (random_() % 4);
        break;
      case 2:
        end = uint64_t{random_()} << (random_() % 33);
        break;
      default:
        break;
    }
    SetProducer(end);
  }
  void SetProducer(uint64_t position) {
    host_.SetProducer(position);
    here_.SetProducer(position);
  }
  uint32_t operator()() { return random_(); }

 private:
  uint32_t Size() {
    switch (random_() % 16) {
      case 0:
        return random_() & (kDiscard - 1);
      case 1:
        return 4096 - 16 + random_() % 24;
      case 2:
        return 0;
      default:
        return random_() % (random_() % 2 == 0 ? 40 : 1500);
    }
  }

  std::mt19937 random_;
  Side& host_;
  Side& here_;
};

class UserRingHostTest : public ::testing::TestWithParam<bool> {
 protected:
  TestSystem system_;
};

TEST_P(UserRingHostTest, BothKernelsTakeTheSameFromTheSame) {
  if (!HasHostObjects()) {
    GTEST_SKIP() << "NO ORACLE: no libbpf, or no bpf(2) for this process";
  }
  const Status engine = SelectEngine(GetParam(), /*blind_constants=*/false);
  ASSERT_TRUE(IsOk(engine) || !GetParam());
  HostSide host;
  OurSide here;
  Producer producer(GetParam() ? 1 : 2, host, here);
  const char* wanted_count = getenv("EBPF_USER_RINGS");
  const int count = wanted_count == nullptr ? 5000 : atoi(wanted_count);
  uint64_t seen = 0;
  std::map<int64_t, int> results;
  for (int i = 0; i < count && !HasFailure(); ++i) {
    producer.Fill(host.consumer());
    const size_t program = producer() % 8 == 0 ? producer() % 4 : 0;
    Outcome wanted = {};
    Outcome found = {};
    ASSERT_TRUE(host.Run(program, wanted));
    ASSERT_TRUE(here.Run(program, found));
    EXPECT_EQ(found.result, wanted.result) << i;
    EXPECT_EQ(found.seen, wanted.seen) << i;
    EXPECT_EQ(found.digest, wanted.digest) << i;
    EXPECT_EQ(found.nested, wanted.nested) << i;
    EXPECT_EQ(here.consumer(), host.consumer()) << i;
    seen += wanted.seen;
    ++results[Min<int64_t>(wanted.result, 1)];
    if (wanted.nested != 0) {
      ++results[wanted.nested];
    }
    producer.SetProducer(host.consumer());
  }
  printf("%d times, %llu records; results:", count,
         static_cast<unsigned long long>(seen));
  for (const auto& [result, times] : results) {
    printf(" %lld: %d", static_cast<long long>(result), times);
  }
  printf("\n");
  for (const int64_t result : {-EINVAL, -E2BIG, -EBUSY, 0, 1}) {
    EXPECT_GT(results[result], 0) << result;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, UserRingHostTest, ::testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "Compiled" : "Interpreted";
                         });

}  // namespace
}  // namespace ebpf::oracle
