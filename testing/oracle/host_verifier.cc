// SPDX-License-Identifier: MIT
//
// bpf(2) of the host: maps and loads.
#include "testing/oracle/host_verifier.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace ebpf::oracle {
namespace {

int Bpf(int command, bpf_attr& attr) {
  return static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof(attr)));
}

uint64_t Address(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

constexpr uint8_t kLdImm64 = 0x18;
constexpr uint8_t kCall = 0x85;
constexpr int32_t kTailCall = 12;

/// Where functions begin, if Linux wants to know their types: those that are
/// called back, and those of programs that make tail calls.
std::vector<uint32_t> TypedFunctions(const std::vector<isa::Insn>& code) {
  std::vector<uint32_t> starts = {0};
  bool wanted = false;
  for (size_t i = 0; i < code.size(); ++i) {
    const isa::Insn& insn = code[i];
    const bool function =
        insn.opcode == kLdImm64 && insn.src == isa::kPseudoFunc;
    const bool call = insn.opcode == kCall && insn.src == isa::kCallSubprogram;
    wanted = wanted || function ||
             (insn.opcode == kCall && insn.src == 0 && insn.imm == kTailCall);
    if (function || call) {
      starts.push_back(
          static_cast<uint32_t>(static_cast<int64_t>(i) + 1 + insn.imm));
    }
    i += insn.opcode == kLdImm64 ? 1 : 0;
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return wanted && starts.size() > 1 ? starts : std::vector<uint32_t>();
}

void Append(std::vector<uint32_t>& to, std::initializer_list<uint32_t> words) {
  to.insert(to.end(), words);
}

/// BTF of `count` functions, static but for the first, of the types 3, 4, ...:
/// "int f(void)" each. [Documentation/bpf/btf.rst]
std::vector<uint8_t> TypesOf(size_t count) {
  const std::string strings("\0int\0f", 7);
  std::vector<uint32_t> types;
  Append(types, {1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32});
  Append(types, {0, BTF_KIND_FUNC_PROTO << 24, 1});
  for (size_t i = 0; i < count; ++i) {
    const uint32_t linkage = i == 0 ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC;
    Append(types, {5, BTF_KIND_FUNC << 24 | linkage, 2});
  }
  btf_header header = {};
  header.magic = BTF_MAGIC;
  header.version = BTF_VERSION;
  header.hdr_len = sizeof(header);
  header.type_len = static_cast<uint32_t>(types.size() * sizeof(types[0]));
  header.str_off = header.type_len;
  header.str_len = static_cast<uint32_t>(strings.size() + 1);
  std::vector<uint8_t> all(sizeof(header) + header.type_len + header.str_len);
  std::memcpy(all.data(), &header, sizeof(header));
  std::memcpy(&all[sizeof(header)], types.data(), header.type_len);
  std::memcpy(&all[sizeof(header) + header.type_len], strings.c_str(),
              header.str_len);
  return all;
}

/// Interrupts this process after a time: the kernel's verifier looks for
/// signals, and ends with EAGAIN.
class Alarm {
 public:
  explicit Alarm(unsigned milliseconds) : set_(milliseconds != 0) {
    if (set_) {
      struct sigaction action = {};
      action.sa_handler = [](int) {};
      sigaction(SIGALRM, &action, &before_);
      Set(milliseconds);
    }
  }
  ~Alarm() {
    if (set_) {
      Set(0);
      sigaction(SIGALRM, &before_, nullptr);
    }
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

 private:
  static void Set(unsigned milliseconds) {
    itimerval timer = {};
    timer.it_value.tv_sec = milliseconds / 1000;
    timer.it_value.tv_usec =
        static_cast<suseconds_t>(milliseconds % 1000) * 1000;
    setitimer(ITIMER_REAL, &timer, nullptr);
  }

  const bool set_;
  struct sigaction before_ = {};
};

}  // namespace

int HostVerifier::LoadTypes(const std::vector<uint32_t>& functions) {
  const std::vector<uint8_t> types = TypesOf(functions.size());
  bpf_attr attr = {};
  attr.btf = Address(types.data());
  attr.btf_size = static_cast<uint32_t>(types.size());
  return Bpf(BPF_BTF_LOAD, attr);
}

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
                                uint32_t level, uint32_t attach_type,
                                uint32_t flags) {
  const bool wants_log = level != 0;
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
  attr.expected_attach_type = attach_type;
  attr.prog_flags = flags;
  attr.license = Address(gpl_compatible ? "GPL" : "MIT");
  if (wants_log) {
    attr.log_level = level;
    attr.log_size = static_cast<uint32_t>(log.size());
    attr.log_buf = Address(log.data());
  }
  const std::vector<uint32_t> functions = TypedFunctions(code);
  std::vector<bpf_func_info> types(functions.size());
  for (size_t i = 0; i < functions.size(); ++i) {
    types[i] = {functions[i], static_cast<uint32_t>(3 + i)};
  }
  const int types_fd = functions.empty() ? -1 : LoadTypes(functions);
  if (types_fd >= 0) {
    attr.prog_btf_fd = static_cast<uint32_t>(types_fd);
    attr.func_info = Address(types.data());
    attr.func_info_cnt = static_cast<uint32_t>(types.size());
    attr.func_info_rec_size = sizeof(bpf_func_info);
  }
  int error = 0;
  int fd = -1;
  {
    const Alarm alarm(time_limit_ms_);
    fd = Bpf(BPF_PROG_LOAD, attr);
    error = errno;
  }
  if (types_fd >= 0) {
    close(types_fd);
  }
  if (fd < 0 && error == ENOSPC && wants_log) {
    // The verdict, then; the log has the end of what there was to say.
    return HostVerdict{
        Judge(code, type, gpl_compatible, 0, attach_type, flags).error,
        log.data()};
  }
  if (fd < 0) {
    return HostVerdict{error, wants_log ? log.data() : ""};
  }
  close(fd);
  return HostVerdict{0, wants_log ? log.data() : ""};
}

}  // namespace ebpf::oracle
