// SPDX-License-Identifier: MIT
//
// core/capi/ebpf.h's functions, each one line over the C++ that does it; the
// hooks of traps are not here but in arch/<isa>/machine/trap.cc.
#include "core/capi/ebpf.h"
#include "core/files/client.h"
#include "core/files/text_walk.h"
#include "core/jit/jit.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/machine/machine_ops.h"
#include "core/objects/cgroup_programs.h"
#include "core/probes/return_hook.h"
#include "core/sync/read_section.h"
#include "core/syscall/bpf.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/obj_pin.h"
#include "core/syscall/perf_event_open.h"
#include "core/syscall/system.h"
#include "core/syscall/text_calls.h"
#include "core/syscall/trace_pipe.h"

namespace {

ebpf::Client& ToClient(ebpf_client* client) {
  return *reinterpret_cast<ebpf::Client*>(client);
}

ebpf::File& ToFile(ebpf_file* file) {
  return *reinterpret_cast<ebpf::File*>(file);
}

}  // namespace

extern "C" {

int ebpf_init(const ebpf_machine* machine, const ebpf_options* options) {
  ebpf::EngineOptions engine;
  if (options != nullptr) {
    engine = {.cpu_features = options->cpu_features,
              .interpret = options->interpret,
              .blind_constants = options->blind_constants};
  }
  return -static_cast<int>(ebpf::InitSystem(
      *reinterpret_cast<const ebpf::machine::MachineOps*>(machine), engine));
}

int ebpf_set_jit(bool enable, bool harden) {
  return -static_cast<int>(ebpf::SelectEngine(enable, harden));
}

bool ebpf_symbol_by_address(uint64_t address, char name[48], uint64_t* begin,
                            uint64_t* size) {
  if (ebpf::RunningSystem() == nullptr) {
    return false;  // and there are no read sections
  }
  uint32_t insn;
  ebpf::ReadSection reading;
  return ebpf::FindJitSymbol(address, *reinterpret_cast<char(*)[48]>(name),
                             begin, size, &insn);
}

void ebpf_exit(void) { ebpf::ExitSystem(); }

void ebpf_task_exit(uint64_t stack_begin, uint64_t stack_end) {
  ebpf::ReturnHook::ForgetCalls(stack_begin, stack_end);
}

ebpf_client* ebpf_client_create(ebpf_origin origin) {
  auto client =
      ebpf::Client::Create(origin == EBPF_ORIGIN_KERNEL ? ebpf::Origin::kKernel
                                                        : ebpf::Origin::kUser,
                           ebpf::PortAllocator());
  return client.ok() ? reinterpret_cast<ebpf_client*>(*client) : nullptr;
}

ebpf_client* ebpf_client_create_for_callers(void) {
  auto client = ebpf::Client::CreateForCallers(ebpf::PortAllocator());
  return client.ok() ? reinterpret_cast<ebpf_client*>(*client) : nullptr;
}

void ebpf_client_limit_memlock(ebpf_client* client, uint64_t bytes) {
  ToClient(client).LimitLockedMemory(bytes);
}

void ebpf_client_delete(ebpf_client* client) { ToClient(client).Delete(); }

int64_t ebpf_bpf(ebpf_client* client, uint32_t command, uint64_t attr,
                 uint32_t size) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::Bpf(caller, command, caller.Pointer(attr), size);
}

int64_t ebpf_perf_event_open(ebpf_client* client, uint64_t attr, int32_t pid,
                             int32_t cpu, int32_t group_fd, uint64_t flags) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::PerfEventOpen(caller, caller.Pointer(attr), pid, cpu, group_fd,
                             flags);
}

int64_t ebpf_close(ebpf_client* client, int32_t fd) {
  return ebpf::Close(ToClient(client), fd);
}

int64_t ebpf_dup(ebpf_client* client, int32_t fd) {
  return ebpf::Dup(ToClient(client), fd);
}

int64_t ebpf_read(ebpf_client* client, int32_t fd, uint64_t to, uint64_t size) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::Read(caller, fd, caller.Pointer(to), size);
}

int64_t ebpf_write(ebpf_client* client, int32_t fd, uint64_t from,
                   uint64_t size) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::Write(caller, fd, caller.Pointer(from), size);
}

int64_t ebpf_poll(ebpf_client* client, int32_t fd) {
  return ebpf::Poll(ToClient(client), fd);
}

int64_t ebpf_ioctl(ebpf_client* client, int32_t fd, uint32_t command,
                   uint64_t argument) {
  return ebpf::Ioctl(ToClient(client), fd, command, argument);
}

int64_t ebpf_fd_wake(ebpf_client* client, int32_t fd, void* file) {
  return ebpf::WakeFdReaders(ToClient(client), fd, file);
}

int64_t ebpf_fd_name(ebpf_client* client, int32_t fd, const char** name) {
  return ebpf::NameFd(ToClient(client), fd, name);
}

int64_t ebpf_fd_info(ebpf_client* client, int32_t fd, char* text, size_t size) {
  return ebpf::DescribeFd(ToClient(client), fd, ebpf::Span<char>(text, size));
}

void ebpf_file_keep(ebpf_file* file) {
  (void)ebpf::Ref<ebpf::File>::Share(ToFile(file)).Leak();
}

void ebpf_file_put(ebpf_file* file) {
  (void)ebpf::Ref<ebpf::File>::Adopt(&ToFile(file));
}

void ebpf_file_put_later(ebpf_file* file) { ToFile(file).ReleaseLater(); }

int64_t ebpf_file_read(ebpf_client* client, ebpf_file* file, uint64_t to,
                       uint64_t size) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::Read(caller, ToFile(file), caller.Pointer(to), size);
}

int64_t ebpf_file_write(ebpf_client* client, ebpf_file* file, uint64_t from,
                        uint64_t size) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::Write(caller, ToFile(file), caller.Pointer(from), size);
}

int64_t ebpf_file_poll(ebpf_file* file) { return ToFile(file).Poll(); }

int64_t ebpf_file_ioctl(ebpf_client* client, ebpf_file* file, uint32_t command,
                        uint64_t argument) {
  return ebpf::Ioctl(ToClient(client), ToFile(file), command, argument);
}

int64_t ebpf_file_mmap(ebpf_client* client, ebpf_file* file, uint64_t offset,
                       uint64_t size, uint32_t protection, ebpf_pages* pages) {
  ebpf::MapPages found;
  const int64_t result = ebpf::Mmap(ToClient(client), ToFile(file), offset,
                                    size, protection, &found);
  if (result == 0) {
    *pages = {found.address, found.size, found.mirrored_size, found.sealed};
  }
  return result;
}

int64_t ebpf_file_wake(ebpf_file* file, void* port_file) {
  return ebpf::WakeReaders(ToFile(file), port_file);
}

const char* ebpf_file_name(ebpf_file* file) { return ToFile(file).name(); }

int64_t ebpf_file_info(ebpf_file* file, char* text, size_t size) {
  return ebpf::Describe(ToFile(file), ebpf::Span<char>(text, size));
}

int64_t ebpf_pin_mkdir(ebpf_client* client, uint64_t path) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::MakePinDirectory(caller, caller.Pointer(path));
}

int64_t ebpf_pin_unlink(ebpf_client* client, uint64_t path) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::UnlinkPin(caller, caller.Pointer(path));
}

int64_t ebpf_pin_rmdir(ebpf_client* client, uint64_t path) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::RemovePinDirectory(caller, caller.Pointer(path));
}

int64_t ebpf_pin_open(ebpf_client* client, uint64_t path) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::OpenPin(caller, caller.Pointer(path));
}

int64_t ebpf_pin_read(ebpf_client* client, uint64_t path, uint32_t index,
                      ebpf_pin_entry* entry) {
  ebpf::Client& caller = ToClient(client);
  // The two entries are one and the same to the byte.
  static_assert(sizeof(ebpf_pin_entry) == sizeof(ebpf::PinEntry));
  return ebpf::ReadPinDirectory(caller, caller.Pointer(path), index,
                                reinterpret_cast<ebpf::PinEntry*>(entry));
}

const char* ebpf_text_path(uint32_t index, uint32_t* mode) {
  const ebpf::TextKind* text = ebpf::TextAt(index);
  *mode = text == nullptr ? 0 : text->mode;
  return text == nullptr ? nullptr : text->path;
}

int64_t ebpf_text_open(ebpf_client* client, uint64_t path, uint32_t flags) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::OpenText(caller, caller.Pointer(path), flags);
}

int64_t ebpf_text_list(ebpf_client* client, uint64_t path, uint32_t index,
                       ebpf_text_entry* entry) {
  ebpf::Client& caller = ToClient(client);
  // The two entries are one and the same to the byte.
  static_assert(sizeof(ebpf_text_entry) == sizeof(ebpf::TextEntry) &&
                offsetof(ebpf_text_entry, mode) ==
                    offsetof(ebpf::TextEntry, mode));
  return ebpf::ReadTextDirectory(caller, caller.Pointer(path), index,
                                 reinterpret_cast<ebpf::TextEntry*>(entry));
}

int64_t ebpf_text_stat(ebpf_client* client, uint64_t path,
                       ebpf_text_entry* entry) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::StatText(caller, caller.Pointer(path),
                        reinterpret_cast<ebpf::TextEntry*>(entry));
}

int64_t ebpf_text_read(ebpf_client* client, uint32_t index, uint64_t offset,
                       uint64_t to, uint64_t size) {
  ebpf::Client& caller = ToClient(client);
  return ebpf::ReadText(caller, index, offset, caller.Pointer(to), size);
}

const void* ebpf_kernel_types(size_t* size) {
  const ebpf::ConstBytes bytes = ebpf::KernelTypeBytes();
  *size = bytes.size();
  return bytes.data();
}

int ebpf_cgroup_device_allowed(const void* cgroup, uint32_t type,
                               uint32_t access, uint32_t major,
                               uint32_t minor) {
  const ebpf::linux_abi::CgroupDeviceContext device = {access << 16 | type,
                                                       major, minor};
  return -static_cast<int>(ebpf::MayUseDevice(cgroup, device));
}

void ebpf_cgroup_removed(const void* cgroup) { ebpf::RemoveCgroup(cgroup); }

int64_t ebpf_mmap(ebpf_client* client, int32_t fd, uint64_t offset,
                  uint64_t size, uint32_t protection, ebpf_pages* pages) {
  ebpf::MapPages found;
  const int64_t result =
      ebpf::Mmap(ToClient(client), fd, offset, size, protection, &found);
  if (result == 0) {
    *pages = {found.address, found.size, found.mirrored_size, found.sealed};
  }
  return result;
}

size_t ebpf_trace_read(char* to, size_t size) {
  return ebpf::ReadTracePipe(ebpf::Span<char>(to, size));
}

}  // extern "C"
