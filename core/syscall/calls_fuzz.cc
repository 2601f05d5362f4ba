// SPDX-License-Identifier: MIT
//
// libFuzzer over the system calls: a process makes any calls with any
// arguments. Nothing panics, no memory is touched that is not the process's,
// and afterwards nothing is left.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/files/client.h"
#include "core/files/pin_store.h"
#include "core/isa/insn.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/maps/map_spec.h"
#include "core/memory/allocator.h"
#include "core/syscall/bpf.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/perf_event_open.h"
#include "core/syscall/system.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"
#include "testing/host_port/host_user.h"

namespace {

using ebpf::Client;
using ebpf::HostUserMemory;

constexpr size_t kUserSize = 1 << 14;
constexpr const char* kFunction = "fuzz_function";
// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

// What a process finds in its memory: a name, a license, and a program that
// names a map, looks up its first element and counts in it.
constexpr size_t kLicenseAt = 64;
constexpr size_t kPathsAt = 80;  // of pins, kPathSize bytes each
constexpr size_t kPathSize = 32;
constexpr const char* kPaths[] = {"/sys/fs/bpf/a", "/sys/fs/bpf/b",
                                  "/sys/fs/bpf/d/c", "/sys/fs/bpf"};
constexpr size_t kProgramAt = 256;
constexpr ebpf::isa::Insn kProgram[] = {
    {0x18, 1, 1, 0, 3},   {0x00, 0, 0, 0, 0},   // r1 = map of fd 3
    {0x7a, 10, 0, -8, 0},                       // *(u64 *)(r10 - 8) = 0
    {0xbf, 2, 10, 0, 0},  {0x07, 2, 0, 0, -8},  // r2 = r10 - 8
    {0x85, 0, 0, 0, 1},                         // bpf_map_lookup_elem
    {0x15, 0, 0, 2, 0},                         // if r0 == 0 goto exit
    {0x71, 1, 0, 0, 0},   {0x73, 0, 1, 0, 0},   // the value's first byte
    {0xb7, 0, 0, 0, 1},                         // r0 = 1
    {0x95, 0, 0, 0, 0}};
constexpr uint32_t kProgramSize = sizeof(kProgram) / sizeof(kProgram[0]);

// Types: int, int (void), and a function main of that type; what func_info says
// of the program. [kernel.org Documentation/bpf/btf]
constexpr size_t kBtfAt = 1024;
constexpr uint32_t kBtfSize = 74;
constexpr uint32_t kBtf[] = {
    0x0001eb9f, 24,         0,   40,         40, 10,  // header
    1,          0x01000000, 4,   0x01000020,          // 1: int
    0,          0x0d000000, 1,                        // 2: int (void)
    5,          0x0c000001, 2,                        // 3: main
    0x746e6900, 0x69616d00, 0x6e};                    // "", "int", "main"
constexpr size_t kFunctionAt = 2048;
constexpr uint32_t kFunctionInfo[] = {0, 3};

struct Counters {
  uint64_t inputs = 0;
  uint64_t calls = 0;
  uint64_t succeeded = 0;
  uint64_t programs = 0;
  uint64_t events = 0;
  uint64_t types = 0;
};
Counters counters;

void PrintCounters() {
  std::printf(
      "inputs %llu, calls %llu, succeeded %llu, programs loaded %llu, events "
      "opened %llu, BTFs loaded %llu\n",
      static_cast<unsigned long long>(counters.inputs),
      static_cast<unsigned long long>(counters.calls),
      static_cast<unsigned long long>(counters.succeeded),
      static_cast<unsigned long long>(counters.programs),
      static_cast<unsigned long long>(counters.events),
      static_cast<unsigned long long>(counters.types));
}

void Expect(bool condition, const char* what) {
  if (!condition) {
    std::fprintf(stderr, "not so: %s\n", what);
    std::abort();
  }
}

/// The fake kernel, from the first input on.
struct Kernel {
  Kernel() : text(kFunction, kAdd) {
    Expect(IsOk(ebpf::InitSystem(ebpf::HostMachineOps())), "the system starts");
  }

  ebpf::HostTraps traps;
  ebpf::HostText text;
};

/// Arguments out of bytes; zeros at their end.
class Source {
 public:
  Source(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  bool empty() const { return size_ == 0; }
  uint8_t Byte() {
    if (size_ == 0) {
      return 0;
    }
    --size_;
    return *data_++;
  }
  template <typename T>
  T Number() {
    T value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<T>(value | static_cast<T>(T{Byte()} << (8 * i)));
    }
    return value;
  }
  void Fill(uint8_t* to, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      to[i] = Byte();
    }
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

class Process {
 public:
  Process(Source& source, HostUserMemory& memory, Client& client)
      : source_(source), memory_(memory), client_(client) {}

  void MakeOneCall();

 private:
  /// An address: mostly the process's own.
  uint64_t Address() {
    const uint8_t kind = source_.Byte();
    if (kind < 8) {
      return 0;
    }
    if (kind < 16) {
      return source_.Number<uint64_t>();
    }
    return HostUserMemory::kBase +
           source_.Number<uint16_t>() % (kUserSize + 64);
  }
  /// A descriptor: mostly one that may be open.
  int32_t Fd() {
    const uint8_t kind = source_.Byte();
    return kind < 240 ? kind % 12 : source_.Number<int32_t>();
  }
  void Write();
  int64_t MapCreate();
  int64_t MapElem();
  int64_t MapBatch();
  int64_t TestRun();
  int64_t Objects();
  int64_t Pin();
  int64_t ProgLoad();
  int64_t BtfLoad();
  int64_t AnyBpf();
  int64_t OpenEvent();
  int64_t Ioctl();
  int64_t Mmap();

  template <typename Attr>
  int64_t Call(uint32_t command, const Attr& attr) {
    // At the memory's end, so that a byte too many faults.
    const uint64_t at = HostUserMemory::kBase + kUserSize - sizeof(attr);
    memcpy(memory_.At(at), &attr, sizeof(attr));
    return ebpf::Bpf(client_, command, client_.Pointer(at), sizeof(attr));
  }

  Source& source_;
  HostUserMemory& memory_;
  Client& client_;
};

void Process::Write() {
  const size_t at = source_.Number<uint16_t>() % kUserSize;
  const size_t size = source_.Byte();
  if (size <= kUserSize - at) {
    source_.Fill(memory_.data() + at, size);
  }
}

int64_t Process::MapCreate() {
  using ebpf::MapType;
  static constexpr MapType kTypes[] = {
#define EBPF_MAP_TYPE(number, name, create) MapType::k##name,
#include "core/maps/map_types.def"
#undef EBPF_MAP_TYPE
  };
  constexpr size_t kKinds = sizeof(kTypes) / sizeof(kTypes[0]);
  ebpf::linux_abi::MapCreateAttr attr{};
  const uint8_t choice = source_.Byte();
  const MapType type =
      choice < 240 ? kTypes[choice % kKinds] : static_cast<MapType>(choice);
  attr.map_type = static_cast<uint32_t>(type);
  attr.key_size = 4;
  attr.value_size = source_.Number<uint16_t>() % 600;
  attr.max_entries = source_.Byte() % 40;
  switch (type) {
    case MapType::kRingBuffer:
      attr.key_size = attr.value_size = 0;
      attr.max_entries = 4096u << source_.Byte() % 3;
      break;
    case MapType::kQueue:
    case MapType::kStack:
    case MapType::kBloomFilter:
      attr.key_size = 0;
      break;
    case MapType::kLpmTrie:
      attr.key_size = 5 + source_.Byte() % 16;
      attr.map_flags = ebpf::linux_abi::kMapNoPrealloc;
      break;
    case MapType::kArrayOfMaps:
    case MapType::kHashOfMaps:
      attr.inner_map_fd = static_cast<uint32_t>(Fd());
      attr.value_size = 4;
      break;
    case MapType::kProgArray:
    case MapType::kPerfEventArray:
    case MapType::kCgroupArray:
      attr.value_size = 4;
      break;
    case MapType::kStackTrace:
      attr.value_size = 8 * (1 + source_.Byte() % 127);
      break;
    default:
      break;
  }
  if (source_.Byte() < 32) {
    attr.key_size = source_.Byte() % 40;
  }
  if (source_.Byte() < 64) {
    attr.map_flags = source_.Number<uint16_t>();
  }
  source_.Fill(reinterpret_cast<uint8_t*>(attr.map_name), 2);
  return Call(ebpf::linux_abi::kMapCreate, attr);
}

int64_t Process::MapElem() {
  static constexpr uint32_t kCommands[] = {
      ebpf::linux_abi::kMapLookupElem,
      ebpf::linux_abi::kMapUpdateElem,
      ebpf::linux_abi::kMapUpdateElem,
      ebpf::linux_abi::kMapDeleteElem,
      ebpf::linux_abi::kMapGetNextKey,
      ebpf::linux_abi::kMapLookupAndDeleteElem};
  ebpf::linux_abi::MapElemAttr attr{};
  const uint32_t command = kCommands[source_.Byte() % 6];
  attr.map_fd = static_cast<uint32_t>(Fd());
  attr.key = Address();
  attr.value = command == ebpf::linux_abi::kMapDeleteElem ? 0 : Address();
  attr.flags = source_.Byte() < 128 ? 0 : source_.Byte() % 8;
  return Call(command, attr);
}

int64_t Process::MapBatch() {
  ebpf::linux_abi::MapBatchAttr attr{};
  const uint32_t command =
      ebpf::linux_abi::kMapLookupBatch + source_.Byte() % 4;
  attr.map_fd = static_cast<uint32_t>(Fd());
  attr.count =
      source_.Byte() < 240 ? source_.Byte() % 16 : source_.Number<uint32_t>();
  attr.keys = Address();
  attr.values = Address();
  attr.in_batch = Address();
  attr.out_batch = Address();
  attr.elem_flags = source_.Byte() < 200 ? 0 : source_.Byte() % 8;
  return Call(command, attr);
}

int64_t Process::TestRun() {
  ebpf::linux_abi::ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(Fd());
  attr.data_size_in =
      source_.Byte() < 200 ? 14 + source_.Byte() : source_.Number<uint32_t>();
  attr.data_in = Address();
  attr.data_size_out = source_.Byte();
  attr.data_out = Address();
  attr.repeat = source_.Byte() % 4;
  attr.ctx_size_in = source_.Byte();
  attr.ctx_in = source_.Byte() < 128 ? 0 : Address();
  attr.ctx_size_out = source_.Byte();
  attr.ctx_out = source_.Byte() < 128 ? 0 : Address();
  attr.flags = source_.Byte() < 200 ? 0 : source_.Byte();
  return Call(ebpf::linux_abi::kProgTestRun, attr);
}

int64_t Process::Pin() {
  struct {
    uint64_t path;
    uint32_t fd;
    uint32_t flags;
  } attr = {};
  const uint8_t kind = source_.Byte();
  attr.path = kind < 240
                  ? HostUserMemory::kBase + kPathsAt + kind % 4 * kPathSize
                  : Address();
  const bool puts = source_.Byte() % 2 == 0;
  attr.fd = puts ? static_cast<uint32_t>(Fd()) : 0;
  return Call(puts ? ebpf::linux_abi::kObjPin : ebpf::linux_abi::kObjGet, attr);
}

/// Ids, what objects are, links: attributes of small numbers, each of
/// them an address, a descriptor or a small number.
int64_t Process::Objects() {
  static constexpr uint32_t kCommands[] = {
#define EBPF_COMMAND(number, Name) ebpf::linux_abi::number,
#include "core/syscall/commands.def"
#undef EBPF_COMMAND
  };
  const uint32_t command =
      kCommands[source_.Byte() % (sizeof(kCommands) / sizeof(kCommands[0]))];
  struct {
    uint32_t words[16];
  } attr = {};
  const uint32_t words = source_.Byte() % 12;
  for (uint32_t i = 0; i < words; ++i) {
    const uint8_t kind = source_.Byte();
    if (kind < 100) {
      attr.words[i] = static_cast<uint32_t>(Fd());
    } else if (kind < 180) {
      attr.words[i] = source_.Byte();
    } else if (i + 1 < words) {
      const uint64_t address = Address();
      memcpy(&attr.words[i++], &address, sizeof(address));
    }
  }
  const uint64_t at = HostUserMemory::kBase + kUserSize - sizeof(attr);
  memcpy(memory_.At(at), &attr, sizeof(attr));
  return ebpf::Bpf(client_, command, client_.Pointer(at),
                   source_.Byte() < 200 ? 4 * words : source_.Byte() % 64u);
}

int64_t Process::ProgLoad() {
  ebpf::linux_abi::ProgLoadAttr attr{};
  const uint8_t kind = source_.Byte();
  attr.prog_type = kind % 8 == 7 ? 6 : 1 + kind % 3;
  attr.license = HostUserMemory::kBase + kLicenseAt;
  if (kind < 192) {
    // What stands there, some descriptor in it.
    attr.insns = HostUserMemory::kBase + kProgramAt;
    attr.insn_cnt = kProgramSize;
    const int32_t fd = Fd();
    memcpy(memory_.data() + kProgramAt + 4, &fd, sizeof(fd));
  } else {
    attr.insns = Address();
    attr.insn_cnt = source_.Byte();
    attr.license = Address();
  }
  attr.log_level = source_.Byte() % 10;
  attr.log_size = attr.log_level == 0 ? 0 : source_.Number<uint16_t>();
  attr.log_buf = attr.log_size == 0 ? 0 : Address();
  attr.fd_array = Address();
  if (kind % 4 == 3) {
    // The one function, which stands behind the types.
    attr.prog_btf_fd = static_cast<uint32_t>(Fd());
    attr.func_info = HostUserMemory::kBase + kFunctionAt;
    attr.func_info_cnt = 1;
    attr.func_info_rec_size = 8;
  }
  const int64_t fd = Call(ebpf::linux_abi::kProgLoad, attr);
  counters.programs += fd >= 0 ? 1 : 0;
  return fd;
}

int64_t Process::BtfLoad() {
  ebpf::linux_abi::BtfLoadAttr attr{};
  const uint8_t kind = source_.Byte();
  attr.btf = kind < 192 ? HostUserMemory::kBase + kBtfAt : Address();
  attr.btf_size = kind < 192 ? kBtfSize : source_.Number<uint16_t>();
  attr.btf_log_level = kind % 3;
  attr.btf_log_size = attr.btf_log_level == 0 ? 0 : source_.Byte();
  attr.btf_log_buf = attr.btf_log_size == 0 ? 0 : Address();
  const int64_t fd = Call(ebpf::linux_abi::kBtfLoad, attr);
  counters.types += fd >= 0 ? 1 : 0;
  return fd;
}

int64_t Process::AnyBpf() {
  const uint8_t command = source_.Byte() % 40;
  if (command == ebpf::linux_abi::kBtfLoad) {
    return BtfLoad();
  }
  if (command == ebpf::linux_abi::kMapFreeze) {
    return Call(command,
                ebpf::linux_abi::MapFreezeAttr{static_cast<uint32_t>(Fd())});
  }
  const uint64_t at = Address();
  return ebpf::Bpf(client_, command, client_.Pointer(at),
                   source_.Number<uint16_t>());
}

int64_t Process::OpenEvent() {
  ebpf::linux_abi::PerfEventAttr attr{};
  const uint8_t kind = source_.Byte();
  attr.type = kind < 120   ? ebpf::linux_abi::kPerfTypeKprobe
              : kind < 240 ? ebpf::linux_abi::kPerfTypeSoftware
                           : kind;
  if (attr.type == ebpf::linux_abi::kPerfTypeSoftware) {
    attr.config = kind % 3 == 0 ? kind % 11u : ebpf::linux_abi::kPerfBpfOutput;
    attr.sample_type = ebpf::linux_abi::kPerfSampleRaw;
  }
  attr.size = kind % 16 == 0 ? source_.Number<uint16_t>() : sizeof(attr);
  // The function's name stands at the start of the process's memory.
  attr.config1 = kind % 8 == 1 ? Address() : HostUserMemory::kBase;
  attr.config2 = source_.Byte() % 16;
  attr.flags = source_.Byte() % 2;
  const uint64_t at = HostUserMemory::kBase + kUserSize - sizeof(attr);
  memcpy(memory_.At(at), &attr, sizeof(attr));
  const int64_t fd = ebpf::PerfEventOpen(
      client_, client_.Pointer(at), kind % 4 == 3 ? source_.Byte() : -1,
      source_.Byte() % 6 - 1, kind % 16 == 5 ? Fd() : -1, source_.Byte() % 16);
  counters.events += fd >= 0 ? 1 : 0;
  return fd;
}

int64_t Process::Ioctl() {
  static constexpr uint32_t kCommands[] = {
      ebpf::linux_abi::kPerfIocEnable, ebpf::linux_abi::kPerfIocDisable,
      ebpf::linux_abi::kPerfIocReset, ebpf::linux_abi::kPerfIocSetBpf};
  const uint8_t command = source_.Byte();
  const int32_t fd = Fd();
  return ebpf::Ioctl(
      client_, fd,
      command < 240 ? kCommands[command % 4] : source_.Number<uint32_t>(),
      static_cast<uint64_t>(Fd()));
}

int64_t Process::Mmap() {
  const int32_t fd = Fd();
  const uint64_t offset = (source_.Byte() % 8u) * uint64_t{4096};
  const uint64_t size = (source_.Byte() % 8u) * uint64_t{4096};
  ebpf::MapPages pages{};
  const int64_t result =
      ebpf::Mmap(client_, fd, offset, size, source_.Byte() % 4, &pages);
  if (result == 0) {
    // Whatever was mapped is there.
    volatile uint8_t* bytes = pages.address;
    (void)bytes[0];
    (void)bytes[pages.size - 1];
  }
  return result;
}

void Process::MakeOneCall() {
  ++counters.calls;
  int64_t result = 0;
  switch (source_.Byte() % 24) {
    case 0:
    case 1:
      result = MapCreate();
      break;
    case 2:
    case 3:
      result = MapElem();
      break;
    case 4:
    case 5:
      result = ProgLoad();
      break;
    case 6:
      result = AnyBpf();
      break;
    case 7:
      result = OpenEvent();
      break;
    case 8:
    case 9:
      result = Ioctl();
      break;
    case 10:
      result = ebpf::Close(client_, Fd());
      break;
    case 11:
      result = ebpf::Dup(client_, Fd());
      break;
    case 12: {
      const int32_t fd = Fd();
      const uint64_t to = Address();
      result = ebpf::Read(client_, fd, client_.Pointer(to),
                          source_.Number<uint16_t>());
      break;
    }
    case 13:
      result = ebpf::Poll(client_, Fd());
      break;
    case 14:
      result = Mmap();
      break;
    case 15:
    case 16:
      result = MapBatch();
      break;
    case 17:
    case 18:
      result = TestRun();
      break;
    case 19:
    case 20:
      result = Objects();
      break;
    case 21:
      result = Pin();
      break;
    default:
      Write();
      break;
  }
  Expect(result >= -4095, "what fails gives an errno");
  counters.succeeded += result >= 0 ? 1 : 0;
}

void RunProcess(Kernel& kernel, Source& source) {
  HostUserMemory memory(kUserSize);
  memcpy(memory.data(), kFunction, strlen(kFunction) + 1);
  memcpy(memory.data() + kLicenseAt, "GPL", 4);
  memcpy(memory.data() + kProgramAt, kProgram, sizeof(kProgram));
  memcpy(memory.data() + kBtfAt, kBtf, sizeof(kBtf));
  memcpy(memory.data() + kFunctionAt, kFunctionInfo, sizeof(kFunctionInfo));
  for (size_t i = 0; i < sizeof(kPaths) / sizeof(kPaths[0]); ++i) {
    memcpy(memory.data() + kPathsAt + i * kPathSize, kPaths[i],
           strlen(kPaths[i]) + 1);
  }
  const ebpf::Result<Client*> client =
      Client::Create(ebpf::Origin::kUser, ebpf::PortAllocator());
  Expect(client.ok(), "there is memory");
  Process process(source, memory, **client);
  auto* function = kernel.text.As<uint64_t(uint64_t, uint64_t)>();
  for (int i = 0; i < 64 && !source.empty(); ++i) {
    process.MakeOneCall();
    // Whatever is attached now runs.
    Expect(function(40, 2) == 42, "a probed function does its work");
  }
  (*client)->Delete();
  ebpf::Pins().Clear();  // what has a name outlives its process
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  std::atexit(PrintCounters);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const kernel = new Kernel;
  const uint64_t bytes = ebpf::PortAllocatedBytes();
  const uint64_t exec_bytes = ebpf::HostExecBytes();
  ++counters.inputs;
  Source source(data, size);
  RunProcess(*kernel, source);
  Expect(ebpf::PortAllocatedBytes() == bytes, "all memory is given back");
  Expect(ebpf::HostExecBytes() == exec_bytes, "all slots are given back");
  Expect(memcmp(kernel->text.bytes().data(), kAdd, sizeof(kAdd)) == 0,
         "the text is as it was");
  return 0;
}
