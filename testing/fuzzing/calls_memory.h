// SPDX-License-Identifier: MIT
//
// What the process of calls_process.h finds in its memory: names, a license,
// programs, types, and each small number, as keys and descriptors to point to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/isa/insn.h"
#include "testing/host_port/host_user.h"

namespace ebpf::calls_fuzz {

inline constexpr size_t kUserSize = 1 << 14;

// The probed function's name stands at the start.
inline constexpr const char* kFunction = "fuzz_function";

inline constexpr size_t kLicenseAt = 64;
inline constexpr size_t kPathsAt = 80;  // of pins, kPathSize bytes each
inline constexpr size_t kPathSize = 32;
inline constexpr const char* kPaths[] = {"/sys/fs/bpf/a", "/sys/fs/bpf/b",
                                         "/sys/fs/bpf/d/c", "/sys/fs/bpf"};

/// Programs, each of which names the map of a descriptor in its second word.
struct Program {
  size_t at;
  size_t map_at;  // the instruction
  isa::Insn insns[16];
  uint32_t size;
};
inline constexpr Program kPrograms[] = {
    // Counts in the map's first element.
    {256,
     0,
     {{0x18, 1, 1, 0, 3},
      {0x00, 0, 0, 0, 0},    // r1 = map of fd 3
      {0x7a, 10, 0, -8, 0},  // *(u64 *)(r10 - 8) = 0
      {0xbf, 2, 10, 0, 0},
      {0x07, 2, 0, 0, -8},  // r2 = r10 - 8
      {0x85, 0, 0, 0, 1},   // bpf_map_lookup_elem
      {0x15, 0, 0, 2, 0},   // if r0 == 0 goto exit
      {0x71, 1, 0, 0, 0},
      {0x73, 0, 1, 0, 0},  // the value's first byte
      {0xb7, 0, 0, 0, 1},  // r0 = 1
      {0x95, 0, 0, 0, 0}},
     11},
    // The same of the map that is the map's first element.
    {384,
     0,
     {{0x18, 1, 1, 0, 3},
      {0x00, 0, 0, 0, 0},
      {0x7a, 10, 0, -8, 0},
      {0xbf, 2, 10, 0, 0},
      {0x07, 2, 0, 0, -8},
      {0x85, 0, 0, 0, 1},
      {0x15, 0, 0, 7, 0},
      {0xbf, 1, 0, 0, 0},
      {0xbf, 2, 10, 0, 0},
      {0x07, 2, 0, 0, -8},
      {0x85, 0, 0, 0, 1},
      {0x15, 0, 0, 2, 0},
      {0x71, 1, 0, 0, 0},
      {0x73, 0, 1, 0, 0},
      {0xb7, 0, 0, 0, 1},
      {0x95, 0, 0, 0, 0}},
     16},
    // Goes on with the first program in the array.
    {512,
     0,
     {{0x18, 2, 1, 0, 3},
      {0x00, 0, 0, 0, 0},
      {0xb7, 3, 0, 0, 0},   // r3 = 0
      {0x85, 0, 0, 0, 12},  // bpf_tail_call
      {0xb7, 0, 0, 0, 1},
      {0x95, 0, 0, 0, 0}},
     6},
    // Writes a record of 8 bytes to the ring.
    {640,
     2,
     {{0x7a, 10, 0, -8, 7},
      {0xbf, 2, 10, 0, 0},
      {0x18, 1, 1, 0, 3},
      {0x00, 0, 0, 0, 0},
      {0x07, 2, 0, 0, -8},
      {0xb7, 3, 0, 0, 8},
      {0xb7, 4, 0, 0, 0},
      {0x85, 0, 0, 0, 130},  // bpf_ringbuf_output
      {0xb7, 0, 0, 0, 1},
      {0x95, 0, 0, 0, 0}},
     10},
};
inline constexpr size_t kProgramCount = sizeof(kPrograms) / sizeof(*kPrograms);

/// The numbers 0, 1, ...: keys, and the values of maps that hold objects.
inline constexpr size_t kNumbersAt = 768;
inline constexpr uint32_t kNumbers = 32;

// Types: int, int (void), and a function main of that type; what func_info says
// of a program. [kernel.org Documentation/bpf/btf]
inline constexpr size_t kBtfAt = 1024;
inline constexpr uint32_t kBtfSize = 74;
inline constexpr uint32_t kBtf[] = {
    0x0001eb9f, 24,         0,   40,         40, 10,  // header
    1,          0x01000000, 4,   0x01000020,          // 1: int
    0,          0x0d000000, 1,                        // 2: int (void)
    5,          0x0c000001, 2,                        // 3: main
    0x746e6900, 0x69616d00, 0x6e};                    // "", "int", "main"
inline constexpr size_t kFunctionAt = 2048;
inline constexpr uint32_t kFunctionInfo[] = {0, 3};

/// Iterators' programs: of objects, and of a map's elements.
inline constexpr size_t kIteratorAt = 2304;
inline constexpr size_t kElementsAt = 2560;
inline constexpr isa::Insn kIterator[] = {
    {0x79, 6, 1, 8, 0},  // r6 = the object
    {0x15, 6, 0, 7, 0},  // none: the end
    {0x61, 2, 6, 8, 0},  // a word of it
    {0x63, 10, 2, -8, 0}, {0x79, 1, 1, 0, 0},
    {0x79, 1, 1, 0, 0},  // r1 = ctx->meta->seq
    {0xbf, 2, 10, 0, 0},  {0x07, 2, 0, 0, -8},
    {0x05, 0, 0, 2, 0},   {0xb7, 0, 0, 0, 0},
    {0x95, 0, 0, 0, 0},   {0xb7, 3, 0, 0, 4},
    {0x85, 0, 0, 0, 127},  // bpf_seq_write
    {0x57, 0, 0, 0, 1},    // 1: the object once more
    {0x95, 0, 0, 0, 0}};
inline constexpr isa::Insn kElements[] = {
    {0xbf, 6, 1, 0, 0}, {0x79, 7, 6, 16, 0},  // r7 = key
    {0x15, 7, 0, 4, 0}, {0x79, 8, 6, 24, 0},  // r8 = value
    {0x15, 8, 0, 2, 0}, {0x71, 2, 8, 0, 0},   {0x05, 0, 0, 2, 0},
    {0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0},   {0x07, 2, 0, 0, 1},
    {0x73, 8, 2, 0, 0},  // the value's first byte, one more
    {0x61, 2, 7, 0, 0}, {0x63, 10, 2, -8, 0}, {0x79, 1, 6, 0, 0},
    {0x79, 1, 1, 0, 0}, {0xbf, 2, 10, 0, 0},  {0x07, 2, 0, 0, -8},
    {0xb7, 3, 0, 0, 4}, {0x85, 0, 0, 0, 127}, {0xb7, 0, 0, 0, 0},
    {0x95, 0, 0, 0, 0}};

/// Writes all of that.
inline void Furnish(HostUserMemory& memory) {
  memcpy(memory.data(), kFunction, strlen(kFunction) + 1);
  memcpy(memory.data() + kLicenseAt, "GPL", 4);
  for (size_t i = 0; i < sizeof(kPaths) / sizeof(kPaths[0]); ++i) {
    memcpy(memory.data() + kPathsAt + i * kPathSize, kPaths[i],
           strlen(kPaths[i]) + 1);
  }
  for (const Program& program : kPrograms) {
    memcpy(memory.data() + program.at, program.insns,
           program.size * sizeof(isa::Insn));
  }
  for (uint32_t i = 0; i < kNumbers; ++i) {
    memcpy(memory.data() + kNumbersAt + i * sizeof(i), &i, sizeof(i));
  }
  memcpy(memory.data() + kBtfAt, kBtf, sizeof(kBtf));
  memcpy(memory.data() + kFunctionAt, kFunctionInfo, sizeof(kFunctionInfo));
  memcpy(memory.data() + kIteratorAt, kIterator, sizeof(kIterator));
  memcpy(memory.data() + kElementsAt, kElements, sizeof(kElements));
}

}  // namespace ebpf::calls_fuzz
