// SPDX-License-Identifier: MIT
//
// tools/cli/input.h's implementation.
#include "tools/cli/input.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

/// The digit's value, or -1.
int DigitValue(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');  // \t \n \v \f \r
}

std::string ReadAll(int fd, std::string_view name) {
  std::string bytes;
  char chunk[1 << 16];
  for (;;) {
    const ssize_t count = read(fd, chunk, sizeof(chunk));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw Failure(fmt::format("{}: {}", name, std::strerror(errno)));
    }
    if (count == 0) {
      return bytes;
    }
    bytes.append(chunk, static_cast<size_t>(count));
    if (bytes.size() > kMaxInputSize) {
      throw Failure(
          fmt::format("{}: more than {} MiB", name, kMaxInputSize >> 20));
    }
  }
}

}  // namespace

std::vector<uint8_t> ParseHex(std::string_view text, std::string_view what) {
  std::vector<uint8_t> bytes;
  bytes.reserve(text.size() / 2);
  int high = -1;  // the first digit of a byte that has begun
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsSpace(c)) {
      continue;
    }
    const int digit = DigitValue(c);
    if (digit < 0) {
      const auto byte = static_cast<unsigned char>(c);
      throw Failure(fmt::format(
          "{}: {} at position {} is no hexadecimal digit", what,
          byte >= 0x20 && byte < 0x7f ? fmt::format("'{}'", c)
                                      : fmt::format("byte 0x{:02x}", byte),
          i + 1));
    }
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  if (high >= 0) {
    throw Failure(fmt::format("{}: an odd number of hexadecimal digits", what));
  }
  return bytes;
}

std::string ReadStandardInput() {
  return ReadAll(STDIN_FILENO, "standard input");
}

std::string ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    throw Failure(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  try {
    std::string bytes = ReadAll(fd, path);
    close(fd);
    return bytes;
  } catch (...) {
    close(fd);
    throw;
  }
}

}  // namespace ebpf::cli
