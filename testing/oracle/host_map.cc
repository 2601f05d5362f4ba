// SPDX-License-Identifier: MIT
//
// testing/oracle/host_map.h's implementation.
#include "testing/oracle/host_map.h"

#include <cerrno>
#include <cstdio>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ebpf::oracle {
namespace {

int Bpf(int command, bpf_attr& attr) {
  const long result = syscall(SYS_bpf, command, &attr, sizeof(attr));
  return result < 0 ? -errno : static_cast<int>(result);
}

uint64_t Address(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

int Element(int command, int fd, const void* key, const void* value,
            uint64_t flags = 0) {
  bpf_attr attr = {};
  attr.map_fd = static_cast<uint32_t>(fd);
  attr.key = Address(key);
  attr.value = Address(value);
  attr.flags = flags;
  return -Bpf(command, attr);
}

}  // namespace

HostMap::HostMap(uint32_t type, uint32_t key_size, uint32_t value_size,
                 uint32_t max_entries, uint32_t flags) {
  bpf_attr attr = {};
  attr.map_type = type;
  attr.key_size = key_size;
  attr.value_size = value_size;
  attr.max_entries = max_entries;
  attr.map_flags = flags;
  const int result = Bpf(BPF_MAP_CREATE, attr);
  (result < 0 ? error_ : fd_) = result < 0 ? -result : result;
}

HostMap::~HostMap() {
  if (pages_ != nullptr) {
    munmap(pages_, pages_size_);
  }
  if (fd_ >= 0) {
    close(fd_);
  }
}

uint32_t HostMap::max_entries() const {
  bpf_map_info info = {};
  bpf_attr attr = {};
  attr.info.bpf_fd = static_cast<uint32_t>(fd_);
  attr.info.info_len = sizeof(info);
  attr.info.info = Address(&info);
  return Bpf(BPF_OBJ_GET_INFO_BY_FD, attr) < 0 ? 0 : info.max_entries;
}

int HostMap::Lookup(const void* key, void* value) const {
  return Element(BPF_MAP_LOOKUP_ELEM, fd_, key, value);
}
int HostMap::Update(const void* key, const void* value, uint64_t flags) const {
  return Element(BPF_MAP_UPDATE_ELEM, fd_, key, value, flags);
}
int HostMap::Delete(const void* key) const {
  return Element(BPF_MAP_DELETE_ELEM, fd_, key, nullptr);
}
int HostMap::TakeOut(const void* key, void* value) const {
  return Element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd_, key, value);
}
int HostMap::NextKey(const void* key, void* next) const {
  return Element(BPF_MAP_GET_NEXT_KEY, fd_, key, next);
}

int HostMap::LookUpBatch(const uint32_t* in, uint32_t* out, void* keys,
                         void* values, uint32_t& count, bool take) const {
  bpf_attr attr = {};
  attr.batch.map_fd = static_cast<uint32_t>(fd_);
  attr.batch.in_batch = Address(in);
  attr.batch.out_batch = Address(out);
  attr.batch.keys = Address(keys);
  attr.batch.values = Address(values);
  attr.batch.count = count;
  const int result =
      Bpf(take ? BPF_MAP_LOOKUP_AND_DELETE_BATCH : BPF_MAP_LOOKUP_BATCH, attr);
  count = attr.batch.count;
  return -result;
}

uint8_t* HostMap::MapPages(size_t size) {
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (pages == MAP_FAILED) {
    return nullptr;
  }
  pages_ = pages;
  pages_size_ = size;
  return static_cast<uint8_t*>(pages);
}

HostProgram::HostProgram(const std::vector<isa::Insn>& code) {
  bpf_attr attr = {};
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insn_cnt = static_cast<uint32_t>(code.size());
  attr.insns = Address(code.data());
  attr.license = Address("GPL");
  const int result = Bpf(BPF_PROG_LOAD, attr);
  (result < 0 ? error_ : fd_) = result < 0 ? -result : result;
}

HostProgram::~HostProgram() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

int HostProgram::Run(uint32_t count) const {
  const uint8_t packet[64] = {};
  bpf_attr attr = {};
  attr.test.prog_fd = static_cast<uint32_t>(fd_);
  attr.test.data_in = Address(packet);
  attr.test.data_size_in = sizeof(packet);
  attr.test.repeat = count;
  return -Bpf(BPF_PROG_TEST_RUN, attr);
}

uint32_t HostPossibleCpus() {
  std::FILE* file = std::fopen("/sys/devices/system/cpu/possible", "r");
  if (file == nullptr) {
    return 1;
  }
  unsigned first = 0;
  unsigned last = 0;
  const int count = std::fscanf(file, "%u-%u", &first, &last);
  std::fclose(file);
  return count == 2 ? last + 1 : first + 1;
}

}  // namespace ebpf::oracle
