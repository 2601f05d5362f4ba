// SPDX-License-Identifier: MIT
//
// Where tests of x86-64 instruction knowledge get instructions from: chance,
// with a bias, and the text of real programs.
#pragma once

#include <elf.h>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <vector>

#include "arch/x86_64/insn_decoder.h"

namespace ebpf::x86_64 {

/// How many random instructions a test tries: 1 M, or as
/// testing/probes/decoders.sh says.
inline uint64_t RandomInsnCount() {
  const char* count = getenv("EBPF_RANDOM_INSNS");
  return count != nullptr ? strtoull(count, nullptr, 10) : 1000000;
}

/// ELF files whose every instruction is tried: the test itself and what every
/// machine has, or as testing/probes/decoders.sh says.
inline std::vector<std::string> ProgramFiles() {
  std::vector<std::string> files = {
      "/proc/self/exe", "/lib/x86_64-linux-gnu/libc.so.6",
      "/lib/x86_64-linux-gnu/libm.so.6", "/bin/bash"};
  const char* more = getenv("EBPF_PROGRAM_FILES");
  std::istringstream words(more != nullptr ? more : "");
  files.insert(files.end(), std::istream_iterator<std::string>(words), {});
  return files;
}

/// Random bytes, most of them with a beginning that makes an instruction of a
/// certain kind likely.
class RandomInsns {
 public:
  static constexpr unsigned kSize = 16;  // one more than an instruction has

  explicit RandomInsns(uint64_t seed) : random_(seed) {}

  void Fill(uint8_t* bytes) {
    for (unsigned i = 0; i < kSize; i += 8) {
      const uint64_t word = random_();
      memcpy(bytes + i, &word, 8);
    }
    const uint64_t kind = next_kind_++ % 24;
    if (kind < 12) {
      Begin(kind, bytes);
    } else {
      Structured(bytes);
    }
  }

 private:
  static uint8_t Narrow(unsigned value) { return static_cast<uint8_t>(value); }

  /// Only the first bytes are chosen.
  static void Begin(uint64_t kind, uint8_t* bytes) {
    switch (kind) {
      case 1:
        bytes[0] = 0x0f;
        break;
      case 2:
        bytes[0] = 0x0f;
        bytes[1] = bytes[1] & 1 ? 0x38 : 0x3a;
        break;
      case 3:
        bytes[0] = 0xc5;
        break;
      case 4:
        bytes[0] = 0xc4;
        bytes[1] = Narrow((bytes[1] & 0xe0) | (1 + bytes[1] % 3));
        break;
      case 5:
        bytes[0] = 0x62;
        bytes[1] = Narrow((bytes[1] & 0xf0) | (1 + bytes[1] % 6));
        bytes[2] |= 4;
        break;
      case 6:
        bytes[0] = 0x66;
        break;
      case 7:
        bytes[0] = Narrow(0x40 | (bytes[0] & 15));
        break;
      case 8:
        bytes[0] = 0x66;
        bytes[1] = 0x0f;
        break;
      case 9:
        bytes[0] = bytes[0] & 1 ? 0xf2 : 0xf3;
        bytes[1] = 0x0f;
        break;
      case 10:
        bytes[0] = 0xf3;
        bytes[1] = 0x48;
        bytes[2] = 0x0f;
        break;
      default:
        break;
    }
  }

  /// Prefixes, REX or what replaces it, an opcode, ModRM and SIB: each from the
  /// forms that there are, all else as it came.
  void Structured(uint8_t* bytes) {
    constexpr uint8_t kPrefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26,
                                     0x2e, 0x36, 0x3e, 0x64, 0x65};
    unsigned at = 0;
    for (uint64_t count = random_() % 8; count > 4; --count) {
      bytes[at++] = kPrefixes[random_() % sizeof(kPrefixes)];
    }
    const uint64_t dice = random_();
    switch (dice % 8) {
      case 0:  // VEX, two bytes
        bytes[at] = 0xc5;
        at += 2;
        break;
      case 1:  // VEX, three bytes
        bytes[at] = 0xc4;
        bytes[at + 1] = Narrow((bytes[at + 1] & 0xe0) | (1 + (dice >> 8) % 3));
        at += 3;
        break;
      case 2:  // EVEX
        bytes[at] = 0x62;
        bytes[at + 1] = Narrow((bytes[at + 1] & 0xf0) | (1 + (dice >> 8) % 6));
        bytes[at + 2] |= 4;
        at += 4;
        break;
      case 3:
      case 4:
        bytes[at] = Narrow(0x40 | (dice >> 8 & 15));
        ++at;
        [[fallthrough]];
      default:
        at = LegacyOpcode(dice >> 16, at, bytes);
        break;
    }
    ++at;                  // the opcode's last byte, as it came
    if (dice >> 60 < 6) {  // ModRM with an addressing form that has more
      constexpr uint8_t kForms[] = {0x04, 0x05, 0x44, 0x84, 0x45, 0x85};
      bytes[at] = Narrow((bytes[at] & 0x38) | kForms[(dice >> 40) % 6]);
    }
  }

  static unsigned LegacyOpcode(uint64_t dice, unsigned at, uint8_t* bytes) {
    const unsigned map = dice % 6;
    if (map >= 3) {
      return at;
    }
    bytes[at++] = 0x0f;
    if (map != 0) {
      bytes[at++] = map == 1 ? 0x38 : 0x3a;
    }
    return at;
  }

  std::mt19937_64 random_;
  uint64_t next_kind_ = 0;
};

inline std::vector<uint8_t> ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(file), {});
}

/// Calls `visit`(bytes, size that is left, address) along the executable
/// sections of an ELF file; it gives the size of the instruction, or 0.
template <typename Visit>
void WalkText(const std::string& path, const Visit& visit) {
  const std::vector<uint8_t> file = ReadWholeFile(path);
  if (file.size() < sizeof(Elf64_Ehdr)) {
    return;
  }
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(file.data());
  const auto* sections =
      reinterpret_cast<const Elf64_Shdr*>(file.data() + header.e_shoff);
  for (size_t i = 0; i < header.e_shnum; ++i) {
    if ((sections[i].sh_flags & SHF_EXECINSTR) == 0 ||
        sections[i].sh_type == SHT_NOBITS) {
      continue;
    }
    const uint8_t* text = file.data() + sections[i].sh_offset;
    for (size_t at = 0; at < sections[i].sh_size;) {
      const size_t size =
          visit(text + at, sections[i].sh_size - at, sections[i].sh_addr + at);
      at += size == 0 ? 1 : size;
    }
  }
}

}  // namespace ebpf::x86_64
