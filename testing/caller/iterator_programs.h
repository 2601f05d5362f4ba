// SPDX-License-Identifier: MIT
//
// Iterators by the system calls: programs, links and files to read, for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/files/map_file.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/syscall/file_calls.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/object_info.h"
#include "testing/caller/test_caller.h"

namespace ebpf {

class IteratorTest : public ObjectInfoTest {
 protected:
  static constexpr uint32_t kTracing = 26;
  static constexpr uint32_t kTraceIter = 28;
  /// Offsets in struct bpf_map, bpf_prog, bpf_prog_aux and bpf_link.
  static constexpr int16_t kIdOfMap = 28;
  static constexpr int16_t kAuxOfProgram = 24;
  static constexpr int16_t kIdOfAux = 16;
  static constexpr int16_t kIdOfLink = 8;

  /// Writes four bytes at r10 - 8 to the file of the context in r6.
  static Code WriteWord() {
    return {Insn(0x79, 1, 6, 0, 0), Insn(0x79, 1, 1, 0, 0),
            MovReg(2, 10),          Insn(0x07, 2, 0, 0, -8),
            MovImm(3, 4),           CallHelper(helper_id::seq_write)};
  }

  /// r7 = the first argument behind meta; without one the program ends.
  static Code Begin() {
    return {MovReg(6, 1), Insn(0x79, 7, 6, 8, 0), Insn(0x55, 7, 0, 2, 0),
            MovImm(0, 0), Exit()};
  }

  /// Writes the id of each object, which `load` loads into r1 from r7.
  static Code WriteIds(const Code& load) {
    return Begin() + load + Code{Insn(0x63, 10, 1, -8, 0)} + WriteWord() +
           Returning(0);
  }
  static Code MapIdsOnly() { return WriteIds({Insn(0x61, 1, 7, kIdOfMap, 0)}); }

  /// Writes a map's elements: key, value, four bytes each; adds 1 to the value.
  static Code WriteElements() {
    return Begin() + Code{Insn(0x79, 8, 6, 16, 0),
                          Insn(0x55, 8, 0, 2, 0),
                          MovImm(0, 0),
                          Exit(),
                          Insn(0x79, 9, 6, 24, 0),
                          Insn(0x55, 9, 0, 2, 0),
                          MovImm(0, 0),
                          Exit(),
                          Insn(0x61, 1, 8, 0, 0),
                          Insn(0x63, 10, 1, -8, 0)} +
           WriteWord() +
           Code{Insn(0x61, 1, 9, 0, 0), Insn(0x63, 10, 1, -8, 0)} +
           WriteWord() +
           Code{Insn(0x61, 1, 9, 0, 0), Insn(0x07, 1, 0, 0, 1),
                Insn(0x63, 9, 1, 0, 0)} +
           Returning(0);
  }

  linux_abi::ProgLoadAttr ProgramFor(const char* function, const Code& code) {
    linux_abi::ProgLoadAttr attr = caller_.Program(kTracing, code);
    attr.expected_attach_type = kTraceIter;
    attr.attach_btf_id = KernelFunction(function);
    return attr;
  }
  int64_t LoadFor(const char* function, const Code& code) {
    return caller_.Call(linux_abi::kProgLoad, ProgramFor(function, code));
  }
  int64_t Link(int64_t program, int64_t map = -1) {
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.attach_type = kTraceIter;
    if (map >= 0) {
      attr.details[0] = caller_.Put(
          linux_abi::IteratorLinkInfo{static_cast<uint32_t>(map), {}});
      attr.details[1] = sizeof(linux_abi::IteratorLinkInfo);
    }
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }
  int64_t Open(int64_t link, uint32_t flags = 0) {
    return caller_.Call(
        linux_abi::kIterCreate,
        linux_abi::IterCreateAttr{static_cast<uint32_t>(link), flags});
  }
  /// A file of a program for `function`; everything else is closed again.
  int64_t OpenFor(const char* function, const Code& code, int64_t map = -1) {
    const int64_t program = LoadFor(function, code);
    EXPECT_GE(program, 0);
    const int64_t link = Link(program, map);
    EXPECT_GE(link, 0);
    const int64_t file = Open(link);
    EXPECT_EQ(caller_.CloseFd(link), 0);
    EXPECT_EQ(caller_.CloseFd(program), 0);
    return file;
  }
  int64_t ReadFd(int64_t fd, uint64_t to, uint64_t size) {
    return ebpf::Read(caller_.client(), static_cast<int32_t>(fd),
                      caller_.client().Pointer(to), size);
  }
  /// The words of a file, read in pieces of `size`.
  std::vector<uint32_t> Words(int64_t fd, uint64_t size = 64) {
    std::string text;
    const uint64_t at = caller_.Put(nullptr, size);
    int64_t count;
    while ((count = ReadFd(fd, at, size)) > 0) {
      text.append(static_cast<char*>(caller_.At(at)),
                  static_cast<size_t>(count));
    }
    EXPECT_EQ(count, 0);
    std::vector<uint32_t> words(text.size() / 4);
    std::copy_n(text.data(), 4 * words.size(),
                reinterpret_cast<char*>(words.data()));
    return words;
  }
  uint32_t IdOf(int64_t map) {
    return (*caller_.client().fds().Get(map))->AsMap()->map().id();
  }
  int64_t NewMap() {
    return caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 4);
  }
  std::vector<uint32_t> MakeMaps(size_t count) {
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < count; ++i) {
      maps_.push_back(NewMap());
      ids.push_back(IdOf(maps_.back()));
    }
    return ids;
  }

  std::vector<int64_t> maps_;
};

}  // namespace ebpf
