// SPDX-License-Identifier: MIT
//
// testing/fuzzing/calls_process.h: links to many functions, and the texts that
// tell of probes and descriptors.
#include "core/files/text_walk.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/platform/symbols.h"
#include "core/program_types/program_type.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/text_calls.h"
#include "testing/fuzzing/calls_process.h"

namespace ebpf::calls_fuzz {
namespace {

constexpr size_t kMany = 4;
// In the process's memory, behind all that is furnished: tables of kMany words.
constexpr size_t kNamesAt = 3072;
constexpr size_t kAddressesAt = kNamesAt + kMany * 8;
constexpr size_t kCookiesAt = kAddressesAt + kMany * 8;
constexpr size_t kTextPathAt = kCookiesAt + kMany * 8;

}  // namespace

/// The tables that a link asks for; some words are anything.
void Process::WriteTables() {
  ebpf_symbol symbol = {};
  (void)ebpf_port_symbol_by_name(kFunction, strlen(kFunction), &symbol);
  for (size_t i = 0; i < kMany; ++i) {
    const uint8_t kind = source_.Byte();
    const uint64_t name =
        kind % 16 == 1 ? Address() : uint64_t{HostUserMemory::kBase};
    const uint64_t address =
        kind % 16 == 2 ? symbol.address + source_.Byte() : symbol.address;
    const uint64_t cookie = source_.Byte();
    memcpy(memory_.data() + kNamesAt + i * 8, &name, 8);
    memcpy(memory_.data() + kAddressesAt + i * 8, &address, 8);
    memcpy(memory_.data() + kCookiesAt + i * 8, &cookie, 8);
  }
}

int64_t Process::LoadForMany(uint32_t attach_type) {
  const auto& program = kPrograms[0];
  linux_abi::ProgLoadAttr attr{};
  attr.prog_type = static_cast<uint32_t>(ProgramTypeId::kKprobe);
  attr.license = HostUserMemory::kBase + kLicenseAt;
  attr.expected_attach_type = attach_type;
  attr.insns = HostUserMemory::kBase + program.at;
  attr.insn_cnt = program.size;
  const int32_t map = Fd(Kind::kMap);
  memcpy(memory_.data() + program.at + 8 * program.map_at + 4, &map,
         sizeof(map));
  return Got(Call(linux_abi::kProgLoad, attr), Kind::kProgram);
}

int64_t Process::LinkMany() {
  const uint8_t kind = source_.Byte();
  const uint32_t attach_type =
      static_cast<uint32_t>(kind % 2 == 0 ? AttachType::kTraceKprobeMulti
                                          : AttachType::kTraceKprobeSession);
  WriteTables();
  linux_abi::KprobesToLink many{};
  many.flags = kind % 32 == 5 ? source_.Byte() : kind / 2 % 2;
  many.count =
      kind % 32 == 6 ? source_.Number<uint32_t>() : 1 + source_.Byte() % kMany;
  const bool by_name = kind / 4 % 2 == 0;
  many.symbols = by_name ? HostUserMemory::kBase + kNamesAt : 0;
  many.addresses = by_name ? 0 : HostUserMemory::kBase + kAddressesAt;
  many.cookies = kind / 8 % 2 == 0 ? 0 : HostUserMemory::kBase + kCookiesAt;
  if (kind % 32 == 7) {
    many.addresses = Address();
    many.cookies = Address();
  }
  linux_abi::LinkCreateAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(kind < 224 ? LoadForMany(attach_type)
                                                  : Fd(Kind::kProgram));
  attr.attach_type = attach_type;
  static_assert(sizeof(many) <= sizeof(attr.details));
  memcpy(attr.details, &many, sizeof(many));
  const int64_t link = Got(Call(linux_abi::kLinkCreate, attr), Kind::kLink);
  counters.links_to_many += link >= 0 ? 1 : 0;
  return link;
}

/// What a link tells, and what fdinfo does, in as much room as there is.
int64_t Process::Tell() {
  if (source_.Byte() % 2 == 0) {
    linux_abi::LinkInfo info{};
    info.kprobes.addresses = Address();
    info.kprobes.cookies = Address();
    info.kprobes.count = source_.Byte() % 8;
    const uint64_t at = HostUserMemory::kBase + kTextPathAt;
    memcpy(memory_.At(at), &info, sizeof(info));
    return Call(linux_abi::kObjGetInfoByFd,
                linux_abi::ObjectInfoAttr{
                    static_cast<uint32_t>(Fd(Kind::kLink)), sizeof(info), at});
  }
  char text[700];
  const size_t room = source_.Number<uint16_t>() % sizeof(text);
  return DescribeFd(client_, Fd(Kind(source_.Byte() % 6)), {text, room});
}

int64_t Process::Texts() {
  const uint32_t index = source_.Byte() % 32;
  const TextKind* kind = TextAt(index);
  if (kind == nullptr) {
    return Tell();
  }
  if (source_.Byte() % 2 == 0) {
    // Texts of all functions are long: only their begin.
    const bool is_long = kind->begin == BeginKallsyms ||
                         kind->begin == BeginFilterFunctions ||
                         kind->begin == BeginFilterFunctionAddresses ||
                         kind->begin == BeginKprobeBlacklist;
    const uint64_t offset =
        is_long ? source_.Byte()
                : source_.Number<uint64_t>() >> source_.Byte() % 64;
    const uint64_t to = Address();
    return ReadText(client_, index, offset, client_.Pointer(to),
                    source_.Number<uint16_t>() % (is_long ? 2048 : 65536));
  }
  const uint64_t path = HostUserMemory::kBase + kTextPathAt;
  const size_t size = strlen(kind->path) + 1;
  memcpy(memory_.At(path), kind->path, size);
  const uint8_t change = source_.Byte();
  if (change < 16) {
    static_cast<char*>(memory_.At(path))[change % size] =
        static_cast<char>(source_.Byte());
  }
  return OpenText(client_, client_.Pointer(change == 16 ? Address() : path),
                  source_.Byte());
}

}  // namespace ebpf::calls_fuzz
