// SPDX-License-Identifier: MIT
//
// The files of a trace, for tests: as a shell reads and writes them.
#pragma once

#include <cstdint>
#include <string>

#include "core/linux_abi/open_flags.h"
#include "core/syscall/text_calls.h"
#include "testing/caller/test_caller.h"

namespace ebpf {

class TraceFiles {
 public:
  explicit TraceFiles(TestCaller& caller) : caller_(caller) {}

  static std::string PathOf(const std::string& file) {
    return "/sys/kernel/tracing/" + file;
  }

  /// A descriptor, or a negative errno.
  int64_t Open(const std::string& file, uint32_t flags) {
    return OpenText(caller_.client(),
                    caller_.client().Pointer(caller_.Put(PathOf(file).c_str())),
                    flags);
  }
  int64_t WriteFd(int64_t fd, const std::string& text) {
    return Write(
        caller_.client(), static_cast<int32_t>(fd),
        caller_.client().Pointer(caller_.Put(text.data(), text.size())),
        text.size());
  }
  /// At most `size` more; or nothing, and `error` is a negative errno.
  std::string ReadFd(int64_t fd, size_t size, int64_t* error = nullptr) {
    const uint64_t to = caller_.Put(nullptr, size);
    const int64_t count = Read(caller_.client(), static_cast<int32_t>(fd),
                               caller_.client().Pointer(to), size);
    if (error != nullptr) {
      *error = count < 0 ? count : 0;
    }
    return count <= 0 ? ""
                      : std::string(static_cast<char*>(caller_.At(to)),
                                    static_cast<size_t>(count));
  }
  int64_t PollFd(int64_t fd) {
    return Poll(caller_.client(), static_cast<int32_t>(fd));
  }
  void CloseFd(int64_t fd) { caller_.CloseFd(fd); }

  /// echo text > file: what write(2) returns, or a negative errno.
  int64_t Write1(const std::string& file, const std::string& text,
                 uint32_t flags = linux_abi::kOpenWriteOnly |
                                  linux_abi::kOpenTruncate) {
    const int64_t fd = Open(file, flags);
    if (fd < 0) {
      return fd;
    }
    const int64_t count = WriteFd(fd, text);
    CloseFd(fd);
    return count;
  }
  /// cat file; what an error ends in is "!" and the errno.
  std::string ReadAll(const std::string& file, size_t step = 4096) {
    const int64_t fd = Open(file, linux_abi::kOpenReadOnly);
    if (fd < 0) {
      return "!" + std::to_string(-fd);
    }
    std::string all;
    int64_t error = 0;
    for (;;) {
      const std::string some = ReadFd(fd, step, &error);
      if (some.empty()) {
        break;
      }
      all += some;
    }
    CloseFd(fd);
    return error != 0 ? all + "!" + std::to_string(-error) : all;
  }

 private:
  TestCaller& caller_;
};

}  // namespace ebpf
