// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_object.h's functions over core/loader.
#include "core/base/text_writer.h"
#include "core/capi/ebpf_object.h"
#include "core/loader/object.h"
#include "core/memory/vector.h"
#include "core/platform/symbols.h"
#include "core/syscall/system.h"

namespace {

using ebpf::Result;
using ebpf::Status;
using ebpf::StringView;

Result<uint64_t> FindKernelSymbol(StringView name) {
  ebpf_symbol symbol;
  if (!ebpf_port_symbol_by_name(name.data(), name.size(), &symbol)) {
    return Status::kNotFound;
  }
  return symbol.address;
}

ebpf::loader::Kernel ThisKernel() {
  ebpf::loader::Kernel kernel;
  if (const ebpf::System* system = ebpf::RunningSystem()) {
    kernel.btf = system->kernel.btf;
  }
  kernel.find_symbol = FindKernelSymbol;
  return kernel;
}

/// The log's text without the zero that ends it.
ebpf::TextWriter WriterOf(const ebpf_object_log& log) {
  return log.size == 0 ? ebpf::TextWriter()
                       : ebpf::TextWriter(log.text, log.size - 1);
}

}  // namespace

struct ebpf_object {
  ebpf_object(ebpf::Client& client, const ebpf_object_log& wanted,
              ebpf::Allocator& memory)
      : log(wanted),
        writer(WriterOf(wanted)),
        allocator(memory),
        object(client, memory, writer, ThisKernel()) {}

  /// What `call` returns, with a log of it alone.
  template <typename Call>
  auto Logged(Call call) {
    writer.Clear();
    auto result = call();
    if (log.size != 0) {
      log.text[writer.text().size()] = '\0';
    }
    return result;
  }

  const ebpf_object_log log;
  ebpf::TextWriter writer;
  ebpf::Allocator& allocator;
  ebpf::loader::Object object;
};

namespace {

int ToReturn(Status status) { return -static_cast<int>(status); }

template <typename T>
int64_t ToReturn(const Result<T>& result) {
  return result.ok() ? static_cast<int64_t>(*result)
                     : -static_cast<int64_t>(result.status());
}

Result<int> ProgramFd(const ebpf::loader::Object& object, StringView name) {
  const int fd = object.program(EBPF_TRY(object.FindProgram(name))).fd;
  return fd > 0 ? Result<int>(fd) : Status::kNotFound;
}

Result<int> Attach(ebpf::loader::Object& object, StringView program,
                   StringView target, uint64_t offset) {
  return object.Attach(EBPF_TRY(object.FindProgram(program)), target, offset);
}

}  // namespace

extern "C" {

int ebpf_object_open(ebpf_client* client, const void* bytes, size_t size,
                     const ebpf_object_log* log, ebpf_object** object) {
  auto& caller = *reinterpret_cast<ebpf::Client*>(client);
  // Everything that the object hands to bpf(2) is in the kernel's memory.
  if (caller.Pointer(0).origin != ebpf::Origin::kKernel) {
    return ToReturn(Status::kInvalid);
  }
  ebpf::Allocator& allocator = ebpf::PortAllocator();
  const Result<ebpf_object*> made = allocator.New<ebpf_object>(
      caller, log != nullptr ? *log : ebpf_object_log{}, allocator);
  Status status = made.status();
  if (IsOk(status)) {
    status = (*made)->Logged([&] {
      return (*made)->object.Open(
          ebpf::ConstBytes(static_cast<const uint8_t*>(bytes), size));
    });
    if (IsOk(status)) {
      *object = *made;
    } else {
      allocator.Delete(*made);
    }
  }
  return ToReturn(status);
}

int ebpf_object_load(ebpf_object* object) {
  return ToReturn(
      object->Logged([&] { return object->object.Load(object->log.level); }));
}

int64_t ebpf_object_map(ebpf_object* object, const char* name) {
  return ToReturn(object->object.MapFd(name));
}

int64_t ebpf_object_program(ebpf_object* object, const char* name) {
  return ToReturn(ProgramFd(object->object, name));
}

int64_t ebpf_object_attach(ebpf_object* object, const char* program,
                           const char* target, uint64_t offset) {
  return ToReturn(object->Logged([&] {
    return Attach(object->object, program, target != nullptr ? target : "",
                  offset);
  }));
}

int64_t ebpf_object_attach_all(ebpf_object* object) {
  return ToReturn(object->Logged([&] { return object->object.AttachAll(); }));
}

int ebpf_object_detach(ebpf_object* object, int64_t attachment) {
  return ToReturn(object->object.Detach(static_cast<int>(attachment)));
}

void ebpf_object_close(ebpf_object* object) {
  object->allocator.Delete(object);
}

}  // extern "C"
