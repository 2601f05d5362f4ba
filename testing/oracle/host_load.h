// SPDX-License-Identifier: MIT
//
// Single loads by the host's bpf(2), with all that BPF_PROG_LOAD can be told:
// what tables are held against.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/isa/insn.h"

namespace ebpf::oracle {

struct HostLoad {
  uint32_t type = 0;
  uint32_t attach_type = 0;
  uint32_t flags = 0;
  uint32_t attach_btf_id = 0;
  bool gpl_compatible = true;
  uint32_t log_level = 0;
};

struct HostLoadResult {
  int error;  // errno, or 0: accepted
  std::string log;
};

/// Loads `code` and unloads it.
HostLoadResult LoadOnHost(const HostLoad& load,
                          const std::vector<isa::Insn>& code);

/// Empty, or why bpf(2) cannot be used here.
std::string WhyNoHost();

/// The id of a type in the host's BTF, or 0. `kind`: BTF_KIND_*.
uint32_t HostTypeId(const std::string& name, uint32_t kind);

/// A map in the host's kernel: a file descriptor, or -1.
int MakeHostMap(uint32_t type, uint32_t key_size, uint32_t value_size,
                uint32_t max_entries, uint32_t flags = 0);

// Instructions.
isa::Insn Mov(uint8_t dst, int32_t value);
isa::Insn MovReg(uint8_t dst, uint8_t src);
isa::Insn AddImm(uint8_t dst, int32_t value);
/// dst = *(uSIZE*)(src + offset).
isa::Insn Load(uint32_t size, uint8_t dst, uint8_t src, int16_t offset);
/// *(uSIZE*)(dst + offset) = src.
isa::Insn Store(uint32_t size, uint8_t dst, int16_t offset, uint8_t src);
isa::Insn StoreImm(uint32_t size, uint8_t dst, int16_t offset, int32_t value);
/// if dst != value goto +offset.
isa::Insn JumpNotEqual(uint8_t dst, int32_t value, int16_t offset);
isa::Insn CallHelper(uint32_t id);
isa::Insn Exit();
/// dst = the map of `fd`, two instructions.
void AppendMap(std::vector<isa::Insn>& code, uint8_t dst, int fd);
/// dst = address of `offset` in the value of the array `fd`.
void AppendMapValue(std::vector<isa::Insn>& code, uint8_t dst, int fd,
                    int32_t offset);

}  // namespace ebpf::oracle
