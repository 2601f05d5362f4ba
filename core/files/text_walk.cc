// SPDX-License-Identifier: MIT
//
// The table of texts.
#include "core/files/text_walk.h"

namespace ebpf {
namespace {

constexpr TextKind kTexts[] = {
    {"/proc/kallsyms", 0444, BeginKallsyms},
    {"/sys/kernel/debug/kprobes/list", 0400, BeginKprobeList},
    {"/sys/kernel/debug/kprobes/blacklist", 0400, BeginKprobeBlacklist},
    {"/sys/kernel/tracing/kprobe_profile", 0440, BeginKprobeProfile},
    {"/sys/kernel/tracing/available_filter_functions", 0440,
     BeginFilterFunctions},
    {"/sys/kernel/tracing/available_filter_functions_addrs", 0440,
     BeginFilterFunctionAddresses},
};

}  // namespace

const TextKind* TextAt(size_t index) {
  return index < sizeof(kTexts) / sizeof(kTexts[0]) ? &kTexts[index] : nullptr;
}

const TextKind* FindText(StringView path) {
  for (const TextKind& text : kTexts) {
    if (path == text.path) {
      return &text;
    }
  }
  return nullptr;
}

}  // namespace ebpf
