// SPDX-License-Identifier: MIT
//
// A path in a client's memory, and who asks for what it names.
#pragma once

#include "core/base/string_view.h"
#include "core/files/client.h"
#include "core/files/pin_store.h"
#include "core/memory/buffer.h"

namespace ebpf {

/// The task that calls, as files see it. Context: task.
PinUser UserOf(const Client& client);

/// Context of all: task.
class ClientPath {
 public:
  explicit ClientPath(Allocator& allocator) : characters_(allocator) {}

  /// kFault, kNameTooLong, kNoMemory.
  Status CopyIn(const Client& client, CallerPtr from);

  StringView text() const { return text_; }

 private:
  Buffer<char> characters_;
  StringView text_;
};

}  // namespace ebpf
