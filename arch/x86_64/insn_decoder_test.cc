// SPDX-License-Identifier: MIT
//
// Our decoder against Debian's libzydis: on what both take for an instruction
// they may not disagree about its length or where its parts are.
#include "arch/x86_64/insn_decoder.h"

#include <Zydis/Zydis.h>
#include <map>
#include <set>
#include <stdio.h>
#include <string.h>
#include <string>
#include <vector>

#include "arch/x86_64/random_insn_test_util.h"
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

// What Zydis decodes and we refuse.
constexpr char kBranch66[] = "a near branch with 66: CPUs differ";
constexpr char kKnightsCorner[] = "Knights Corner: other CPUs take it for AVX";
constexpr char kPadLock[] = "VIA's PadLock: elsewhere undefined";
constexpr char kXop[] = "AMD's XOP: elsewhere pop";

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
    if (they && !ours.ok()) {
      ++they_only_;
      ++they_only_by_[TheirClass(theirs)];
    } else if (!they && ours.ok()) {
      ++we_only_;
      ++we_only_by_[OurClass(*ours)];
    }
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
    for (const auto& [name, count] : they_only_by_) {
      printf("  they alone: %s %zu\n", name.c_str(), count);
    }
    for (const auto& [name, count] : we_only_by_) {
      printf("  we alone: %s %zu\n", name.c_str(), count);
    }
  }
  size_t both() const { return both_; }
  size_t they_only() const { return they_only_; }

  /// Nothing that they alone decode is refused for no reason.
  void ExpectReasons() const {
    const std::set<std::string> reasons = {kBranch66, kKnightsCorner, kPadLock,
                                           kXop};
    for (const auto& [name, count] : they_only_by_) {
      EXPECT_TRUE(reasons.count(name) != 0) << name << " " << count;
    }
  }

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

  /// Why we refuse it; the mnemonic where that is not on purpose.
  static std::string TheirClass(const ZydisDecodedInstruction& theirs) {
    const bool branch = theirs.meta.category == ZYDIS_CATEGORY_CALL ||
                        theirs.meta.category == ZYDIS_CATEGORY_COND_BR ||
                        theirs.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
    if (theirs.encoding == ZYDIS_INSTRUCTION_ENCODING_XOP) {
      return kXop;
    }
    if (strncmp(ZydisISASetGetString(theirs.meta.isa_set), "KNC", 3) == 0) {
      return kKnightsCorner;
    }
    if (theirs.meta.category == ZYDIS_CATEGORY_PADLOCK) {
      return kPadLock;
    }
    if (branch && (theirs.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) != 0) {
      return kBranch66;
    }
    return ZydisMnemonicGetString(theirs.mnemonic);
  }

  static std::string OurClass(const DecodedInsn& ours) {
    constexpr const char* kEncodings[] = {"legacy", "VEX", "EVEX"};
    return std::string(kEncodings[static_cast<int>(ours.encoding)]) + ", map " +
           std::to_string(static_cast<int>(ours.map)) +
           (ours.lock ? ", with LOCK" : "") +
           (ours.repeat != 0 ? ", with F2 or F3" : "");
  }

  ZydisDecoder decoder_;
  std::map<std::string, size_t> they_only_by_;
  std::map<std::string, size_t> we_only_by_;
  size_t both_ = 0;
  size_t they_only_ = 0;
  size_t we_only_ = 0;
  size_t disagreements_ = 0;
};

TEST(InsnDecoderTest, AgreesWithZydisOnRandomBytes) {
  const uint64_t count = RandomInsnCount();
  RandomInsns random(20240607);
  Comparison comparison;
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t bytes[RandomInsns::kSize];
    random.Fill(bytes);
    comparison.Check(bytes, DecodedInsn::kMaxSize);
  }
  comparison.Print("random");
  comparison.ExpectReasons();
  EXPECT_GT(comparison.both(), count / 4);
}

TEST(InsnDecoderTest, DecodesEveryInstructionOfRealPrograms) {
  Comparison comparison;
  for (const std::string& path : ProgramFiles()) {
    WalkText(path, [&](const uint8_t* bytes, size_t left, uint64_t) {
      return comparison.Check(bytes, left);
    });
  }
  comparison.Print("real programs");
  comparison.ExpectReasons();
  EXPECT_GT(comparison.both(), 10000u);
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
