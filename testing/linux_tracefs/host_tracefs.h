// SPDX-License-Identifier: MIT
//
// The host's tracefs, for comparisons with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace ebpf {

/// An instance of its own (Documentation/trace/ftrace.rst, "Instances"): what
/// is enabled and filtered in it is seen nowhere else. Mounted where only this
/// process sees it, and gone with the object.
class HostTracefs {
 public:
  /// Null where this process may not; `reason` says why.
  static std::unique_ptr<HostTracefs> Open(std::string* reason);
  ~HostTracefs();
  HostTracefs(const HostTracefs&) = delete;

  /// 0 or an errno.
  int Write(const std::string& file, const std::string& text) const;
  std::string Read(const std::string& file) const;
  /// Where this process sees `file`.
  std::string PathOf(const std::string& file) const {
    return instance_ + "/" + file;
  }

  /// What write(2) returns, or a negative errno, also open(2)'s; `flags` are
  /// open(2)'s.
  int64_t Put(const std::string& file, const std::string& text,
              int flags) const;
  /// As Read; what an error ends in is "!" and the errno.
  std::string Get(const std::string& file) const;
  /// open(2)'s descriptor, or a negative errno.
  int Open(const std::string& file, int flags) const;

 private:
  explicit HostTracefs(std::string mount) : mount_(std::move(mount)) {}

  std::string mount_;
  std::string instance_;
};

}  // namespace ebpf
