// SPDX-License-Identifier: MIT
//
// The table of texts.
#include "core/files/text_walk.h"

namespace ebpf {
namespace {

constexpr TextKind kTexts[] = {
    {"/proc/kallsyms", 0444, false, BeginKallsyms},
    {"/sys/kernel/debug/kprobes/list", 0400, false, BeginKprobeList},
    {"/sys/kernel/debug/kprobes/blacklist", 0400, false, BeginKprobeBlacklist},
    {"/sys/kernel/tracing/kprobe_profile", 0440, false, BeginKprobeProfile},
    {"/sys/kernel/tracing/available_filter_functions", 0440, false,
     BeginFilterFunctions},
    {"/sys/kernel/tracing/available_filter_functions_addrs", 0440, true,
     BeginFilterFunctionAddresses},
    {"/sys/bus/event_source/devices/kprobe/type", 0444, false, BeginKprobeType},
    {"/sys/bus/event_source/devices/kprobe/format/retprobe", 0444, false,
     BeginKprobeReturnBit},
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
