// SPDX-License-Identifier: MIT
//
// testing/fuzzing/calls_process.h: programs, objects, events, descriptors.
#include "testing/fuzzing/calls_process.h"

#include <cstdio>
#include <cstdlib>

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/linux_abi/perf_event.h"
#include "core/program_types/program_type.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/perf_event_open.h"
#include "core/syscall/system.h"

namespace ebpf::calls_fuzz {

Counters counters;

void Expect(bool condition, const char* what) {
  if (!condition) {
    std::fprintf(stderr, "not so: %s\n", what);
    std::abort();
  }
}

int64_t Process::TestRun() {
  linux_abi::ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(Fd(Kind::kProgram));
  attr.data_size_in =
      source_.Byte() < 200 ? 14 + source_.Byte() : source_.Number<uint32_t>();
  attr.data_in = Address();
  attr.repeat = source_.Byte() % 4;
  if (source_.Byte() < 160) {
    return Call(linux_abi::kProgTestRun, attr);
  }
  attr.data_size_out = source_.Byte();
  attr.data_out = Address();
  attr.ctx_size_in = source_.Byte();
  attr.ctx_in = source_.Byte() < 128 ? 0 : Address();
  attr.ctx_size_out = source_.Byte();
  attr.ctx_out = source_.Byte() < 128 ? 0 : Address();
  attr.flags = source_.Byte() < 200 ? 0 : source_.Byte();
  return Call(linux_abi::kProgTestRun, attr);
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
  attr.fd = puts ? static_cast<uint32_t>(Fd(Kind(source_.Byte() % 6))) : 0;
  return Call(puts ? linux_abi::kObjPin : linux_abi::kObjGet, attr);
}

/// Ids, what objects are, links: attributes of small numbers, each of
/// them an address, a descriptor or a small number.
int64_t Process::Objects() {
  static constexpr uint32_t kCommands[] = {
#define EBPF_COMMAND(number, Name) linux_abi::number,
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
      attr.words[i] = static_cast<uint32_t>(Fd(Kind(kind % 6)));
    } else if (kind < 180) {
      attr.words[i] = source_.Byte();
    } else if (i + 1 < words) {
      const uint64_t address = Address();
      memcpy(&attr.words[i++], &address, sizeof(address));
    }
  }
  const uint64_t at = HostUserMemory::kBase + kUserSize - sizeof(attr);
  memcpy(memory_.At(at), &attr, sizeof(attr));
  return Bpf(client_, command, client_.Pointer(at),
             source_.Byte() < 200 ? 4 * words : source_.Byte() % 64u);
}

/// Commands whose attributes are known: a letter for each word.
int64_t Process::Typed() {
  namespace abi = linux_abi;
  static constexpr struct {
    uint32_t command;
    Kind result;
    /// p, m, l, e, b: a descriptor of a program, map, link, event, BTF;
    /// n: a small number; A: two words, an address; 0; t and i, the attach
    /// types of an event's link and an iterator's.
    const char* words;
  } kForms[] = {
      {abi::kProgBindMap, Kind::kAny, "pm0"},
      {abi::kProgBindMap, Kind::kAny, "pm0"},
      {abi::kLinkCreate, Kind::kLink, "pet0"},
      {abi::kLinkUpdate, Kind::kAny, "lp0"},
      {abi::kLinkUpdate, Kind::kAny, "lpnp"},
      {abi::kLinkDetach, Kind::kAny, "l"},
      {abi::kMapFreeze, Kind::kAny, "m"},
      {abi::kEnableStats, Kind::kAny, "0"},
      {abi::kObjGetInfoByFd, Kind::kAny, "msA"},
      {abi::kObjGetInfoByFd, Kind::kAny, "psA"},
      {abi::kObjGetInfoByFd, Kind::kAny, "lsA"},
      {abi::kObjGetInfoByFd, Kind::kAny, "bsA"},
      {abi::kLinkCreate, Kind::kLink, "p0i0"},
      // A number's address: a descriptor, perhaps of a map.
      {abi::kLinkCreate, Kind::kLink, "p0i0A4"},
      {abi::kIterCreate, Kind::kAny, "l0"},
      {abi::kIterCreate, Kind::kAny, "l0"},
  };
  const auto& form =
      kForms[source_.Byte() % (sizeof(kForms) / sizeof(*kForms))];
  struct {
    uint32_t words[8];
  } attr = {};
  uint32_t count = 0;
  for (const char* letter = form.words; *letter != 0; ++letter) {
    uint32_t& word = attr.words[count++];
    switch (*letter) {
      case 'p':
        word = static_cast<uint32_t>(Fd(Kind::kProgram));
        break;
      case 'm':
        word = static_cast<uint32_t>(Fd(Kind::kMap));
        break;
      case 'l':
        word = static_cast<uint32_t>(Fd(Kind::kLink));
        break;
      case 'e':
        word = static_cast<uint32_t>(Fd(Kind::kEvent));
        break;
      case 'b':
        word = static_cast<uint32_t>(Fd(Kind::kBtf));
        break;
      case 'n':
        word = source_.Byte() % 8;
        break;
      case 's':
        word = source_.Byte();
        break;
      case 't':
        word = static_cast<uint32_t>(AttachType::kPerfEvent);
        break;
      case 'i':
        word = static_cast<uint32_t>(AttachType::kTraceIter);
        break;
      case '4':
        word = 4;
        break;
      case 'A': {
        const uint64_t address = Address();
        memcpy(&word, &address, sizeof(address));
        ++count;
        break;
      }
      default:
        break;
    }
  }
  const uint64_t at = HostUserMemory::kBase + kUserSize - sizeof(attr);
  memcpy(memory_.At(at), &attr, sizeof(attr));
  return Got(Bpf(client_, form.command, client_.Pointer(at), 4 * count),
             form.result);
}

int64_t Process::Close() {
  const int32_t fd = Fd(Kind(source_.Byte() % 6));
  const int64_t result = ebpf::Close(client_, fd);
  if (result == 0) {
    Got(fd, Kind::kAny);
  }
  return result;
}

int64_t Process::Dup() {
  const int32_t fd = Fd(Kind(source_.Byte() % 6));
  const int64_t result = ebpf::Dup(client_, fd);
  return fd >= 0 && fd < kKnownFds ? Got(result, kinds_[fd]) : result;
}

int64_t Process::LoadIterator() {
  static constexpr const char* kFunctions[] = {
      "bpf_iter_bpf_map", "bpf_iter_bpf_prog", "bpf_iter_bpf_link",
      "bpf_iter_bpf_map_elem"};
  const uint8_t kind = source_.Byte() % 8;
  const bool shows_elements = kind >= 3;
  linux_abi::ProgLoadAttr attr{};
  attr.prog_type = static_cast<uint32_t>(ProgramTypeId::kTracing);
  attr.expected_attach_type = static_cast<uint32_t>(AttachType::kTraceIter);
  attr.license = HostUserMemory::kBase + kLicenseAt;
  attr.attach_btf_id =
      RunningSystem()
          ->kernel.btf
          ->Find(btf::Kind::kFunction, kFunctions[shows_elements ? 3 : kind])
          .ValueOr(0);
  attr.insns =
      HostUserMemory::kBase + (shows_elements ? kElementsAt : kIteratorAt);
  attr.insn_cnt = shows_elements ? sizeof(kElements) / sizeof(isa::Insn)
                                 : sizeof(kIterator) / sizeof(isa::Insn);
  const int64_t fd = Call(linux_abi::kProgLoad, attr);
  counters.programs += fd >= 0 ? 1 : 0;
  return source_.Byte() < 160 ? Iterate(Got(fd, Kind::kProgram))
                              : Got(fd, Kind::kProgram);
}

int64_t Process::Iterate(int64_t program) {
  linux_abi::LinkCreateAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(program);
  attr.attach_type = static_cast<uint32_t>(AttachType::kTraceIter);
  attr.details[0] = AddressOf(Fd(Kind::kMap));  // the number is a descriptor
  attr.details[1] = sizeof(int32_t);
  const int64_t link = Got(Call(linux_abi::kLinkCreate, attr), Kind::kLink);
  const int64_t file =
      Got(Call(linux_abi::kIterCreate,
               linux_abi::IterCreateAttr{static_cast<uint32_t>(link), 0}),
          Kind::kAny);
  counters.iterators += file >= 0 ? 1 : 0;
  const uint64_t to = Address();
  return Read(client_, static_cast<int32_t>(file), client_.Pointer(to),
              source_.Number<uint16_t>());
}

int64_t Process::ProgLoad() {
  linux_abi::ProgLoadAttr attr{};
  const uint8_t kind = source_.Byte();
  if (kind < 192 && kind % 8 == 5) {
    return LoadIterator();
  }
  attr.prog_type = kind % 8 == 7 ? 6 : 1 + kind % 3;
  attr.license = HostUserMemory::kBase + kLicenseAt;
  if (kind < 192) {
    // What stands there, some descriptor in it.
    const auto& program = kPrograms[source_.Byte() % kProgramCount];
    attr.insns = HostUserMemory::kBase + program.at;
    attr.insn_cnt = program.size;
    const int32_t fd = Fd(Kind::kMap);
    memcpy(memory_.data() + program.at + 8 * program.map_at + 4, &fd,
           sizeof(fd));
  } else {
    attr.insns = Address();
    attr.insn_cnt = source_.Byte();
    attr.license = Address();
  }
  if (source_.Byte() < 64) {
    attr.log_level = source_.Byte() % 10;
    attr.log_size = source_.Number<uint16_t>();
    attr.log_buf = Address();
  }
  attr.fd_array = Address();
  if (kind % 8 == 3) {
    // The one function, which stands behind the types.
    attr.prog_btf_fd = static_cast<uint32_t>(Fd(Kind::kBtf));
    attr.func_info = HostUserMemory::kBase + kFunctionAt;
    attr.func_info_cnt = 1;
    attr.func_info_rec_size = 8;
  }
  const int64_t fd = Call(linux_abi::kProgLoad, attr);
  counters.programs += fd >= 0 ? 1 : 0;
  return Got(fd, Kind::kProgram);
}

int64_t Process::BtfLoad() {
  linux_abi::BtfLoadAttr attr{};
  const uint8_t kind = source_.Byte();
  attr.btf = kind < 192 ? HostUserMemory::kBase + kBtfAt : Address();
  attr.btf_size = kind < 192 ? kBtfSize : source_.Number<uint16_t>();
  attr.btf_log_level = kind % 3;
  attr.btf_log_size = attr.btf_log_level == 0 ? 0 : source_.Byte();
  attr.btf_log_buf = attr.btf_log_size == 0 ? 0 : Address();
  const int64_t fd = Call(linux_abi::kBtfLoad, attr);
  counters.types += fd >= 0 ? 1 : 0;
  return Got(fd, Kind::kBtf);
}

int64_t Process::AnyBpf() {
  const uint8_t command = source_.Byte() % 40;
  if (command == linux_abi::kBtfLoad) {
    return BtfLoad();
  }
  if (command == linux_abi::kMapFreeze) {
    return Call(command, linux_abi::MapFreezeAttr{
                             static_cast<uint32_t>(Fd(Kind::kMap))});
  }
  const uint64_t at = Address();
  return Bpf(client_, command, client_.Pointer(at), source_.Number<uint16_t>());
}

int64_t Process::OpenEvent() {
  linux_abi::PerfEventAttr attr{};
  const uint8_t kind = source_.Byte();
  attr.type = kind < 120   ? linux_abi::kPerfTypeKprobe
              : kind < 240 ? linux_abi::kPerfTypeSoftware
                           : kind;
  if (attr.type == linux_abi::kPerfTypeSoftware) {
    attr.config = kind % 3 == 0 ? kind % 11u : linux_abi::kPerfBpfOutput;
    attr.sample_type = linux_abi::kPerfSampleRaw;
  }
  attr.size = kind % 16 == 0 ? source_.Number<uint16_t>() : sizeof(attr);
  // The function's name stands at the start of the process's memory.
  attr.config1 = kind % 8 == 1 ? Address() : HostUserMemory::kBase;
  attr.config2 = source_.Byte() % 16;
  attr.flags = source_.Byte() % 2;
  const uint64_t at = HostUserMemory::kBase + kUserSize - sizeof(attr);
  memcpy(memory_.At(at), &attr, sizeof(attr));
  const int64_t fd = PerfEventOpen(
      client_, client_.Pointer(at), kind % 4 == 3 ? source_.Byte() : -1,
      source_.Byte() % 6 - 1, kind % 16 == 5 ? Fd(Kind::kEvent) : -1,
      source_.Byte() % 16);
  counters.events += fd >= 0 ? 1 : 0;
  return Got(fd, Kind::kEvent);
}

int64_t Process::Ioctl() {
  static constexpr uint32_t kCommands[] = {
      linux_abi::kPerfIocEnable, linux_abi::kPerfIocDisable,
      linux_abi::kPerfIocReset, linux_abi::kPerfIocSetBpf};
  const uint8_t command = source_.Byte();
  const int32_t fd = Fd(Kind::kEvent);
  return ebpf::Ioctl(
      client_, fd,
      command < 240 ? kCommands[command % 4] : source_.Number<uint32_t>(),
      static_cast<uint64_t>(Fd(Kind::kProgram)));
}

int64_t Process::Mmap() {
  const int32_t fd = Fd(Kind(source_.Byte() % 6));
  const uint64_t offset = (source_.Byte() % 8u) * uint64_t{4096};
  const uint64_t size = (source_.Byte() % 8u) * uint64_t{4096};
  MapPages pages{};
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
  switch (source_.Byte() % 32) {
    case 0:
    case 1:
      result = MapCreate();
      break;
    case 2:
    case 3:
    case 25:
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
      result = Close();
      break;
    case 11:
      result = Dup();
      break;
    case 12: {
      const int32_t fd = Fd(Kind(source_.Byte() % 6));
      const uint64_t to = Address();
      const auto size = source_.Number<uint16_t>();
      result = size % 4 == 0
                   ? ebpf::Write(client_, fd, client_.Pointer(to), size)
                   : Read(client_, fd, client_.Pointer(to), size);
      break;
    }
    case 13:
      result = Poll(client_, Fd(Kind(source_.Byte() % 6)));
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
    case 22:
    case 23:
      result = Typed();
      break;
    case 24:
      result = BtfLoad();
      break;
    case 28:
    case 29:
      result = LinkMany();
      break;
    case 30:
    case 31:
      result = Texts();
      break;
    default:
      Write();
      break;
  }
  Expect(result >= -4095, "what fails gives an errno");
  counters.succeeded += result >= 0 ? 1 : 0;
}

}  // namespace ebpf::calls_fuzz
