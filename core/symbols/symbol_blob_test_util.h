// SPDX-License-Identifier: MIT
//
// The blob of symbols, its format written down a second time: what tests of its
// readers look into.
#pragma once

#include <algorithm>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/span.h"

namespace ebpf {

inline constexpr uint64_t kBase = 0xffff'8000'0014'0000;

struct Function {
  uint32_t offset;
  uint32_t size;
  std::string name;
};

inline void Append32(std::vector<uint8_t>& out, uint32_t value) {
  for (int i = 0; i < 4; ++i) {
    out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
}

inline void Append24(std::vector<uint8_t>& out, uint32_t value) {
  for (int i = 0; i < 3; ++i) {
    out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
}

inline void AppendNumber(std::vector<uint8_t>& out, uint32_t value) {
  for (; value > 127; value >>= 7) {
    out.push_back(static_cast<uint8_t>(value | 128));
  }
  out.push_back(static_cast<uint8_t>(value));
}

/// One code for a run of characters, which is what most names here begin with.
inline const std::string kToken = "vfs_";
inline constexpr uint8_t kTokenCode = 1;

inline std::string TextOf(size_t code) {
  return code == kTokenCode ? kToken
         : code >= 32       ? std::string(1, static_cast<char>(code))
                            : "";
}

inline std::vector<uint8_t> Encode(const std::string& text) {
  std::vector<uint8_t> codes;
  for (size_t at = 0; at < text.size();) {
    const bool token = text.compare(at, 4, kToken) == 0;
    codes.push_back(token ? kTokenCode : static_cast<uint8_t>(text[at]));
    at += token ? 4 : 1;
  }
  return codes;
}

/// A record, and `blocks` where it begins one.
inline void AppendRecord(const std::vector<Function>& functions, size_t i,
                         std::vector<uint8_t>& blocks,
                         std::vector<uint8_t>& out) {
  const Function& function = functions[i];
  size_t shared = 0;
  if (i % 16 == 0) {
    Append32(blocks, function.offset);
    Append32(blocks, static_cast<uint32_t>(out.size()));
    AppendNumber(out, function.size);
  } else {
    const Function& last = functions[i - 1];
    const bool alias =
        last.offset == function.offset && last.size == function.size;
    AppendNumber(out,
                 alias ? 0 : function.offset - last.offset - last.size + 1);
    if (!alias) {
      AppendNumber(out, function.size);
    }
    while (shared < last.name.size() && shared < function.name.size() &&
           last.name[shared] == function.name[shared]) {
      ++shared;
    }
    AppendNumber(out, static_cast<uint32_t>(shared));
  }
  const std::vector<uint8_t> codes = Encode(function.name.substr(shared));
  AppendNumber(out, static_cast<uint32_t>(codes.size()));
  out.insert(out.end(), codes.begin(), codes.end());
}

/// The format, written down a second time.
inline std::vector<uint8_t> MakeBlob(const std::vector<Function>& functions) {
  std::vector<uint8_t> blocks;
  std::vector<uint8_t> records;
  for (size_t i = 0; i < functions.size(); ++i) {
    AppendRecord(functions, i, blocks, records);
  }
  std::string tokens;
  std::vector<uint8_t> ends;
  for (size_t code = 0; code < 256; ++code) {
    tokens += TextOf(code);
    ends.push_back(static_cast<uint8_t>(tokens.size()));
    ends.push_back(static_cast<uint8_t>(tokens.size() >> 8));
  }
  std::vector<uint8_t> out;
  for (char c : std::string("EBPFKSYM")) {
    out.push_back(static_cast<uint8_t>(c));
  }
  Append32(out, 2);
  Append32(out, static_cast<uint32_t>(functions.size()));
  Append32(out, static_cast<uint32_t>(kBase));
  Append32(out, static_cast<uint32_t>(kBase >> 32));
  Append32(out, static_cast<uint32_t>(tokens.size()));
  Append32(out, static_cast<uint32_t>(records.size()));
  out.insert(out.end(), ends.begin(), ends.end());
  out.insert(out.end(), blocks.begin(), blocks.end());
  std::vector<uint32_t> order(functions.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::tie(functions[a].name, a) < std::tie(functions[b].name, b);
  });
  for (uint32_t index : order) {
    Append24(out, index);
  }
  out.insert(out.end(), tokens.begin(), tokens.end());
  out.insert(out.end(), records.begin(), records.end());
  return out;
}

inline ConstBytes View(const std::vector<uint8_t>& blob) {
  return ConstBytes(blob.data(), blob.size());
}

}  // namespace ebpf
