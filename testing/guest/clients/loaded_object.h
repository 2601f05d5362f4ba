// SPDX-License-Identifier: MIT
//
// An object in a client of its own, attached as its sections say.
#pragma once

#include "core/capi/ebpf.h"
#include "core/files/client.h"
#include "core/loader/object.h"
#include "core/memory/allocator.h"
#include "testing/demo/client_calls.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"

namespace guest {

class LoadedObject {
 public:
  /// `bytes`, and what `kernel` names, outlive it. loaded() tells whether it
  /// went well; the log is printed where not.
  explicit LoadedObject(ebpf::ConstBytes bytes,
                        const ebpf::loader::Kernel& kernel = {})
      : client_(ebpf_client_create(EBPF_ORIGIN_KERNEL)),
        log_buffer_(*ebpf::PortAllocator().NewArray<char>(kLogSize)),
        log_(log_buffer_.data(), kLogSize),
        object_(*reinterpret_cast<ebpf::Client*>(client_),
                ebpf::PortAllocator(), log_, kernel) {
    loaded_ = IsOk(object_.Open(bytes)) && IsOk(object_.Load());
    if (!loaded_) {
      PrintLine(log_.text());
    }
  }
  ~LoadedObject() {
    object_.Close();
    ebpf_client_delete(client_);
    ebpf::PortAllocator().DeleteArray(log_buffer_);
  }

  bool loaded() const { return loaded_; }
  ebpf_client* client() { return client_; }
  ebpf::loader::Object& object() { return object_; }

  /// The program whose function's name this is; program_count() if none is.
  size_t IndexOf(ebpf::StringView program) const {
    const ebpf::Result<size_t> index = object_.FindProgram(program);
    return index.ok() ? *index : object_.program_count();
  }

  /// Attaches it to what its section says: a link, or a negative errno.
  int64_t Attach(ebpf::StringView program) {
    const ebpf::Result<int> link = object_.Attach(IndexOf(program), "");
    return link.ok() ? *link : -static_cast<int64_t>(link.status());
  }

  /// All of .bss.
  template <typename T>
  T Variables() {
    T values = {};
    const uint32_t zero = 0;
    const ebpf::Result<int> map = object_.MapFd(".bss");
    GUEST_EXPECT(map.ok() &&
                 demo::LookupElem(client_, *map, &zero, &values) == 0);
    return values;
  }

 private:
  static constexpr size_t kLogSize = 4096;

  ebpf_client* const client_;
  const ebpf::Span<char> log_buffer_;  // not on a kernel's stack
  ebpf::TextWriter log_;
  ebpf::loader::Object object_;
  bool loaded_ = false;
};

}  // namespace guest
