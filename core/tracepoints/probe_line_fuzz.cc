// SPDX-License-Identifier: MIT
//
// libFuzzer over what is written to kprobe_events: each line is refused at a
// place that is in it, or is shown as a line that means the same; and what the
// file shows after all of it was written can be written again, and nothing is
// left when all is removed.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/probe_definition.h"
#include "core/tracepoints/probe_events.h"
#include "core/tracepoints/trace.h"
#include "core/tracepoints/trace_errors.h"
#include "core/tracepoints/trace_event.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

void Require(bool holds) {
  if (!holds) {
    abort();
  }
}

StringView ViewOf(const std::string& text) {
  return {text.data(), text.size()};
}

/// A kernel with two functions.
struct Kernel {
  Kernel() : add("add", kAdd), of_two_words("add.part.0", kAdd) {
    Require(InitReadSections());
    Require(IsOk(InitProbes(HostMachineOps(), PortAllocator())));
    // What stays for good is there before anything is counted.
    Require(IsOk(ReturnHook::Prepare()));
    ProbeEvents::Init(HostMachineOps().registers, PortAllocator());
  }

  HostTraps traps;
  HostText add;
  HostText of_two_words;
};

std::string Shown(const ProbeDefinition& definition) {
  std::string shown(16384, '\0');
  TextWriter writer(shown.data(), shown.size());
  definition.Put(writer);
  shown.resize(writer.text().size());
  return shown;
}

/// At registers that point nowhere.
void FetchAll(const ProbeDefinition& definition) {
  const machine::RegisterNames& names = *HostMachineOps().registers;
  uint64_t registers[64] = {};
  const auto& regs = reinterpret_cast<const machine::PtRegs&>(registers);
  const std::vector<uint64_t> kept(definition.kept().count());
  const FetchSource source = {names, regs, kept.data()};
  const size_t fields = definition.record_size();
  size_t texts = 0;
  size_t end = sizeof(EventHeader) + (definition.is_return() ? 16 : 8);
  for (const FetchArgument& argument : definition.arguments()) {
    Require(argument.offset >= end);
    end = argument.offset + argument.type->size * argument.count();
    Require(end <= fields);
    texts += FetchedTextSize(argument, source, kMaxEventRecord);
  }
  Require(texts == 0 || definition.has_text());
  std::vector<uint8_t> record(fields + texts);
  RecordText behind(record.data(), fields, fields + texts);
  for (const FetchArgument& argument : definition.arguments()) {
    Fetch(argument, source, record.data(), behind);
  }
}

/// Whether it is a line that makes a probe.
void CheckLine(StringView line) {
  const machine::RegisterNames& names = *HostMachineOps().registers;
  ProbeDefinition definition(PortAllocator());
  ProbeError error;
  if (!IsOk(definition.Parse(line, names, error))) {
    Require(error.position <= definition.command().size() + 1);
    return;
  }
  FetchAll(definition);
  const std::string shown = Shown(definition);
  const size_t first_blank = shown.find(' ');
  Require(definition.BeginsWith(ViewOf(shown.substr(first_blank))));
  if (shown.size() > ProbeDefinition::kMaxLineSize) {
    return;
  }
  ProbeDefinition again(PortAllocator());
  Require(IsOk(again.Parse(ViewOf(shown), names, error)));
  Require(Shown(again) == shown);
  Require(again.IsSameProbe(definition) &&
          again.is_return() == definition.is_return() &&
          again.FirstOtherField(definition) == ProbeDefinition::kMaxArguments &&
          again.record_size() == definition.record_size());
}

std::string AllShown() {
  std::string all;
  std::string line(16384, '\0');
  for (uint64_t place = 0;;) {
    TextWriter writer(line.data(), line.size());
    if (!ProbeEvents::Put(writer, &place)) {
      return all;
    }
    Require(writer.text().size() < ProbeDefinition::kMaxLineSize * 2);
    all.append(line.data(), writer.text().size());
  }
}

bool HasLongLine(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end - at > ProbeDefinition::kMaxLineSize) {
      return true;
    }
    at = end + 1;
  }
  return false;
}

void CheckFile(const std::string& text) {
  const uint64_t before = PortAllocatedBytes();
  (void)ProbeEvents::Write(ViewOf(text));
  const std::string shown = AllShown();
  Require(IsOk(ProbeEvents::Clear()) && AllShown().empty());
  // '#' ends a line, wherever it stands.
  if (!HasLongLine(shown)) {
    Require(IsOk(ProbeEvents::Write(ViewOf(shown))));
    Require(AllShown() == shown);
    Require(IsOk(ProbeEvents::Clear()));
  }
  ClearTraceErrors();
  Require(PortAllocatedBytes() == before);
}

}  // namespace
}  // namespace ebpf

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const kernel = new ebpf::Kernel;
  (void)kernel;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    ebpf::CheckLine(ebpf::ViewOf(text.substr(at, end - at)));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  ebpf::CheckFile(text);
  return 0;
}
