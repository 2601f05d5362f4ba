// SPDX-License-Identifier: MIT
#include "testing/oracle/sha256.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

std::vector<uint8_t> Digest(Sha256& sha) {
  uint8_t digest[Sha256::kDigestSize];
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
  Sha256 sha;
  sha.Add(
      ConstBytes(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  return Hex(Digest(sha));
}

// [FIPS 180-4's examples, by NIST]
TEST(Sha256Test, GivesTheStandardsExamples) {
  EXPECT_EQ(HexOf("abc"),
            "ba7816bf8f01cfea414140de5dae2223"
            "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexOf(""),
            "e3b0c44298fc1c149afbf4c8996fb924"
            "27ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039"
            "a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(HexOf(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67"
            "f1809a48a497200e046d39ccc7112cd0");
}

// The digest of the digests of 0, 1, ... 299 bytes that count up; the number is
// from Python's hashlib.
TEST(Sha256Test, EndsRightAfterEachLength) {
  Sha256 all;
  std::vector<uint8_t> bytes;
  for (int size = 0; size < 300; ++size) {
    Sha256 sha;
    sha.Add(ConstBytes(bytes.data(), bytes.size()));
    const std::vector<uint8_t> digest = Digest(sha);
    all.Add(ConstBytes(digest.data(), digest.size()));
    bytes.push_back(static_cast<uint8_t>(size));
  }
  EXPECT_EQ(Hex(Digest(all)),
            "df90175783c44235cf6aefd935a2c274"
            "7f42399416d16789ece339f1fd26d835");
}

TEST(Sha256Test, TakesItsBytesInPieces) {
  const std::string text(200, 'x');
  Sha256 sha;
  for (size_t at = 0; at < text.size(); at += 7) {
    sha.Add(ConstBytes(reinterpret_cast<const uint8_t*>(text.data()) + at,
                       std::min<size_t>(7, text.size() - at)));
  }
  EXPECT_EQ(Hex(Digest(sha)), HexOf(text));
}

}  // namespace
}  // namespace ebpf
