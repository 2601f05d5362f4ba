// SPDX-License-Identifier: MIT
//
// libFuzzer over BPF_PROG_LOAD: valid programs of many kinds, with BTF, mutated
// instruction by instruction, are judged by all that Linux has. Nothing panics,
// every answer is one of Linux's errnos, and all memory comes back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/test_builder.h"
#include "core/files/client.h"
#include "core/isa/insn.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_spec.h"
#include "core/memory/allocator.h"
#include "core/syscall/bpf.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/system.h"
#include "testing/host_port/host_trap.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using ebpf::MapType;
using ebpf::isa::Insn;

/// What an input begins with; instructions follow.
struct Header {
  uint8_t type;
  uint8_t attach_type;
  uint8_t flags;
  uint8_t options;  // Option
  uint16_t attach_btf_id;
  uint16_t functions[3];  // where the program's functions begin
  uint16_t lines[2];
};
static_assert(sizeof(Header) == 16);

enum Option : uint8_t {
  kWithBtf = 1,
  kWithLog = 2,
  kWithLines = 4,
  kUnprivileged = 8,
  kNotGpl = 16,
};

constexpr int64_t kTooBig = -7;
constexpr int kNotForTheCorpus = -1;  // to libFuzzer

constexpr size_t kMaxInsns = 96;
constexpr size_t kMaxSize = sizeof(Header) + kMaxInsns * sizeof(Insn);

/// The descriptors of the maps, from FdTable::kFirstFd on, in this order.
constexpr struct {
  MapType type;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t flags;
} kMaps[] = {
    {MapType::kArray, 4, 16, 4, 0},
    {MapType::kHash, 8, 48, 4, 0},
    {MapType::kRingBuffer, 0, 0, 4096, 0},
    {MapType::kProgArray, 4, 4, 4, 0},
    {MapType::kPerCpuArray, 4, 8, 4, 0},
    {MapType::kArray, 4, 16, 1, ebpf::linux_abi::kMapReadOnlyProg},
    {MapType::kPerfEventArray, 4, 4, 4, 0},
    {MapType::kQueue, 0, 8, 4, 0},
    {MapType::kSockMap, 4, 8, 4, 0},
    {MapType::kUserRingBuffer, 0, 0, 4096, 0},
    {MapType::kArena, 0, 0, 16, ebpf::linux_abi::kMapMmapable},
};
constexpr int kFirstMap = 3;
constexpr int kMapCount = sizeof(kMaps) / sizeof(kMaps[0]);

// Ids in the program's BTF.
constexpr uint32_t kFunctions[] = {3, 4, 5};

/// main, a global function and a static one, all int (struct pair *).
std::vector<uint8_t> ProgramTypes() {
  using ebpf::btf::Kind;
  ebpf::btf::Builder b;
  const uint32_t number = b.Add(Kind::kInt, b.Name("int"), 4, {0x01000020});
  const uint32_t prototype =
      b.Add(Kind::kFunctionProto, 0, number, {b.Name("argument"), 7}, 1);
  b.Add(Kind::kFunction, b.Name("main"), prototype, {}, 1);
  b.Add(Kind::kFunction, b.Name("global"), prototype, {}, 1);
  b.Add(Kind::kFunction, b.Name("local"), prototype, {}, 0);
  const uint32_t pair =
      b.Add(Kind::kStruct, b.Name("pair"), 8,
            {b.Name("a"), number, 0, b.Name("b"), number, 32}, 2);
  b.Add(Kind::kPointer, 0, pair);
  return b.Blob();
}

#define LD_MAP(dst, index) \
  {0x18, dst, 1, 0, kFirstMap + (index)}, {0, 0, 0, 0, 0}

// Valid programs to begin with; each uses another part of the verifier.
constexpr Insn kLookup[] = {
    {0x7a, 10, 0, -8, 0}, LD_MAP(1, 1),          {0xbf, 2, 10, 0, 0},
    {0x07, 2, 0, 0, -8},  {0x85, 0, 0, 0, 1},    {0x15, 0, 0, 5, 0},
    {0x79, 1, 0, 0, 0},   {0x57, 1, 0, 0, 31},   {0x0f, 0, 1, 0, 0},
    {0x71, 0, 0, 0, 0},   {0x7b, 10, 0, -16, 0}, {0xb7, 0, 0, 0, 0},
    {0x95, 0, 0, 0, 0}};
constexpr Insn kLoop[] = {{0xb7, 0, 0, 0, 0},   {0xb7, 1, 0, 0, 0},
                          {0x0f, 0, 1, 0, 0},   {0x07, 1, 0, 0, 1},
                          {0xa5, 1, 0, -3, 20}, {0x57, 0, 0, 0, 1},
                          {0x95, 0, 0, 0, 0}};
constexpr Insn kPacket[] = {{0x61, 2, 1, 0, 0}, {0x61, 3, 1, 4, 0},
                            {0xbf, 4, 2, 0, 0}, {0x07, 4, 0, 0, 14},
                            {0x2d, 4, 3, 2, 0}, {0x71, 0, 2, 12, 0},
                            {0x05, 0, 0, 1, 0}, {0xb7, 0, 0, 0, 1},
                            {0x57, 0, 0, 0, 1}, {0x95, 0, 0, 0, 0}};
constexpr Insn kLegacy[] = {
    {0xbf, 6, 1, 0, 0}, {0x30, 0, 0, 0, 12}, {0x95, 0, 0, 0, 0}};
constexpr Insn kRing[] = {
    LD_MAP(1, 2),         {0xb7, 2, 0, 0, 16}, {0xb7, 3, 0, 0, 0},
    {0x85, 0, 0, 0, 131}, {0x15, 0, 0, 4, 0},  {0x7a, 0, 0, 0, 7},
    {0xbf, 1, 0, 0, 0},   {0xb7, 2, 0, 0, 0},  {0x85, 0, 0, 0, 132},
    {0xb7, 0, 0, 0, 0},   {0x95, 0, 0, 0, 0}};
constexpr Insn kCalls[] = {{0x7a, 10, 0, -8, 0}, {0xbf, 1, 10, 0, 0},
                           {0x07, 1, 0, 0, -8},  {0x85, 0, 1, 0, 2},
                           {0xb7, 0, 0, 0, 0},   {0x95, 0, 0, 0, 0},
                           {0x61, 0, 1, 0, 0},   {0x95, 0, 0, 0, 0}};
constexpr Insn kCallback[] = {{0xb7, 1, 0, 0, 8}, {0x18, 2, 4, 0, 6},
                              {0, 0, 0, 0, 0},    {0xb7, 3, 0, 0, 0},
                              {0xb7, 4, 0, 0, 0}, {0x85, 0, 0, 0, 181},
                              {0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0},
                              {0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0}};
constexpr Insn kTailCall[] = {LD_MAP(2, 3),
                              {0xb7, 3, 0, 0, 1},
                              {0x85, 0, 0, 0, 12},
                              {0xb7, 0, 0, 0, 0},
                              {0x95, 0, 0, 0, 0}};
constexpr Insn kAtomic[] = {{0x7a, 10, 0, -8, 1}, {0xb7, 1, 0, 0, 2},
                            {0xdb, 10, 1, -8, 1}, {0xdb, 10, 1, -8, 0xf1},
                            {0xb7, 0, 0, 0, 0},   {0x95, 0, 0, 0, 0}};
constexpr Insn kSocket[] = {{0x79, 1, 1, 168, 0}, {0x55, 1, 0, 2, 0},
                            {0xb7, 0, 0, 0, 0},   {0x95, 0, 0, 0, 0},
                            {0x61, 0, 1, 0, 0},   {0x57, 0, 0, 0, 1},
                            {0x95, 0, 0, 0, 0}};
constexpr Insn kDynptr[] = {
    LD_MAP(1, 2),         {0xb7, 2, 0, 0, 16},  {0xb7, 3, 0, 0, 0},
    {0xbf, 4, 10, 0, 0},  {0x07, 4, 0, 0, -16}, {0x85, 0, 0, 0, 198},
    {0xbf, 1, 10, 0, 0},  {0x07, 1, 0, 0, -16}, {0xb7, 2, 0, 0, 0},
    {0x85, 0, 0, 0, 200}, {0xb7, 0, 0, 0, 0},   {0x95, 0, 0, 0, 0}};
constexpr Insn kMayGoto[] = {{0xb7, 0, 0, 0, 0}, {0xe5, 0, 0, 2, 0},
                             {0x07, 0, 0, 0, 1}, {0x05, 0, 0, -3, 0},
                             {0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0}};

struct Seed {
  Header header;
  const Insn* insns;
  size_t count;
};
#define SEED(type, attach, options, insns) \
  {{type, attach, 0, options, 0, {0, 0, 0}, {0, 0}}, insns, std::size(insns)}
constexpr Seed kSeeds[] = {
    SEED(1, 0, 0, kLookup),
    SEED(2, 0, kWithLog, kLookup),
    SEED(1, 0, 0, kLoop),
    SEED(6, 37, 0, kPacket),
    SEED(3, 0, 0, kLegacy),
    SEED(2, 0, 0, kRing),
    {{1, 0, 0, kWithBtf | kWithLines, 0, {0, 6, 0}, {0, 6}},
     kCalls,
     std::size(kCalls)},
    {{1, 0, 0, kWithBtf | kWithLog, 0, {0, 8, 0}, {0, 0}},
     kCallback,
     std::size(kCallback)},
    SEED(2, 0, 0, kTailCall),
    SEED(5, 0, 0, kAtomic),
    SEED(8, 0, 0, kSocket),
    SEED(3, 0, 0, kSocket),
    SEED(2, 0, 0, kDynptr),
    SEED(31, 0, 0, kMayGoto),
    SEED(26, 24, kWithBtf, kMayGoto),
    SEED(1, 0, kUnprivileged, kLookup),
};

std::vector<uint8_t> ToBytes(const Seed& seed) {
  std::vector<uint8_t> bytes(sizeof(Header) + seed.count * sizeof(Insn));
  memcpy(bytes.data(), &seed.header, sizeof(Header));
  memcpy(bytes.data() + sizeof(Header), seed.insns, seed.count * sizeof(Insn));
  return bytes;
}

struct Counters {
  uint64_t inputs = 0;
  uint64_t accepted = 0;
  uint64_t insns_accepted = 0;
};
Counters counters;

void PrintCounters() {
  std::printf(
      "inputs %llu, accepted %llu (%.1f %%), %.1f instructions each\n",
      static_cast<unsigned long long>(counters.inputs),
      static_cast<unsigned long long>(counters.accepted),
      100.0 * static_cast<double>(counters.accepted) /
          static_cast<double>(std::max<uint64_t>(counters.inputs, 1)),
      static_cast<double>(counters.insns_accepted) /
          static_cast<double>(std::max<uint64_t>(counters.accepted, 1)));
}

void Expect(bool condition, const char* what) {
  if (!condition) {
    std::fprintf(stderr, "not so: %s\n", what);
    std::abort();
  }
}

/// A kernel that judges, with its types if EBPF_FUZZ_BTF names a file of them.
class Kernel {
 public:
  Kernel() {
    std::vector<uint8_t> bytes = ProgramTypes();
    if (const char* path = std::getenv("EBPF_FUZZ_BTF")) {
      std::ifstream in(path, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    ebpf::Result<ebpf::Ref<ebpf::btf::BtfObject>> types =
        ebpf::btf::BtfObject::Create(
            ebpf::ConstBytes(bytes.data(), bytes.size()),
            ebpf::PortAllocator());
    Expect(types.ok(), "the kernel's types are BTF");
    types_ = ebpf::Move(*types);
    ebpf::KernelView view;
    view.profile = ebpf::verifier::Profile::kLinux;
    view.btf = &types_->btf();
    view.allows_unprivileged = true;
    Expect(IsOk(ebpf::InitSystem(ebpf::HostMachineOps(), {}, view)),
           "the system starts");
    client_ = MakeClient();
    unprivileged_ = MakeClient();
    unprivileged_->DropCapabilities();
  }

  int64_t Load(const Header& header, const Insn* insns, size_t count);

 private:
  template <typename Attr>
  static int64_t Call(ebpf::Client& client, uint32_t command,
                      const Attr& attr) {
    return ebpf::Bpf(client, command,
                     client.Pointer(reinterpret_cast<uint64_t>(&attr)),
                     sizeof(attr));
  }
  /// With the maps' descriptors, and then that of the program's types.
  ebpf::Client* MakeClient() {
    ebpf::Result<ebpf::Client*> client =
        ebpf::Client::Create(ebpf::Origin::kKernel, ebpf::PortAllocator());
    Expect(client.ok(), "there is memory");
    for (int i = 0; i < kMapCount; ++i) {
      ebpf::linux_abi::MapCreateAttr attr{};
      attr.map_type = static_cast<uint32_t>(kMaps[i].type);
      attr.key_size = kMaps[i].key_size;
      attr.value_size = kMaps[i].value_size;
      attr.max_entries = kMaps[i].max_entries;
      attr.map_flags = kMaps[i].flags;
      Expect(Call(**client, ebpf::linux_abi::kMapCreate, attr) == kFirstMap + i,
             "each map has its descriptor");
    }
    const std::vector<uint8_t> blob = ProgramTypes();
    ebpf::linux_abi::BtfLoadAttr attr{};
    attr.btf = reinterpret_cast<uint64_t>(blob.data());
    attr.btf_size = static_cast<uint32_t>(blob.size());
    Expect(Call(**client, ebpf::linux_abi::kBtfLoad, attr) ==
               kFirstMap + kMapCount,
           "the program's types are taken");
    return *client;
  }

  ebpf::HostTraps traps_;
  ebpf::Ref<ebpf::btf::BtfObject> types_;
  ebpf::Client* client_;
  ebpf::Client* unprivileged_;
  char log_[1 << 14];
};

int64_t Kernel::Load(const Header& header, const Insn* insns, size_t count) {
  ebpf::linux_abi::ProgLoadAttr attr{};
  attr.prog_type = header.type % 34;
  attr.expected_attach_type = header.attach_type;
  attr.prog_flags = header.flags;
  attr.insns = reinterpret_cast<uint64_t>(insns);
  attr.insn_cnt = static_cast<uint32_t>(count);
  attr.license = reinterpret_cast<uint64_t>(
      (header.options & kNotGpl) != 0 ? "other" : "GPL");
  attr.attach_btf_id = header.attach_btf_id;
  uint32_t functions[3][2];
  uint32_t lines[2][4];
  if ((header.options & kWithBtf) != 0) {
    attr.prog_btf_fd = kFirstMap + kMapCount;
    attr.func_info_rec_size = sizeof(functions[0]);
    attr.func_info = reinterpret_cast<uint64_t>(functions);
    for (uint32_t i = 0; i < 3; ++i) {
      functions[i][0] = header.functions[i];
      functions[i][1] = kFunctions[i];
      attr.func_info_cnt += i == 0 || header.functions[i] != 0 ? 1 : 0;
    }
    if ((header.options & kWithLines) != 0) {
      attr.line_info_rec_size = sizeof(lines[0]);
      attr.line_info = reinterpret_cast<uint64_t>(lines);
      attr.line_info_cnt = 2;
      for (uint32_t i = 0; i < 2; ++i) {
        lines[i][0] = header.lines[i];
        lines[i][1] = lines[i][2] = 1;
        lines[i][3] = 1024;
      }
    }
  }
  if ((header.options & kWithLog) != 0) {
    attr.log_level = 2;
    attr.log_buf = reinterpret_cast<uint64_t>(log_);
    attr.log_size = sizeof(log_);
  }
  ebpf::Client& client =
      (header.options & kUnprivileged) != 0 ? *unprivileged_ : *client_;
  const int64_t fd = Call(client, ebpf::linux_abi::kProgLoad, attr);
  if (fd >= 0) {
    Expect(ebpf::Close(client, static_cast<int32_t>(fd)) == 0,
           "what is loaded is open");
  }
  return fd;
}

/// A small generator for the mutator's choices.
class Choice {
 public:
  explicit Choice(unsigned seed) : state_(seed * 2654435761u + 1) {}
  size_t Below(size_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return bound == 0 ? 0 : static_cast<size_t>(state_ >> 33) % bound;
  }

 private:
  uint64_t state_;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  std::atexit(PrintCounters);
  return 0;
}

/// Replaces, copies, removes, or spoils one instruction; or the header.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  Choice choice(seed);
  max_size = std::min(max_size, kMaxSize);
  if (size < sizeof(Header) + sizeof(Insn) || choice.Below(64) == 0) {
    const std::vector<uint8_t> bytes =
        ToBytes(kSeeds[choice.Below(std::size(kSeeds))]);
    if (bytes.size() <= max_size) {
      memcpy(data, bytes.data(), bytes.size());
      return bytes.size();
    }
  }
  size = std::min(size, max_size);
  const size_t count = (size - sizeof(Header)) / sizeof(Insn);
  size = sizeof(Header) + count * sizeof(Insn);
  if (count == 0 || choice.Below(8) == 0) {
    LLVMFuzzerMutate(data, sizeof(Header), sizeof(Header));
    return size;
  }
  uint8_t* insns = data + sizeof(Header);
  const size_t at = choice.Below(count);
  uint8_t* insn = insns + at * sizeof(Insn);
  const size_t rest = (count - at) * sizeof(Insn);
  const bool fits = size + sizeof(Insn) <= max_size;
  switch (choice.Below(6)) {
    case 0:  // one more like another
      if (fits) {
        Insn copy;
        memcpy(&copy, insns + choice.Below(count) * sizeof(Insn), sizeof(copy));
        memmove(insn + sizeof(Insn), insn, rest);
        memcpy(insn, &copy, sizeof(copy));
        return size + sizeof(Insn);
      }
      break;
    case 1:  // one less
      if (count > 1) {
        memmove(insn, insn + sizeof(Insn), rest - sizeof(Insn));
        return size - sizeof(Insn);
      }
      break;
    case 2: {  // another program's
      const Seed& other = kSeeds[choice.Below(std::size(kSeeds))];
      memcpy(insn, &other.insns[choice.Below(other.count)], sizeof(Insn));
      return size;
    }
    case 3:  // other registers
      insn[1] = static_cast<uint8_t>(choice.Below(11) | choice.Below(11) << 4);
      return size;
    case 4: {  // a small number
      const auto number = static_cast<int32_t>(choice.Below(64)) - 32;
      memcpy(insn + 4, &number, sizeof(number));
      return size;
    }
    default:
      break;
  }
  LLVMFuzzerMutate(insn, sizeof(Insn), sizeof(Insn));
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const kernel = new Kernel;
  if (size < sizeof(Header) || size > kMaxSize) {
    return 0;
  }
  Header header;
  memcpy(&header, data, sizeof(header));
  std::vector<Insn> insns((size - sizeof(Header)) / sizeof(Insn));
  memcpy(insns.data(), data + sizeof(Header), insns.size() * sizeof(Insn));
  const uint64_t bytes = ebpf::PortAllocatedBytes();
  ++counters.inputs;

  const int64_t result = kernel->Load(header, insns.data(), insns.size());

  Expect(result >= -524, "what fails gives an errno of Linux's");
  if (result >= 0) {
    ++counters.accepted;
    counters.insns_accepted += insns.size();
  }
  Expect(ebpf::PortAllocatedBytes() == bytes, "all memory is given back");
  // Endless loops are the slowest inputs, and few things can be made of them.
  return result == kTooBig ? kNotForTheCorpus : 0;
}
