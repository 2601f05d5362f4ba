// SPDX-License-Identifier: MIT
//
// Our decoder against Debian's libzydis: on what both take for an instruction
// they may not disagree about its length or where its parts are.
#include "arch/x86_64/insn_decoder.h"

#include <Zydis/Zydis.h>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <random>
#include <stdio.h>
#include <string.h>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

std::string Hex(const uint8_t* bytes) {
  std::string text;
  for (unsigned i = 0; i < DecodedInsn::kMaxSize; ++i) {
    char digits[4];
    snprintf(digits, sizeof(digits), "%02x ", bytes[i]);
    text += digits;
  }
  return text;
}

/// Decodes with both, and compares.
class Comparison {
 public:
  Comparison() {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64,
                     ZYDIS_STACK_WIDTH_64);
  }

  /// Zydis's length of the instruction at `bytes`, or 0.
  size_t Check(const uint8_t* bytes, size_t size) {
    ZydisDecodedInstruction theirs;
    ZydisDecoderContext context;
    const bool they = ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
        &decoder_, &context, bytes, size, &theirs));
    const Result<DecodedInsn> ours = DecodeInsn(ConstBytes(bytes, size));
    they_only_ += they && !ours.ok();
    we_only_ += !they && ours.ok();
    if (they && ours.ok()) {
      ++both_;
      if (!Agree(theirs, *ours) && ++disagreements_ <= 10) {
        ADD_FAILURE() << Hex(bytes) << " theirs "
                      << ZydisMnemonicGetString(theirs.mnemonic) << " "
                      << int{theirs.length} << ", ours " << int{ours->size};
      }
    }
    return they ? theirs.length : 0;
  }

  void Print(const char* what) const {
    printf("%s: both decode %zu, they alone %zu, we alone %zu\n", what, both_,
           they_only_, we_only_);
  }
  size_t both() const { return both_; }
  size_t they_only() const { return they_only_; }

 private:
  static bool Agree(const ZydisDecodedInstruction& theirs,
                    const DecodedInsn& ours) {
    // The opcode of 3DNow comes last; before it stands 0F 0F.
    const bool opcode_is_last =
        ours.map == OpcodeMap::k0f && ours.opcode == 0x0f;
    if (theirs.length != ours.size ||
        (theirs.opcode != ours.opcode && !opcode_is_last)) {
      return false;
    }
    const bool has_modrm = (theirs.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;
    if (has_modrm != (ours.modrm_offset != 0)) {
      return false;
    }
    if (has_modrm && theirs.raw.modrm.offset != ours.modrm_offset) {
      return false;
    }
    // The whole address of mov rax, [address]: a displacement there, an
    // immediate here.
    const bool absolute =
        ours.map == OpcodeMap::kOneByte && (ours.opcode & 0xfc) == 0xa0;
    return absolute || (theirs.raw.disp.size / 8 == ours.displacement_size &&
                        theirs.raw.disp.offset == ours.displacement_offset);
  }

  ZydisDecoder decoder_;
  size_t both_ = 0;
  size_t they_only_ = 0;
  size_t we_only_ = 0;
  size_t disagreements_ = 0;
};

/// Random bytes, most of them with a beginning that makes an instruction of a
/// certain kind likely.
void FillRandom(std::mt19937_64& random, uint64_t kind, uint8_t* bytes) {
  for (int i = 0; i < 16; i += 8) {
    const uint64_t word = random();
    memcpy(bytes + i, &word, 8);
  }
  switch (kind % 12) {
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
      bytes[1] = static_cast<uint8_t>((bytes[1] & 0xe0) | (1 + bytes[1] % 3));
      break;
    case 5:
      bytes[0] = 0x62;
      bytes[1] = static_cast<uint8_t>((bytes[1] & 0xf0) | (1 + bytes[1] % 6));
      bytes[2] |= 4;
      break;
    case 6:
      bytes[0] = 0x66;
      break;
    case 7:
      bytes[0] = static_cast<uint8_t>(0x40 | (bytes[0] & 15));
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

TEST(InsnDecoderTest, AgreesWithZydisOnRandomBytes) {
  constexpr uint64_t kCount = 20000000;
  std::mt19937_64 random(20240607);
  Comparison comparison;
  for (uint64_t i = 0; i < kCount; ++i) {
    uint8_t bytes[16];
    FillRandom(random, i, bytes);
    comparison.Check(bytes, DecodedInsn::kMaxSize);
  }
  comparison.Print("20 M random");
  EXPECT_GT(comparison.both(), kCount / 4);
  // What we refuse on purpose: near branches with prefix 66, AMD's XOP.
  EXPECT_LT(comparison.they_only(), kCount / 20);
}

std::vector<uint8_t> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(file), {});
}

/// Walks the executable sections of an ELF file, both decoders in step.
void WalkText(const std::string& path, Comparison& comparison) {
  const std::vector<uint8_t> file = ReadFile(path);
  if (file.size() < sizeof(Elf64_Ehdr)) {
    return;
  }
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(file.data());
  const auto* sections =
      reinterpret_cast<const Elf64_Shdr*>(file.data() + header.e_shoff);
  for (size_t i = 0; i < header.e_shnum; ++i) {
    if ((sections[i].sh_flags & SHF_EXECINSTR) == 0) {
      continue;
    }
    const uint8_t* text = file.data() + sections[i].sh_offset;
    for (size_t at = 0; at < sections[i].sh_size;) {
      const size_t size = comparison.Check(text + at, sections[i].sh_size - at);
      at += size == 0 ? 1 : size;
    }
  }
}

TEST(InsnDecoderTest, DecodesEveryInstructionOfRealPrograms) {
  Comparison comparison;
  WalkText("/proc/self/exe", comparison);
  EXPECT_GT(comparison.both(), 10000u);
  for (const char* path : {"/lib/x86_64-linux-gnu/libc.so.6",
                           "/lib/x86_64-linux-gnu/libm.so.6", "/bin/bash"}) {
    WalkText(path, comparison);
  }
  comparison.Print("real programs");
  // Text holds tables here and there, where they meet a branch with prefix 66.
  EXPECT_LT(comparison.they_only(), comparison.both() / 100000);
}

TEST(InsnDecoderTest, NeverReadsPastTheEnd) {
  // Every prefix of an instruction is no instruction.
  constexpr uint8_t kInsn[] = {0x66, 0x48, 0x81, 0x84, 0xc8, 1, 2,
                               3,    4,    5,    6,    7,    8};
  ASSERT_EQ(DecodeInsn(kInsn)->size, sizeof(kInsn));
  for (size_t size = 0; size < sizeof(kInsn); ++size) {
    const std::vector<uint8_t> cut(kInsn,
                                   kInsn + size);  // ASan watches its end
    EXPECT_EQ(DecodeInsn(ConstBytes(cut.data(), size)).status(),
              Status::kBadSequence);
  }
  const std::vector<uint8_t> prefixes(20, 0x66);
  EXPECT_EQ(DecodeInsn(ConstBytes(prefixes.data(), 20)).status(),
            Status::kBadSequence);
}

TEST(InsnDecoderTest, RefusesWhatCpusDecodeDifferently) {
  for (const std::vector<uint8_t>& bytes : std::vector<std::vector<uint8_t>>{
           {0x66, 0xe8, 1, 2, 3, 4},              // call with prefix 66
           {0x66, 0x0f, 0x84, 1, 2, 3, 4},        // jz
           {0xd5, 0x18, 0x89, 0xc0},              // REX2
           {0x62, 0xf4, 0x7c, 0x08, 0x01, 0xc0},  // EVEX map 4
           {0x8f, 0xe8, 0x78, 0xc0, 0xc0, 0x01},  // XOP
           {0x06},                                // push es
           {0x66, 0xc5, 0xf8, 0x28, 0xc0}}) {     // VEX behind 66
    EXPECT_EQ(DecodeInsn(ConstBytes(bytes.data(), bytes.size())).status(),
              Status::kBadSequence)
        << int{bytes[0]} << " " << bytes.size();
  }
}

}  // namespace
}  // namespace ebpf::x86_64
