// SPDX-License-Identifier: MIT
//
// testing/oracle/loaded_iterators.h's implementation.
#include "testing/oracle/loaded_iterators.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <sstream>

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "gtest/gtest.h"
#include "testing/oracle/host_load.h"

namespace ebpf::oracle {
namespace {

constexpr char kObject[] = "testing/programs/iterators.x86_64.bpf.o";

std::vector<uint8_t> ReadObject() {
  std::ifstream in(kObject, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

LoadedIterators::LoadedIterators(Side& side, bool with_elements)
    : side_(side),
      bytes_(ReadObject()),
      text_(1 << 16),
      verdict_(1 << 16),
      log_(text_.data(), text_.size()),
      object_(side.client(), PortAllocator(), log_, side.kernel()) {
  if (!IsOk(Load(with_elements))) {
    ADD_FAILURE() << std::string(log_.text().data(), log_.text().size());
  }
}

Status LoadedIterators::Load(bool with_elements) {
  EBPF_TRY(object_.Open(ConstBytes(bytes_.data(), bytes_.size())));
  EBPF_TRY(object_.CreateMaps());
  for (size_t i = 0; i < object_.program_count(); ++i) {
    const StringView section = object_.file().programs()[i].section_name;
    if (with_elements || !section.EndsWith("/bpf_map_elem")) {
      // 4: what is wrong and figures, not each instruction.
      const Status status = object_.LoadProgram(
          i, {4, Span<char>(verdict_.data(), verdict_.size()), 0});
      if (!IsOk(status)) {
        ADD_FAILURE() << verdict_.data();
        return status;
      }
    }
  }
  return Status::kOk;
}

uint32_t LoadedIterators::Program(const char* name) const {
  for (size_t i = 0; i < object_.program_count(); ++i) {
    if (object_.file().programs()[i].name == name) {
      return static_cast<uint32_t>(object_.program(i).fd);
    }
  }
  ADD_FAILURE() << name;
  return 0;
}

uint32_t LoadedIterators::Map(const char* name) const {
  return static_cast<uint32_t>(*object_.MapFd(name));
}

int64_t LoadedIterators::Update(const char* map, uint32_t key,
                                const void* value) {
  linux_abi::MapElemAttr attr{};
  attr.map_fd = Map(map);
  attr.key = reinterpret_cast<uint64_t>(&key);
  attr.value = reinterpret_cast<uint64_t>(value);
  return side_.Call(linux_abi::kMapUpdateElem, attr);
}

int64_t LoadedIterators::Delete(const char* map, uint32_t key) {
  linux_abi::MapElemAttr attr{};
  attr.map_fd = Map(map);
  attr.key = reinterpret_cast<uint64_t>(&key);
  return side_.Call(linux_abi::kMapDeleteElem, attr);
}

uint64_t LoadedIterators::Lookup(const char* map, uint32_t key, size_t word) {
  uint64_t value[64] = {};
  linux_abi::MapElemAttr attr{};
  attr.map_fd = Map(map);
  attr.key = reinterpret_cast<uint64_t>(&key);
  attr.value = reinterpret_cast<uint64_t>(value);
  return side_.Call(linux_abi::kMapLookupElem, attr) == 0 ? value[word]
                                                          : ~uint64_t{0};
}

void LoadedIterators::Request(uint32_t again_at, uint32_t bytes,
                              uint32_t silent, uint32_t write) {
  const uint32_t request[] = {again_at, bytes, silent, write};
  EXPECT_EQ(Update("it_request", 0, request), 0);
}

void LoadedIterators::ClearSeen() {
  const uint64_t seen[4] = {};
  EXPECT_EQ(Update("it_seen", 0, seen), 0);
}

std::string LoadedIterators::Seen() {
  return std::to_string(Lookup("it_seen", 0, 0)) + " objects, " +
         std::to_string(Lookup("it_seen", 0, 1)) + " ends, number " +
         std::to_string(Lookup("it_seen", 0, 3));
}

void LoadedIterators::FillMaps() {
  for (uint32_t i = 0; i < 5; ++i) {
    const uint64_t value = 100 + i;
    // One for each CPU, of which there are never so many.
    uint32_t values[512];
    for (uint32_t cpu = 0; cpu < 256; ++cpu) {
      values[2 * cpu] = 1000 * (i + 1) + cpu;
      values[2 * cpu + 1] = 0;
    }
    EXPECT_EQ(Update("it_hash", i, &value), 0);
    EXPECT_EQ(Update("it_lru", i, &value), 0);
    EXPECT_EQ(Update("it_array", i, &value), 0);
    EXPECT_EQ(Update("it_cpu_hash", i, values), 0);
    EXPECT_EQ(Update("it_cpu_lru", i, values), 0);
    if (i < 3) {
      EXPECT_EQ(Update("it_cpu_array", i, values), 0);
    }
  }
}

int64_t LoadedIterators::Link(const char* program, const char* map) {
  return map == nullptr ? LinkWith(Program(program), nullptr, 0)
                        : LinkTo(program, Map(map));
}

int64_t LoadedIterators::LinkTo(const char* program, uint32_t map_fd) {
  const linux_abi::IteratorLinkInfo info = {map_fd, {}};
  return LinkWith(Program(program), &info, sizeof(info));
}

int64_t LoadedIterators::LinkWith(uint32_t program, const void* info,
                                  uint32_t size, uint32_t target_fd,
                                  uint32_t flags, uint32_t attach_type) {
  linux_abi::LinkCreateAttr attr{};
  attr.prog_fd = program;
  attr.target_fd = target_fd;
  attr.attach_type = attach_type;
  attr.flags = flags;
  attr.details[0] = reinterpret_cast<uint64_t>(info);
  attr.details[1] = size;
  return side_.Call(linux_abi::kLinkCreate, attr);
}

int64_t LoadedIterators::Open(int64_t link, uint32_t flags) {
  return side_.Call(
      linux_abi::kIterCreate,
      linux_abi::IterCreateAttr{static_cast<uint32_t>(link), flags});
}

int64_t LoadedIterators::OpenNew(const char* program, const char* map) {
  const int64_t link = Link(program, map);
  EXPECT_GE(link, 0) << program;
  const int64_t file = Open(link);
  EXPECT_GE(file, 0) << program;
  EXPECT_EQ(side_.Close(link), 0);
  return file;
}

std::string LoadedIterators::ReadAll(int64_t fd, size_t size) {
  std::string all;
  std::vector<char> buffer(size);
  int64_t count;
  while ((count = side_.Read(fd, buffer.data(), size)) > 0) {
    all.append(buffer.data(), static_cast<size_t>(count));
  }
  return count < 0 ? "error " + std::to_string(count) : all;
}

std::string LoadedIterators::Reads(int64_t fd,
                                   const std::vector<size_t>& sizes) {
  std::string all;
  for (const size_t size : sizes) {
    std::vector<char> buffer(size + 1);
    const int64_t count = side_.Read(fd, buffer.data(), size);
    all +=
        std::to_string(count) + " '" +
        std::string(buffer.data(), count < 0 ? 0 : static_cast<size_t>(count)) +
        "' ";
  }
  return all;
}

std::string LoadedIterators::Dump(const char* program, const char* map,
                                  size_t size) {
  const int64_t file = OpenNew(program, map);
  const std::string text = ReadAll(file, size);
  EXPECT_EQ(side_.Close(file), 0);
  return text;
}

bool HostIteratesElements() {
  HostLoad load;
  load.type = BPF_PROG_TYPE_TRACING;
  load.attach_type = kTraceIter;
  load.attach_btf_id = HostTypeId("bpf_iter_bpf_map_elem", BTF_KIND_FUNC);
  return LoadOnHost(load, {Mov(0, 0), Exit()}).error != EPERM;
}

std::string LinesWith(const std::string& text, const std::string& part) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.find(part) != std::string::npos) {
      lines.push_back(line.substr(0, line.find(" id ")));
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) {
    all += line + "\n";
  }
  return all;
}

}  // namespace ebpf::oracle
