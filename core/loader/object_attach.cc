// SPDX-License-Identifier: MIT
//
// Attaching an object's programs (core/loader/object.h).
#include "core/base/memory.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/linux_abi/perf_event.h"
#include "core/loader/client_calls.h"
#include "core/loader/object.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/perf_event_open.h"

namespace ebpf::loader {
namespace {

/// What a program is attached to by Object::Attach; empty: nothing.
StringView NameOf(SectionTarget target) {
  switch (target) {
    case SectionTarget::kKprobe:
      return "kprobe";
    case SectionTarget::kKretprobe:
      return "kretprobe";
    case SectionTarget::kTracepoint:
      return "tracepoint";
    case SectionTarget::kRawTracepoint:
    case SectionTarget::kTypedef:
      return "raw tracepoint";
    default:
      return "";
  }
}

/// Whether it is all that an attachment needs.
bool SaysToWhat(const ProgramSection& section) {
  return !section.function.empty() &&
         (section.target == SectionTarget::kKprobes ||
          !NameOf(section.target).empty());
}

}  // namespace

Result<int> Object::OpenKprobe(StringView function, uint64_t offset,
                               bool returns) {
  if (function.empty()) {
    return Status::kInvalid;
  }
  Buffer<char> name(allocator_);
  EBPF_TRY(name.Allocate(function.size() + 1));
  CopyBytes(name.span().data(), function.data(), function.size());
  linux_abi::PerfEventAttr attr{};
  attr.type = linux_abi::kPerfTypeKprobe;
  attr.size = sizeof(attr);
  attr.config = returns ? linux_abi::kPerfKprobeReturn : 0;
  attr.config1 = AddressOf(name.span().data());
  attr.config2 = offset;
  attr.flags = linux_abi::kPerfDisabled;
  return ToResult(PerfEventOpen(client_, client_.Pointer(AddressOf(&attr)), -1,
                                0, -1, linux_abi::kPerfFlagFdCloexec));
}

Result<int> Object::RunAt(Result<int> event, size_t index) {
  EBPF_TRY(event.status());
  Status status = ToResult(Ioctl(client_, *event, linux_abi::kPerfIocSetBpf,
                                 static_cast<uint64_t>(programs_[index].fd)))
                      .status();
  if (IsOk(status)) {
    status =
        ToResult(Ioctl(client_, *event, linux_abi::kPerfIocEnable, 0)).status();
  }
  if (!IsOk(status)) {
    (void)ebpf::Close(client_, *event);
    return status;
  }
  return event;
}

Result<int> Object::AttachTo(size_t index, StringView target, uint64_t offset) {
  const ProgramSection& section = file_.programs()[index].section;
  switch (section.target) {
    case SectionTarget::kKprobe:
    case SectionTarget::kKretprobe:
      return RunAt(OpenKprobe(target, offset,
                              section.target == SectionTarget::kKretprobe),
                   index);
    case SectionTarget::kTracepoint:
      return offset != 0 ? Result<int>(Status::kInvalid)
                         : RunAt(OpenTracepoint(target), index);
    case SectionTarget::kRawTracepoint:
    case SectionTarget::kTypedef:
      return offset != 0 ? Result<int>(Status::kInvalid)
                         : OpenRawTracepoint(index, target);
    default:
      return Status::kNotSupported;
  }
}

Result<int> Object::Attach(size_t index, StringView target, uint64_t offset) {
  if (index >= program_count() || programs_[index].fd <= 0) {
    return Status::kInvalid;
  }
  const ProgramSection& section = file_.programs()[index].section;
  if (section.target == SectionTarget::kKprobes) {
    return offset != 0 ? Result<int>(Status::kInvalid)
                       : AttachMany(index, {.pattern = target});
  }
  const StringView kind = NameOf(section.target);
  if (kind.empty()) {
    return RefuseSection(index);
  }
  if (target.empty()) {
    target = section.function;
    offset = section.offset;
  }
  // Before there is a descriptor to lose.
  int* const link = EBPF_TRY(FreeLink());
  const Result<int> made = AttachTo(index, target, offset);
  if (!made.ok()) {
    log_.Put(kind).Put(" '").Put(target).Put("': errno ");
    log_.PutUnsigned(static_cast<uint64_t>(made.status())).Put("\n");
    return made.status();
  }
  *link = *made;
  return int{*made};
}

Result<uint32_t> Object::AttachAll() {
  Vector<int> attached(allocator_);
  EBPF_TRY(attached.Reserve(program_count()));
  for (size_t i = 0; i < program_count(); ++i) {
    if (programs_[i].fd <= 0 || !SaysToWhat(file_.programs()[i].section)) {
      continue;
    }
    const Result<int> link = Attach(i, "");
    if (!link.ok()) {
      for (const int made : attached) {
        (void)Detach(made);
      }
      return link.status();
    }
    EBPF_TRY(attached.PushBack(*link));  // there is room
  }
  return static_cast<uint32_t>(attached.size());
}

Result<int> Object::AttachIterator(size_t index, int map_fd) {
  if (index >= program_count() || programs_[index].fd <= 0) {
    return Status::kInvalid;
  }
  const ProgramSection& section = file_.programs()[index].section;
  if (section.target != SectionTarget::kIterator) {
    return RefuseSection(index);
  }
  int* const link = EBPF_TRY(FreeLink());
  const linux_abi::IteratorLinkInfo info = {static_cast<uint32_t>(map_fd), {}};
  linux_abi::LinkCreateAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(programs_[index].fd);
  attr.attach_type = section.attach_type;
  if (map_fd != 0) {
    attr.details[0] = AddressOf(&info);
    attr.details[1] = sizeof(info);
  }
  const Result<int> made =
      CallBpf(client_, kernel_, linux_abi::kLinkCreate, attr);
  if (!made.ok()) {
    log_.Put("iterator '").Put(section.function).Put("': errno ");
    log_.PutUnsigned(static_cast<uint64_t>(made.status())).Put("\n");
    return made.status();
  }
  *link = *made;
  return int{*made};
}

Status Object::RefuseSection(size_t index) {
  const ProgramDefinition& program = file_.programs()[index];
  log_.Put("program '").Put(program.name).Put("': section '");
  log_.Put(program.section_name);
  log_.Put("' is for nothing that can be attached so\n");
  return Status::kNotSupported;
}

Result<int*> Object::FreeLink() {
  for (int& known : links_) {
    if (known == 0) {
      return &known;
    }
  }
  EBPF_TRY(links_.PushBack(0));
  return links_.end() - 1;
}

Status Object::Detach(int link) {
  for (int& known : links_) {
    if (known == link && link != 0) {
      known = 0;
      CallClose(client_, kernel_, link);
      return Status::kOk;
    }
  }
  return Status::kBadFd;
}

}  // namespace ebpf::loader
