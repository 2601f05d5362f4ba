// SPDX-License-Identifier: MIT
//
// Objects in the host's kernel, loaded by the host's libbpf: what programs
// leave behind there is what they should leave behind here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

struct bpf_object;
struct bpf_program;

namespace ebpf::oracle {

/// The programs of an object by name, each run once by BPF_PROG_TEST_RUN, in
/// the object's order.
struct HostRun {
  /// Why there is nothing: no libbpf, or what it said. Empty: all is well.
  std::string error;
  std::vector<std::string> programs;
  std::vector<uint32_t> results;
  /// The value of the map ".bss" afterwards.
  std::vector<uint8_t> data;
};

/// An object in the host's kernel.
class HostObject {
 public:
  /// What stands in the way is then in error().
  explicit HostObject(const std::vector<uint8_t>& object);
  ~HostObject();
  HostObject(const HostObject&) = delete;
  HostObject& operator=(const HostObject&) = delete;

  const std::string& error() const { return error_; }
  const std::vector<std::string>& programs() const { return names_; }
  /// Runs program `index`; false and an error. `duration`: nanoseconds, as the
  /// kernel measured it.
  bool Run(size_t index, uint32_t& result, uint32_t& duration);
  /// The descriptor of a map whose name ends so, or -1, and its value's size.
  int MapFd(const std::string& end, uint32_t* value_size = nullptr) const;
  /// The value under key 0.
  bool ReadFirst(const std::string& map_end, std::vector<uint8_t>& value);

 private:
  bpf_object* loaded_ = nullptr;
  std::vector<bpf_program*> programs_;
  std::vector<std::string> names_;
  std::string error_;
};

/// Loads the bytes of an object, runs its programs, and calls `after` with the
/// name of each that has run.
HostRun RunOnHost(const std::vector<uint8_t>& object,
                  const std::function<void(const std::string&)>& after);

/// Whether libbpf and bpf(2) are there.
bool HasHostObjects();

}  // namespace ebpf::oracle
