// SPDX-License-Identifier: MIT
//
// bpf(2) of the host: maps and loads.
#include "testing/oracle/host_verifier.h"

#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ebpf::oracle {
namespace {

int Bpf(int command, bpf_attr& attr) {
  return static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof(attr)));
}

uint64_t Address(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

}  // namespace

HostVerifier::HostVerifier(Span<Map* const> maps) {
  for (const Map* map : maps) {
    const MapSpec& spec = map->spec();
    bpf_attr attr = {};
    attr.map_type = static_cast<uint32_t>(spec.type);
    attr.key_size = spec.key_size;
    attr.value_size = spec.value_size;
    attr.max_entries = spec.max_entries;
    attr.map_flags = spec.flags;
    const int fd = Bpf(BPF_MAP_CREATE, attr);
    if (fd < 0) {
      reason_ = std::string("bpf(BPF_MAP_CREATE): ") + std::strerror(errno);
      return;
    }
    map_fds_.push_back(fd);
  }
}

HostVerifier::~HostVerifier() {
  for (int fd : map_fds_) {
    close(fd);
  }
}

HostVerdict HostVerifier::Judge(const std::vector<isa::Insn>& code,
                                uint32_t type, bool gpl_compatible,
                                bool wants_log) {
  std::vector<isa::Insn> insns = code;
  for (size_t i = 0; i + 1 < insns.size(); ++i) {
    isa::Insn& insn = insns[i];
    if (insn.opcode != 0x18) {
      continue;
    }
    ++i;
    if ((insn.src == isa::kPseudoMapFd || insn.src == isa::kPseudoMapValue) &&
        static_cast<uint32_t>(insn.imm) < map_fds_.size()) {
      insn.imm = map_fds_[static_cast<uint32_t>(insn.imm)];
    }
  }
  std::vector<char> log(wants_log ? 4 << 20 : 0);
  bpf_attr attr = {};
  attr.prog_type = type;
  attr.insn_cnt = static_cast<uint32_t>(insns.size());
  attr.insns = Address(insns.data());
  attr.license = Address(gpl_compatible ? "GPL" : "MIT");
  if (wants_log) {
    attr.log_level = 1;
    attr.log_size = static_cast<uint32_t>(log.size());
    attr.log_buf = Address(log.data());
  }
  const int fd = Bpf(BPF_PROG_LOAD, attr);
  if (fd < 0 && errno == ENOSPC && wants_log) {
    // The verdict, then; the log has the end of what there was to say.
    return HostVerdict{Judge(code, type, gpl_compatible, false).error,
                       log.data()};
  }
  if (fd < 0) {
    return HostVerdict{errno, wants_log ? log.data() : ""};
  }
  close(fd);
  return HostVerdict{0, wants_log ? log.data() : ""};
}

}  // namespace ebpf::oracle
