// SPDX-License-Identifier: MIT
//
// core/loader/object.h's implementation.
#include "core/loader/object.h"

#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/loader/program_linker.h"
#include "core/syscall/bpf.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/perf_event_open.h"

namespace ebpf::loader {
namespace {

/// The verifier's log gets room of the first size, and more when it does not
/// fit, up to the last.
constexpr uint32_t kFirstLogSize = 16 * 1024;
constexpr uint32_t kLastLogSize = 256 * 1024;

uint64_t AddressOf(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

/// A system call's result as ours: a descriptor or 0, or the errno's Status.
Result<int> ToResult(int64_t value) {
  if (value < 0) {
    return static_cast<Status>(-value);
  }
  return static_cast<int>(value);
}

template <typename Attr>
Result<int> CallBpf(Client& client, uint32_t command, const Attr& attr) {
  return ToResult(
      Bpf(client, command, client.Pointer(AddressOf(&attr)), sizeof(attr)));
}

}  // namespace

Status Object::Open(ConstBytes file) {
  EBPF_TRY(file_.Read(file, log_));
  EBPF_TRY(map_fds_.Allocate(file_.maps().size()));
  return programs_.Allocate(file_.programs().size());
}

Status Object::CreateMap(const MapDefinition& definition, int& fd) {
  linux_abi::MapCreateAttr attr{};
  attr.map_type = static_cast<uint32_t>(definition.spec.type);
  attr.key_size = definition.spec.key_size;
  attr.value_size = definition.spec.value_size;
  attr.max_entries = definition.spec.max_entries;
  attr.map_flags = definition.spec.flags;
  CopyBytes(attr.map_name, definition.spec.name, sizeof(attr.map_name));
  Result<int> made = CallBpf(client_, linux_abi::kMapCreate, attr);
  if (!made.ok()) {
    log_.Put("map '").Put(definition.name).Put("': cannot be created, errno ");
    log_.PutUnsigned(static_cast<uint64_t>(made.status())).Put("\n");
    return made.status();
  }
  const Status filled = FillMap(definition, *made);
  if (!IsOk(filled)) {
    (void)ebpf::Close(client_, *made);
    log_.Put("map '").Put(definition.name).Put("': cannot be filled\n");
    return filled;
  }
  fd = *made;
  return Status::kOk;
}

Status Object::FillMap(const MapDefinition& definition, int fd) {
  if (definition.contents.empty()) {
    return Status::kOk;
  }
  const uint32_t key = 0;
  linux_abi::MapElemAttr update{};
  update.map_fd = static_cast<uint32_t>(fd);
  update.key = AddressOf(&key);
  update.value = AddressOf(definition.contents.data());
  return CallBpf(client_, linux_abi::kMapUpdateElem, update).status();
}

Status Object::Load(uint32_t log_level) {
  for (size_t i = 0; i < map_fds_.span().size(); ++i) {
    if (map_fds_[i] == 0) {
      EBPF_TRY(CreateMap(file_.maps()[i], map_fds_[i]));
    }
  }
  for (size_t i = 0; i < programs_.span().size(); ++i) {
    ProgramResult& result = programs_[i];
    if (result.fd == 0) {
      result.status = LoadProgram(file_.programs()[i], log_level, result);
      EBPF_TRY(result.status);
    }
  }
  return Status::kOk;
}

Status Object::LoadProgram(const ProgramDefinition& definition,
                           uint32_t log_level, ProgramResult& result) {
  ProgramLinker linker(file_, map_fds_.span(), allocator_, log_);
  EBPF_TRY(linker.Link(definition));
  result.insn_count = static_cast<uint32_t>(linker.insns().size());

  char license[128] = {};
  CopyBytes(license, file_.license().data(),
            Min(file_.license().size(), sizeof(license) - 1));
  linux_abi::ProgLoadAttr attr{};
  attr.prog_type = static_cast<uint32_t>(definition.section.type);
  attr.insn_cnt = result.insn_count;
  attr.insns = AddressOf(linker.insns().data());
  attr.license = AddressOf(license);
  SetObjectName(attr.prog_name, definition.name);
  // Without a log first: most programs load, and the log costs. As libbpf does.
  Result<int> loaded = Status::kInvalid;
  if (log_level == 0) {
    loaded = CallBpf(client_, linux_abi::kProgLoad, attr);
  }
  if (!loaded.ok()) {
    loaded = LoadWithLog(attr, Max(log_level, uint32_t{1}));
  }
  if (!loaded.ok()) {
    log_.Put("program '").Put(definition.name).Put("': refused, errno ");
    log_.PutUnsigned(static_cast<uint64_t>(loaded.status())).Put("\n");
    return loaded.status();
  }
  result.fd = *loaded;
  return Status::kOk;
}

Result<int> Object::LoadWithLog(linux_abi::ProgLoadAttr& attr,
                                uint32_t log_level) {
  for (uint32_t size = kFirstLogSize; size <= kLastLogSize; size *= 4) {
    Buffer<char> text(allocator_);
    if (!IsOk(text.Allocate(size))) {
      break;
    }
    attr.log_level = log_level;
    attr.log_buf = AddressOf(text.span().data());
    attr.log_size = size;
    Result<int> loaded = CallBpf(client_, linux_abi::kProgLoad, attr);
    const bool has_fit = loaded.status() != Status::kNoSpace;
    if (has_fit || size == kLastLogSize) {
      log_.Put(StringView::FromField(text.span().data(), size));
    }
    if (has_fit) {
      return loaded;
    }
  }
  // No room for the log must not hide the verdict.
  attr.log_level = attr.log_size = 0;
  attr.log_buf = 0;
  return CallBpf(client_, linux_abi::kProgLoad, attr);
}

Result<int> Object::OpenEvent(StringView function, uint64_t offset) {
  if (function.empty()) {
    return Status::kInvalid;
  }
  Buffer<char> name(allocator_);
  EBPF_TRY(name.Allocate(function.size() + 1));
  CopyBytes(name.span().data(), function.data(), function.size());
  linux_abi::PerfEventAttr attr{};
  attr.type = linux_abi::kPerfTypeKprobe;
  attr.size = sizeof(attr);
  attr.config1 = AddressOf(name.span().data());
  attr.config2 = offset;
  attr.flags = linux_abi::kPerfDisabled;
  return ToResult(PerfEventOpen(client_, client_.Pointer(AddressOf(&attr)), -1,
                                0, -1, linux_abi::kPerfFlagFdCloexec));
}

Result<int> Object::Attach(size_t index, StringView function, uint64_t offset) {
  if (index >= program_count() || programs_[index].fd <= 0) {
    return Status::kInvalid;
  }
  const ProgramSection& section = file_.programs()[index].section;
  if (section.type != ProgramTypeId::kKprobe) {
    return Status::kNotSupported;
  }
  if (function.empty()) {
    function = section.function;
    offset = section.offset;
  }
  int* link = nullptr;
  for (int& known : links_) {
    link = known == 0 ? &known : link;
  }
  if (link == nullptr) {  // before there is a descriptor to lose
    EBPF_TRY(links_.PushBack(0));
    link = links_.end() - 1;
  }
  const Result<int> event = OpenEvent(function, offset);
  Status status = event.status();
  if (event.ok()) {
    status = ToResult(Ioctl(client_, *event, linux_abi::kPerfIocSetBpf,
                            static_cast<uint64_t>(programs_[index].fd)))
                 .status();
    if (IsOk(status)) {
      status = ToResult(Ioctl(client_, *event, linux_abi::kPerfIocEnable, 0))
                   .status();
    }
    if (!IsOk(status)) {
      (void)ebpf::Close(client_, *event);
    }
  }
  if (!IsOk(status)) {
    log_.Put("kprobe '").Put(function).Put("': errno ");
    log_.PutUnsigned(static_cast<uint64_t>(status)).Put("\n");
    return status;
  }
  *link = *event;
  return int{*event};
}

Status Object::Detach(int link) {
  for (int& known : links_) {
    if (known == link && link != 0) {
      known = 0;
      return ToResult(ebpf::Close(client_, link)).status();
    }
  }
  return Status::kBadFd;
}

void Object::Close() {
  for (int& link : links_) {
    if (link != 0) {
      (void)ebpf::Close(client_, Exchange(link, 0));
    }
  }
  for (ProgramResult& program : programs_.span()) {
    if (program.fd > 0) {
      (void)ebpf::Close(client_, Exchange(program.fd, 0));
    }
  }
  for (int& fd : map_fds_.span()) {
    if (fd > 0) {
      (void)ebpf::Close(client_, Exchange(fd, 0));
    }
  }
}

Result<int> Object::MapFd(StringView name) const {
  for (size_t i = 0; i < file_.maps().size(); ++i) {
    if (file_.maps()[i].name == name && map_fds_[i] > 0) {
      return int{map_fds_[i]};
    }
  }
  return Status::kNotFound;
}

}  // namespace ebpf::loader
