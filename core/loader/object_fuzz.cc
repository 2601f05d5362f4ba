// SPDX-License-Identifier: MIT
//
// libFuzzer over the loader: objects that clang made, spoilt section by
// section, are opened, linked and loaded through bpf(2); what is accepted runs
// on a real breakpoint. Afterwards nothing is left.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/elf/elf_reader.h"
#include "core/loader/object.h"
#include "core/memory/allocator.h"
#include "core/syscall/system.h"
#include "core/syscall/trace_pipe.h"
#include "core/tracepoints/trace_instance.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using ebpf::Client;
using ebpf::ConstBytes;
using ebpf::Result;
using ebpf::loader::Object;

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

struct Counters {
  uint64_t files = 0;
  uint64_t opened = 0;
  uint64_t programs = 0;
  uint64_t accepted = 0;
};
Counters counters;

void PrintCounters() {
  std::printf("files %llu, opened %llu, programs %llu, accepted and run %llu\n",
              static_cast<unsigned long long>(counters.files),
              static_cast<unsigned long long>(counters.opened),
              static_cast<unsigned long long>(counters.programs),
              static_cast<unsigned long long>(counters.accepted));
}

void Expect(bool condition, const char* what) {
  if (!condition) {
    std::fprintf(stderr, "not so: %s\n", what);
    std::abort();
  }
}

constexpr uint64_t kKernelMemory = 256 << 20;

/// The fake kernel, from the first input on.
struct Kernel {
  Kernel() : text("fuzz_function", kAdd) {
    // Maps may be as large as there is memory.
    ebpf::SetHostMemoryLimit(kKernelMemory);
    Expect(IsOk(ebpf::InitSystem(ebpf::HostMachineOps())), "the system starts");
    ebpf::KeepASlotPage();
    // As the first program that prints does, for good.
    Expect(IsOk(ebpf::SwitchOnTracePrintk()), "programs may print");
  }

  ebpf::HostTraps traps;
  ebpf::HostText text;
};

void RunPrograms(Kernel& kernel, Object& object) {
  auto* function = kernel.text.As<uint64_t(uint64_t, uint64_t)>();
  for (size_t i = 0; i < object.program_count(); ++i) {
    if (object.program(i).fd <= 0) {
      continue;
    }
    ++counters.accepted;
    const Result<int> link = object.Attach(i, "fuzz_function");
    if (link.ok()) {
      Expect(function(40, 2) == 42, "a probed function does its work");
      Expect(IsOk(object.Detach(*link)), "what is attached detaches");
    }
  }
  char text[4096];
  while (ebpf::ReadTracePipe(ebpf::Span<char>(text)) != 0) {
  }
}

void LoadAndRun(Kernel& kernel, ConstBytes file) {
  static char log_buffer[1 << 16];
  ebpf::TextWriter log(log_buffer, sizeof(log_buffer));
  const Result<Client*> client =
      Client::Create(ebpf::Origin::kKernel, ebpf::PortAllocator());
  Expect(client.ok(), "there is memory");
  {
    Object object(**client, ebpf::PortAllocator(), log);
    const ebpf::Status opened = object.Open(file);
    if (IsOk(opened)) {
      ++counters.opened;
      counters.programs += object.program_count();
      (void)object.Load();
      RunPrograms(kernel, object);
    } else {
      Expect(log.wanted() != 0, "a refusal says why");
    }
  }
  (*client)->Delete();
}

/// A section with bytes in the file, by chance; a null pointer where there is
/// none.
ConstBytes AnySection(ConstBytes file, unsigned seed) {
  const Result<ebpf::elf::ElfReader> reader = ebpf::elf::ElfReader::Open(file);
  if (!reader.ok() || reader->section_count() == 0) {
    return ConstBytes();
  }
  for (uint32_t tries = 0; tries < 8; ++tries) {
    const Result<ebpf::elf::Section> section =
        reader->SectionAt((seed + tries) % reader->section_count());
    if (section.ok() && !section->data.empty()) {
      return section->data;
    }
  }
  return ConstBytes();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  std::atexit(PrintCounters);
  return 0;
}

/// Mostly changes bytes of one section and leaves the others where they are.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  const ConstBytes section = seed % 8 == 0
                                 ? ConstBytes()
                                 : AnySection(ConstBytes(data, size), seed / 8);
  if (section.empty()) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  std::vector<uint8_t> bytes(section.begin(), section.end());
  const size_t changed =
      LLVMFuzzerMutate(bytes.data(), bytes.size(), bytes.size());
  memcpy(data + (section.data() - data), bytes.data(), changed);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const kernel = new Kernel;
  const uint64_t bytes = ebpf::PortAllocatedBytes();
  const uint64_t exec_bytes = ebpf::HostExecBytes();
  ++counters.files;
  // In a block of exactly its size, so that ASan sees a byte too many.
  const std::vector<uint8_t> file(data, data + size);
  LoadAndRun(*kernel, ConstBytes(file.data(), file.size()));
  Expect(ebpf::PortAllocatedBytes() == bytes, "all memory is given back");
  Expect(ebpf::HostExecBytes() == exec_bytes, "all slots are given back");
  Expect(memcmp(kernel->text.bytes().data(), kAdd, sizeof(kAdd)) == 0,
         "the text is as it was");
  return 0;
}
