// SPDX-License-Identifier: MIT
//
// core/loader/section_names.h's implementation.
#include "core/loader/section_names.h"

namespace ebpf::loader {
namespace {

// Names that libbpf knows and we have no program type or attach point for yet.
constexpr const char* kKnownButAbsent[] = {"kretprobe",    "uprobe",
                                           "uretprobe",    "ksyscall",
                                           "kretsyscall",  "usdt",
                                           "tracepoint",   "tp",
                                           "raw_tp",       "raw_tracepoint",
                                           "tp_btf",       "fentry",
                                           "fexit",        "fmod_ret",
                                           "lsm",          "iter",
                                           "xdp",          "tc",
                                           "tcx",          "perf_event",
                                           "kprobe.multi", "kretprobe.multi",
                                           "cgroup",       "struct_ops",
                                           "syscall"};

int DigitValue(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

Result<uint64_t> ParseNumber(StringView text) {
  unsigned base = 10;
  if (text.StartsWith("0x")) {
    base = 16;
    text = text.Substring(2);
  }
  if (text.empty()) {
    return Status::kInvalid;
  }
  uint64_t value = 0;
  for (char c : text) {
    const auto digit = static_cast<unsigned>(DigitValue(c));
    if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
        __builtin_add_overflow(value, digit, &value)) {
      return Status::kInvalid;
    }
  }
  return value;
}

}  // namespace

Result<ProgramSection> ParseProgramSection(StringView name) {
  const size_t slash = name.Find('/');
  const StringView kind = name.First(slash);
  if (kind == "socket" && slash == name.size()) {
    return ProgramSection{ProgramTypeId::kSocketFilter, StringView(), 0};
  }
  if (kind != "kprobe") {
    for (const char* known : kKnownButAbsent) {
      if (kind == known) {
        return Status::kNotSupported;
      }
    }
    return Status::kNotFound;
  }
  ProgramSection section{ProgramTypeId::kKprobe, StringView(), 0};
  if (slash < name.size()) {
    const StringView target = name.Substring(slash + 1);
    const size_t plus = target.Find('+');
    section.function = target.First(plus);
    if (section.function.empty()) {
      return Status::kInvalid;
    }
    if (plus < target.size()) {
      section.offset = EBPF_TRY(ParseNumber(target.Substring(plus + 1)));
    }
  }
  return section;
}

}  // namespace ebpf::loader
