// SPDX-License-Identifier: MIT
//
// A process that loads one object, as run and verify do: into this process's
// kernel or into the host's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/files/client.h"
#include "core/loader/object.h"

namespace ebpf::cli {

/// Makes an object of `kernel` ask the host's kernel instead of this process's.
void AskHost(loader::Kernel& kernel);

/// An object and the client whose descriptors its maps and programs are.
class ObjectClient {
 public:
  /// `kernel` as the object takes it. Throws Failure where memory ends.
  explicit ObjectClient(const loader::Kernel& kernel);
  ~ObjectClient();
  ObjectClient(const ObjectClient&) = delete;
  ObjectClient& operator=(const ObjectClient&) = delete;

  /// Reads the object; `bytes` outlives this.
  Status Open(const std::vector<uint8_t>& bytes);

  /// bpf(2) in whichever kernel the object is in: what it returns, or a
  /// negative errno.
  int64_t Call(uint32_t command, void* attr, uint32_t size);

  Client& client() { return *client_; }
  loader::Object& object() { return *object_; }
  const loader::ObjectFile& file() const { return object_->file(); }

  /// How much the loader has said so far.
  size_t log_position() const { return log_.wanted(); }
  /// What it said after `position`; all that is left where that is gone.
  std::string LoaderLog(size_t position = 0) const;

 private:
  const loader::Kernel kernel_;
  std::vector<char> log_text_;
  TextWriter log_;
  Client* client_ = nullptr;
  std::optional<loader::Object> object_;
};

}  // namespace ebpf::cli
