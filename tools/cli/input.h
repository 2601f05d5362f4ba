// SPDX-License-Identifier: MIT
//
// What the CLI is given: hexadecimal text, standard input, files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ebpf::cli {

/// No program, memory or object may be larger.
inline constexpr size_t kMaxInputSize = size_t{64} << 20;

/// The bytes that `text` writes in hexadecimal, two digits each, with white
/// space between bytes or anywhere. `what` names it in a Failure: a character
/// that is no digit, half a byte.
std::vector<uint8_t> ParseHex(std::string_view text, std::string_view what);

/// Everything on standard input, or in a file. Failure: cannot be read, or is
/// larger than kMaxInputSize.
std::string ReadStandardInput();
std::string ReadFile(const std::string& path);

}  // namespace ebpf::cli
