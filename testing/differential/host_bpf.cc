// SPDX-License-Identifier: MIT
//
// bpf(2) of the host: an array, programs, BPF_PROG_TEST_RUN.
#include "testing/differential/host_bpf.h"

#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace ebpf::differential {
namespace {

constexpr size_t kPage = 4096;

int Bpf(int command, bpf_attr& attr) {
  return static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof(attr)));
}

uint64_t Address(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

}  // namespace

HostBpf::~HostBpf() {
  if (value_ != nullptr) {
    munmap(value_, kPage);
  }
  if (map_fd_ >= 0) {
    close(map_fd_);
  }
}

bool HostBpf::Open() {
  bpf_attr attr = {};
  attr.map_type = BPF_MAP_TYPE_ARRAY;
  attr.key_size = 4;
  attr.value_size = sizeof(MapValue);
  attr.max_entries = 1;
  attr.map_flags = BPF_F_MMAPABLE;
  map_fd_ = Bpf(BPF_MAP_CREATE, attr);
  if (map_fd_ < 0) {
    reason_ = std::string("bpf(BPF_MAP_CREATE): ") + std::strerror(errno);
    return false;
  }
  void* mapped =
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd_, 0);
  if (mapped == MAP_FAILED) {
    reason_ = std::string("mmap of the map: ") + std::strerror(errno);
    return false;
  }
  value_ = static_cast<MapValue*>(mapped);
  set_.callbacks = false;
  set_.v4 = RunsOne({0xbf, 0, 0, 8, 0});  // r0 = (s8)r0
  set_.acquire = RunsStoreRelease();
  return RunsOne({0xb7, 0, 0, 0, 0});
}

// r0 = 0, `insn`, exit.
bool HostBpf::RunsOne(const isa::Insn& insn) {
  GeneratedProgram program = {};
  program.insns = {{0xb7, 0, 0, 0, 0}, insn, {0x95, 0, 0, 0, 0}};
  Outcome outcome = {};
  return Run(program, outcome);
}

// To the stack, of 64 bits.
bool HostBpf::RunsStoreRelease() { return RunsOne({0xdb, 10, 0, -8, 0x110}); }

int HostBpf::Load(const GeneratedProgram& program, bool wants_log) {
  std::vector<isa::Insn> insns = program.insns;
  for (const size_t index : program.value_loads) {
    insns[index].imm = map_fd_;
  }
  std::vector<char> log(wants_log ? 1 << 20 : 0);
  static const char kLicense[] = "GPL";
  bpf_attr attr = {};
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insn_cnt = static_cast<uint32_t>(insns.size());
  attr.insns = Address(insns.data());
  attr.license = Address(kLicense);
  if (wants_log) {
    attr.log_level = 1;
    attr.log_size = static_cast<uint32_t>(log.size());
    attr.log_buf = Address(log.data());
  }
  const int fd = Bpf(BPF_PROG_LOAD, attr);
  if (fd < 0) {
    reason_ = std::string("bpf(BPF_PROG_LOAD): ") + std::strerror(errno);
    if (wants_log) {
      reason_ += std::string("\n") + log.data();
    }
  }
  return fd;
}

bool HostBpf::Run(const GeneratedProgram& program, Outcome& outcome,
                  bool wants_log) {
  const int fd = Load(program, wants_log);
  if (fd < 0) {
    return false;
  }
  *value_ = program.input;
  const char packet[64] = {};
  bpf_attr attr = {};
  attr.test.prog_fd = static_cast<uint32_t>(fd);
  attr.test.data_in = Address(packet);
  attr.test.data_size_in = sizeof(packet);
  attr.test.repeat = 1;
  const bool ran = Bpf(BPF_PROG_TEST_RUN, attr) == 0;
  if (!ran) {
    reason_ = std::string("bpf(BPF_PROG_TEST_RUN): ") + std::strerror(errno);
  }
  close(fd);
  outcome.result = attr.test.retval;
  outcome.value = *value_;
  return ran;
}

}  // namespace ebpf::differential
