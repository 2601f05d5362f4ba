// SPDX-License-Identifier: MIT
#include "core/program/sha1.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

std::vector<uint8_t> Digest(Sha1& sha) {
  uint8_t digest[Sha1::kDigestSize];
  sha.Finish(digest);
  return std::vector<uint8_t>(digest, digest + sizeof(digest));
}

std::string Hex(const std::vector<uint8_t>& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string HexOf(const std::string& text) {
  Sha1 sha;
  sha.Add(
      ConstBytes(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  return Hex(Digest(sha));
}

// [FIPS 180-4's examples, by NIST]
TEST(Sha1Test, GivesTheStandardsExamples) {
  EXPECT_EQ(HexOf("abc"),
            "a9993e364706816aba3e"
            "25717850c26c9cd0d89d");
  EXPECT_EQ(HexOf(""),
            "da39a3ee5e6b4b0d3255"
            "bfef95601890afd80709");
  EXPECT_EQ(HexOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae"
            "4aa1f95129e5e54670f1");
  EXPECT_EQ(HexOf(std::string(1000000, 'a')),
            "34aa973cd4c4daa4f61e"
            "eb2bdbad27316534016f");
}

// The digest of the digests of 0, 1, ... 299 bytes that count up; the number is
// from Python's hashlib.
TEST(Sha1Test, EndsRightAfterEachLength) {
  Sha1 all;
  std::vector<uint8_t> bytes;
  for (int size = 0; size < 300; ++size) {
    Sha1 sha;
    sha.Add(ConstBytes(bytes.data(), bytes.size()));
    const std::vector<uint8_t> digest = Digest(sha);
    all.Add(ConstBytes(digest.data(), digest.size()));
    bytes.push_back(static_cast<uint8_t>(size));
  }
  EXPECT_EQ(Hex(Digest(all)),
            "7261d91c9ffd63ee8e68"
            "156d4d57e733d4ad7243");
}

TEST(Sha1Test, TakesItsBytesInPieces) {
  const std::string text(200, 'x');
  Sha1 sha;
  for (size_t at = 0; at < text.size(); at += 7) {
    sha.Add(ConstBytes(reinterpret_cast<const uint8_t*>(text.data()) + at,
                       std::min<size_t>(7, text.size() - at)));
  }
  EXPECT_EQ(Hex(Digest(sha)), HexOf(text));
}

}  // namespace
}  // namespace ebpf
