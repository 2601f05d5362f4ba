// SPDX-License-Identifier: MIT
//
// Attaching programs to tracepoints (core/loader/object.h), as libbpf does: the
// number of an event's type of record is in a file of the kernel's.
#include "core/base/memory.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/linux_abi/perf_event.h"
#include "core/loader/client_calls.h"
#include "core/loader/object.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/perf_event_open.h"
#include "core/syscall/text_calls.h"

namespace ebpf::loader {
namespace {

/// Longer names of a system and an event no kernel has.
constexpr size_t kMaxPathSize = 256;

/// A whole number and the end of the line.
Result<uint64_t> ParseId(StringView text) {
  uint64_t id = 0;
  size_t at = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    id = id * 10 + static_cast<uint64_t>(text[at] - '0');
  }
  if (at == 0 || at > 5 || !(text.Substring(at) == StringView("\n"))) {
    return Status::kInvalid;
  }
  return id;
}

/// Of event "system/name".
Result<uint64_t> ReadId(Client& client, StringView event) {
  char path[kMaxPathSize];
  TextWriter writer(path, sizeof(path));
  writer.Put("/sys/kernel/tracing/events/").Put(event).Put("/id").Put('\0');
  if (writer.truncated()) {
    return Status::kNotFound;
  }
  const int fd =
      EBPF_TRY(ToResult(OpenText(client, client.Pointer(AddressOf(path)))));
  char text[16];
  const Result<int> size =
      ToResult(Read(client, fd, client.Pointer(AddressOf(text)), sizeof(text)));
  (void)ebpf::Close(client, fd);
  EBPF_TRY(size.status());
  return ParseId(StringView(text, static_cast<size_t>(*size)));
}

}  // namespace

Result<int> Object::OpenTracepoint(StringView target) {
  const size_t slash = target.Find('/');
  if (slash == 0 || slash + 1 >= target.size()) {
    return Status::kInvalid;
  }
  linux_abi::PerfEventAttr attr{};
  attr.type = linux_abi::kPerfTypeTracepoint;
  attr.size = sizeof(attr);
  attr.config = EBPF_TRY(ReadId(client_, target));
  attr.flags = linux_abi::kPerfDisabled;
  return ToResult(PerfEventOpen(client_, client_.Pointer(AddressOf(&attr)), -1,
                                0, -1, linux_abi::kPerfFlagFdCloexec));
}

Result<int> Object::OpenRawTracepoint(size_t index, StringView name) {
  linux_abi::RawTracepointAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(programs_[index].fd);
  Buffer<char> text(allocator_);
  const ProgramSection& section = file_.programs()[index].section;
  if (section.target == SectionTarget::kTypedef) {
    // What it is for was said when it was loaded.
    if (!(name == section.function)) {
      return Status::kInvalid;
    }
  } else if (name.empty()) {
    return Status::kInvalid;
  } else {
    EBPF_TRY(text.Allocate(name.size() + 1));
    CopyBytes(text.span().data(), name.data(), name.size());
    attr.name = AddressOf(text.span().data());
  }
  return CallBpf(client_, kernel_, linux_abi::kRawTracepointOpen, attr);
}

}  // namespace ebpf::loader
