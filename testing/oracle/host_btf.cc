// SPDX-License-Identifier: MIT
//
// testing/oracle/host_btf.h's implementation.
#include "testing/oracle/host_btf.h"

#include <cerrno>
#include <cstring>
#include <sys/syscall.h>
#include <unistd.h>

namespace ebpf::oracle {
namespace {

constexpr int kBtfLoad = 18;

/// bpf(2)'s attributes of BPF_BTF_LOAD.
struct Attributes {
  uint64_t btf;
  uint64_t log;
  uint32_t btf_size;
  uint32_t log_size;
  uint32_t log_level;
  uint32_t padding;
};
constexpr size_t kAttributesSize = 28;

}  // namespace

HostBtfVerdict JudgeBtf(const std::vector<uint8_t>& blob) {
  static std::vector<char> log(1 << 24);
  log[0] = '\0';
  Attributes attributes{};
  attributes.btf = reinterpret_cast<uintptr_t>(blob.data());
  attributes.btf_size = static_cast<uint32_t>(blob.size());
  attributes.log = reinterpret_cast<uintptr_t>(log.data());
  attributes.log_size = static_cast<uint32_t>(log.size());
  attributes.log_level = 1;
  const long fd = syscall(SYS_bpf, kBtfLoad, &attributes, kAttributesSize);
  HostBtfVerdict verdict;
  verdict.error = fd < 0 ? errno : 0;
  if (fd >= 0) {
    close(static_cast<int>(fd));
  }
  verdict.log = log.data();
  return verdict;
}

std::string WhyNoBtf() {
  // Bytes that no kernel accepts, but only one that judges them says EINVAL.
  const HostBtfVerdict verdict = JudgeBtf(std::vector<uint8_t>(64, 0));
  return verdict.error == EINVAL
             ? ""
             : "BPF_BTF_LOAD: " + std::string(strerror(verdict.error));
}

}  // namespace ebpf::oracle
