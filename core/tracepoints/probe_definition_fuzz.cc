// SPDX-License-Identifier: MIT
//
// libFuzzer over definitions of named probes: whatever is written to the file,
// it is refused at a place that is in it, or understood as something that a
// second reading understands the same way.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/memory/allocator.h"
#include "core/tracepoints/fetch_argument.h"
#include "core/tracepoints/trace.h"
#include "testing/host_port/host_trap.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const bool is_return : {false, true}) {
    const ebpf::FetchPlace place = {ebpf::HostMachineOps().registers, is_return,
                                    true};
    ebpf::FetchArgument argument;
    ebpf::ProbeError error;
    const ebpf::Status status = ebpf::ParseFetchArgument(
        {text.data(), text.size()}, 3, place, argument, error);
    if (!IsOk(status)) {
      if (error.kind == ebpf::ProbeErrorKind::kNone ||
          error.position > text.size() + 1) {
        abort();
      }
      continue;
    }
    if (argument.type == nullptr || argument.name.empty() ||
        argument.load_count > ebpf::FetchArgument::kMaxLoads ||
        argument.count() > ebpf::FetchArgument::kMaxArray ||
        argument.bit_width + argument.bit_offset > 64) {
      abort();
    }
    // Read at registers that point nowhere: faults, and no more.
    uint64_t registers[64] = {};
    uint8_t record[1024] = {};
    argument.offset = 8;
    const auto& regs =
        reinterpret_cast<const ebpf::machine::PtRegs&>(registers);
    const ebpf::FetchSource source = {*place.registers, regs};
    const size_t texts = ebpf::FetchedTextSize(argument, source, 512);
    const size_t fields = 8 + argument.type->size * argument.count();
    if (fields + texts <= sizeof(record)) {
      ebpf::RecordText behind(record, fields, fields + texts);
      ebpf::Fetch(argument, source, record, behind);
      if (behind.room().size() > texts) {
        abort();
      }
    }
  }
  return 0;
}
