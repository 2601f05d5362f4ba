// SPDX-License-Identifier: MIT
//
// The host's kernel: the same objects through its bpf(2), run by
// BPF_PROG_TEST_RUN with `repeat`.
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "core/loader/object_file.h"
#include "core/loader/program_linker.h"
#include "core/memory/allocator.h"
#include "testing/benchmarks/peer.h"
#include "tools/cli/failure.h"

namespace ebpf::benchmarks {
namespace {

constexpr size_t kPage = 4096;
/// Linux puts each image to a random place, and places matter: a program is
/// loaded as often, and each batch runs another one, so the luckiest counts.
constexpr size_t kImages = 12;

int Bpf(int command, bpf_attr& attr) {
  return static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof(attr)));
}

uint64_t Address(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

[[noreturn]] void FailWithErrno(const char* what) {
  throw cli::Failure(fmt::format("{}: {}", what, std::strerror(errno)));
}

/// A descriptor, closed at the end.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept { *this = std::move(other); }
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// Pages of a map, unmapped at the end.
class MapView {
 public:
  MapView() = default;
  MapView(int fd, size_t size, size_t offset, int protection) : size_(size) {
    at_ = mmap(nullptr, size, protection, MAP_SHARED, fd,
               static_cast<off_t>(offset));
    if (at_ == MAP_FAILED) {
      FailWithErrno("mmap of a map");
    }
  }
  MapView(MapView&& other) noexcept { *this = std::move(other); }
  MapView& operator=(MapView&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MapView() {
    if (at_ != MAP_FAILED) {
      munmap(at_, size_);
    }
  }
  uint8_t* data() const { return static_cast<uint8_t*>(at_); }
  bool empty() const { return at_ == MAP_FAILED; }

 private:
  void* at_ = MAP_FAILED;
  size_t size_ = 0;
};

class LinuxRunner final : public Runner {
 public:
  explicit LinuxRunner(const Kernel& kernel) {
    char buffer[1024];
    TextWriter log(buffer, sizeof(buffer));
    loader::ObjectFile file(PortAllocator());
    cli::Require(file.Read(kernel.object, log), "the object");
    std::vector<int> fds;
    for (const loader::MapDefinition& map : file.maps()) {
      maps_.push_back(MakeMap(map));
      fds.push_back(maps_.back().get());
    }
    loader::ProgramLinker linker(file, Span<const int>(fds.data(), fds.size()),
                                 PortAllocator(), log);
    cli::Require(linker.Link(file.programs()[0]), "the program");
    insn_count_ = linker.insns().size();
    for (size_t i = 0; i < kImages; ++i) {
      programs_.push_back(LoadProgram(linker.insns()));
    }
    if (data_.empty()) {
      unused_.resize(kMemorySize + sizeof(uint64_t));
    }
    FillMemory(mutable_memory());
  }

  uint64_t Run(uint64_t count) override {
    if (!ring_consumer_.empty()) {
      *reinterpret_cast<uint64_t*>(ring_consumer_.data()) =
          *reinterpret_cast<const uint64_t*>(ring_producer_.data());
    }
    const uint8_t packet[64] = {};
    bpf_attr attr = {};
    turn_ = (turn_ + 1) % kImages;
    attr.test.prog_fd = static_cast<uint32_t>(programs_[turn_].get());
    attr.test.data_in = Address(packet);
    attr.test.data_size_in = sizeof(packet);
    attr.test.repeat = static_cast<uint32_t>(count);
    const uint64_t begin = Now();
    if (Bpf(BPF_PROG_TEST_RUN, attr) != 0) {
      FailWithErrno("BPF_PROG_TEST_RUN");
    }
    return Now() - begin;
  }

  uint64_t result() const override {
    return *reinterpret_cast<const uint64_t*>(memory() + kResultOffset);
  }
  const uint8_t* memory() const override {
    return data_.empty() ? unused_.data() : data_.data();
  }
  size_t insn_count() const override { return insn_count_; }
  size_t code_size() const override {
    bpf_prog_info info = {};
    bpf_attr attr = {};
    attr.info.bpf_fd = static_cast<uint32_t>(programs_[0].get());
    attr.info.info_len = sizeof(info);
    attr.info.info = Address(&info);
    return Bpf(BPF_OBJ_GET_INFO_BY_FD, attr) == 0 ? info.jited_prog_len : 0;
  }

 private:
  uint8_t* mutable_memory() {
    return data_.empty() ? unused_.data() : data_.data();
  }

  Fd MakeMap(const loader::MapDefinition& definition) {
    const bool is_data = definition.name == ".bss";
    bpf_attr attr = {};
    attr.map_type = static_cast<uint32_t>(definition.spec.type);
    attr.key_size = definition.spec.key_size;
    attr.value_size = definition.spec.value_size;
    attr.max_entries = definition.spec.max_entries;
    attr.map_flags = is_data ? BPF_F_MMAPABLE : 0;
    Fd fd(Bpf(BPF_MAP_CREATE, attr));
    if (fd.get() < 0) {
      FailWithErrno("BPF_MAP_CREATE");
    }
    if (is_data) {
      const size_t size =
          (definition.spec.value_size + kPage - 1) / kPage * kPage;
      data_ = MapView(fd.get(), size, 0, PROT_READ | PROT_WRITE);
    } else if (definition.spec.type == MapType::kRingBuffer) {
      ring_consumer_ = MapView(fd.get(), kPage, 0, PROT_READ | PROT_WRITE);
      ring_producer_ = MapView(fd.get(), kPage, kPage, PROT_READ);
    }
    return fd;
  }

  static Fd LoadProgram(isa::ConstInsns insns) {
    bpf_attr attr = {};
    attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    attr.insn_cnt = static_cast<uint32_t>(insns.size());
    attr.insns = Address(insns.data());
    attr.license = Address("GPL");
    Fd fd(Bpf(BPF_PROG_LOAD, attr));
    if (fd.get() < 0) {
      FailWithErrno("BPF_PROG_LOAD");
    }
    return fd;
  }

  std::vector<Fd> maps_;
  std::vector<Fd> programs_;
  size_t turn_ = 0;
  MapView data_;
  MapView ring_consumer_;
  MapView ring_producer_;
  std::vector<uint8_t> unused_;
  size_t insn_count_ = 0;
};

class LinuxPeer final : public Peer {
 public:
  LinuxPeer() {
    bpf_attr attr = {};
    attr.map_type = BPF_MAP_TYPE_ARRAY;
    attr.key_size = 4;
    attr.value_size = 4;
    attr.max_entries = 1;
    const Fd fd(Bpf(BPF_MAP_CREATE, attr));
    if (fd.get() < 0) {
      absence_ = fmt::format("bpf(2): {}", std::strerror(errno));
    }
  }

  std::string name() const override { return kLinuxJit; }
  std::string absence() const override { return absence_; }
  std::unique_ptr<Runner> Load(const Kernel& kernel,
                               std::string& why) override {
    try {
      return std::make_unique<LinuxRunner>(kernel);
    } catch (const cli::Failure& failure) {
      why = failure.what();
      return nullptr;
    }
  }
  uint64_t batch_overhead_ns() const override { return 5000; }

 private:
  std::string absence_;
};

}  // namespace

std::unique_ptr<Peer> MakeLinuxPeer() { return std::make_unique<LinuxPeer>(); }

}  // namespace ebpf::benchmarks
