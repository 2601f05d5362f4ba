// SPDX-License-Identifier: MIT
//
// bpf(2) of the host, one call at a time.
#include "testing/oracle/host_load.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <linux/bpf.h>
#include <linux/btf.h>
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

uint8_t SizeBits(uint32_t size) {
  switch (size) {
    case 1:
      return BPF_B;
    case 2:
      return BPF_H;
    case 4:
      return BPF_W;
    default:
      return BPF_DW;
  }
}

isa::Insn Make(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
               int32_t imm) {
  isa::Insn insn = {};
  insn.opcode = opcode;
  insn.dst = dst & 15;
  insn.src = src & 15;
  insn.offset = offset;
  insn.imm = imm;
  return insn;
}

/// Bytes that follow a btf_type of this kind. [Documentation/bpf/btf.rst]
size_t BytesBehind(const btf_type& type) {
  const uint32_t count = BTF_INFO_VLEN(type.info);
  switch (BTF_INFO_KIND(type.info)) {
    case BTF_KIND_INT:
    case BTF_KIND_VAR:
    case BTF_KIND_DECL_TAG:
      return 4;
    case BTF_KIND_ARRAY:
      return sizeof(btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
      return count * sizeof(btf_member);
    case BTF_KIND_ENUM:
      return count * sizeof(btf_enum);
    case BTF_KIND_ENUM64:
      return count * sizeof(btf_enum64);
    case BTF_KIND_FUNC_PROTO:
      return count * sizeof(btf_param);
    case BTF_KIND_DATASEC:
      return count * sizeof(btf_var_secinfo);
    default:
      return 0;
  }
}

}  // namespace

HostLoadResult LoadOnHost(const HostLoad& load,
                          const std::vector<isa::Insn>& code) {
  static std::vector<char> log(1 << 20);
  bpf_attr attr = {};
  attr.prog_type = load.type;
  attr.expected_attach_type = load.attach_type;
  attr.prog_flags = load.flags;
  attr.attach_btf_id = load.attach_btf_id;
  attr.insn_cnt = static_cast<uint32_t>(code.size());
  attr.insns = Address(code.data());
  attr.license = Address(load.gpl_compatible ? "GPL" : "MIT");
  if (load.log_level != 0) {
    log[0] = '\0';
    attr.log_level = load.log_level;
    attr.log_size = static_cast<uint32_t>(log.size());
    attr.log_buf = Address(log.data());
  }
  const int fd = Bpf(BPF_PROG_LOAD, attr);
  const int error = fd < 0 ? errno : 0;
  if (fd >= 0) {
    close(fd);
  }
  return {error, load.log_level != 0 ? log.data() : ""};
}

std::string WhyNoHost() {
  HostLoad load;
  load.type = BPF_PROG_TYPE_KPROBE;
  const int error = LoadOnHost(load, {Mov(0, 0), Exit()}).error;
  return error == 0 ? "" : std::string("bpf(2): ") + std::strerror(error);
}

uint32_t HostTypeId(const std::string& name, uint32_t kind) {
  static const std::vector<char> btf = [] {
    std::ifstream file("/sys/kernel/btf/vmlinux", std::ios::binary);
    return std::vector<char>(std::istreambuf_iterator<char>(file), {});
  }();
  if (btf.size() < sizeof(btf_header)) {
    return 0;
  }
  btf_header header;
  std::memcpy(&header, btf.data(), sizeof(header));
  const char* types = btf.data() + header.hdr_len + header.type_off;
  const char* strings = btf.data() + header.hdr_len + header.str_off;
  uint32_t id = 1;
  for (size_t at = 0; at + sizeof(btf_type) <= header.type_len; ++id) {
    btf_type type;
    std::memcpy(&type, types + at, sizeof(type));
    if (BTF_INFO_KIND(type.info) == kind && name == strings + type.name_off) {
      return id;
    }
    at += sizeof(type) + BytesBehind(type);
  }
  return 0;
}

int MakeHostMap(uint32_t type, uint32_t key_size, uint32_t value_size,
                uint32_t max_entries, uint32_t flags) {
  bpf_attr attr = {};
  attr.map_type = type;
  attr.key_size = key_size;
  attr.value_size = value_size;
  attr.max_entries = max_entries;
  attr.map_flags = flags;
  return Bpf(BPF_MAP_CREATE, attr);
}

isa::Insn Mov(uint8_t dst, int32_t value) {
  return Make(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}
isa::Insn MovReg(uint8_t dst, uint8_t src) {
  return Make(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}
isa::Insn AddImm(uint8_t dst, int32_t value) {
  return Make(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value);
}
isa::Insn Load(uint32_t size, uint8_t dst, uint8_t src, int16_t offset) {
  return Make(BPF_LDX | BPF_MEM | SizeBits(size), dst, src, offset, 0);
}
isa::Insn Store(uint32_t size, uint8_t dst, int16_t offset, uint8_t src) {
  return Make(BPF_STX | BPF_MEM | SizeBits(size), dst, src, offset, 0);
}
isa::Insn StoreImm(uint32_t size, uint8_t dst, int16_t offset, int32_t value) {
  return Make(BPF_ST | BPF_MEM | SizeBits(size), dst, 0, offset, value);
}
isa::Insn JumpNotEqual(uint8_t dst, int32_t value, int16_t offset) {
  return Make(BPF_JMP | BPF_JNE | BPF_K, dst, 0, offset, value);
}
isa::Insn CallHelper(uint32_t id) {
  return Make(BPF_JMP | BPF_CALL, 0, 0, 0, static_cast<int32_t>(id));
}
isa::Insn Exit() { return Make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

void AppendMap(std::vector<isa::Insn>& code, uint8_t dst, int fd) {
  code.push_back(
      Make(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd));
  code.push_back(Make(0, 0, 0, 0, 0));
}

void AppendMapValue(std::vector<isa::Insn>& code, uint8_t dst, int fd,
                    int32_t offset) {
  code.push_back(
      Make(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_VALUE, 0, fd));
  code.push_back(Make(0, 0, 0, 0, offset));
}

}  // namespace ebpf::oracle
