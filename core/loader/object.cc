// SPDX-License-Identifier: MIT
//
// core/loader/object.h's implementation, but for maps (object_maps.cc) and
// attaching (object_attach.cc).
#include "core/loader/object.h"

#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/attach_target.h"
#include "core/loader/client_calls.h"
#include "core/loader/program_linker.h"
#include "core/platform/time.h"

namespace ebpf::loader {
namespace {

/// The verifier's log gets room of the first size, and more when it does not
/// fit, up to the last.
constexpr uint32_t kFirstLogSize = 16 * 1024;
constexpr uint32_t kLastLogSize = 256 * 1024;

void SetInfo(const ProgramInfo& info, int btf_fd,
             linux_abi::ProgLoadAttr& attr) {
  attr.prog_btf_fd = static_cast<uint32_t>(btf_fd);
  // As libbpf: where one function has no record, none is given.
  if (!info.is_complete()) {
    return;
  }
  attr.func_info_rec_size = sizeof(FunctionRecord);
  attr.func_info = AddressOf(info.functions().data());
  attr.func_info_cnt = static_cast<uint32_t>(info.functions().size());
  attr.line_info_rec_size = sizeof(LineRecord);
  attr.line_info = AddressOf(info.lines().data());
  attr.line_info_cnt = static_cast<uint32_t>(info.lines().size());
}

}  // namespace

/// What one load needs. Allocated: the system call below is to have what a
/// kernel's stack has.
struct Object::Loading : NonCopyable {
  explicit Loading(Object& object)
      : linker(object.file_, object.map_fds_.span(), object.allocator_,
               object.log_, object.kernel_, &object.fields_),
        info(object.allocator_) {}

  ProgramLinker linker;
  ProgramInfo info;
  char license[128] = {};
  linux_abi::ProgLoadAttr attr{};
};

Status Object::Open(ConstBytes file) {
  EBPF_TRY(file_.Read(file, log_));
  EBPF_TRY(map_fds_.Allocate(file_.maps().size()));
  return programs_.Allocate(file_.programs().size());
}

Status Object::Load(uint32_t log_level) {
  EBPF_TRY(CreateMaps());
  for (size_t i = 0; i < programs_.span().size(); ++i) {
    if (!file_.programs()[i].section.only_on_demand) {
      EBPF_TRY(LoadOrLog(i, log_level));
    }
  }
  return FillProgramArrays();
}

Status Object::LoadProgram(size_t index, const LoadRequest& request) {
  ProgramResult& result = programs_[index];
  if (result.fd != 0) {
    return Status::kOk;
  }
  result.was_linked = false;
  const Result<Loading*> loading = allocator_.New<Loading>(*this);
  result.status = loading.status();
  EBPF_TRY(result.status);
  result.status = Prepare(index, request, **loading);
  if (IsOk(result.status)) {
    result.was_linked = true;
    const uint64_t start = ebpf_port_time_ns();
    const Result<int> loaded =
        CallBpf(client_, kernel_, linux_abi::kProgLoad, (*loading)->attr);
    result.load_ns = ebpf_port_time_ns() - start;
    result.status = loaded.status();
    result.fd = loaded.ok() ? *loaded : 0;
  }
  allocator_.Delete(*loading);
  return result.status;
}

Status Object::Prepare(size_t index, const LoadRequest& request,
                       Loading& loading) {
  const ProgramDefinition& definition = file_.programs()[index];
  EBPF_TRY(loading.linker.Link(definition));
  const isa::ConstInsns insns = loading.linker.insns();
  programs_[index].insn_count = static_cast<uint32_t>(insns.size());
  CopyBytes(loading.license, file_.license().data(),
            Min(file_.license().size(), sizeof(loading.license) - 1));
  linux_abi::ProgLoadAttr& attr = loading.attr;
  attr.insn_cnt = programs_[index].insn_count;
  attr.insns = AddressOf(insns.data());
  attr.license = AddressOf(loading.license);
  attr.prog_flags = request.flags;
  SetObjectName(attr.prog_name, definition.name);
  EBPF_TRY(SetTarget(file_, definition, kernel_, attr, log_));
  if (btf_fd_ != 0) {
    EBPF_TRY(loading.info.Read(file_, loading.linker.functions()));
    SetInfo(loading.info, btf_fd_, attr);
  }
  if (request.log_level != 0) {
    attr.log_level = request.log_level;
    attr.log_buf = AddressOf(request.log.data());
    attr.log_size = static_cast<uint32_t>(request.log.size());
  }
  return Status::kOk;
}

void Object::Unload(size_t index) {
  if (programs_[index].fd > 0) {
    CallClose(client_, kernel_, Exchange(programs_[index].fd, 0));
  }
}

Status Object::LoadOrLog(size_t index, uint32_t log_level) {
  // Without a log first: most programs load, and the log costs. As libbpf does.
  Status status = Status::kInvalid;
  if (log_level == 0) {
    status = LoadProgram(index, {});
  }
  if (!IsOk(status) && (log_level != 0 || programs_[index].was_linked)) {
    status = LoadWithLog(index, Max(log_level, uint32_t{1}));
  }
  if (!IsOk(status)) {
    log_.Put("program '").Put(file_.programs()[index].name);
    log_.Put("': refused, errno ").PutUnsigned(static_cast<uint64_t>(status));
    log_.Put("\n");
  }
  return status;
}

Status Object::LoadWithLog(size_t index, uint32_t log_level) {
  for (uint32_t size = kFirstLogSize; size <= kLastLogSize; size *= 4) {
    Buffer<char> text(allocator_);
    if (!IsOk(text.Allocate(size))) {
      break;
    }
    LoadRequest request;
    request.log_level = log_level;
    request.log = text.span();
    const Status status = LoadProgram(index, request);
    const bool has_fit = status != Status::kNoSpace;
    if (has_fit || size == kLastLogSize) {
      log_.Put(StringView::FromField(text.span().data(), size));
    }
    if (has_fit) {
      return status;
    }
  }
  // No room for the log must not hide the verdict.
  return LoadProgram(index, {});
}

void Object::Close() {
  for (int& link : links_) {
    if (link != 0) {
      CallClose(client_, kernel_, Exchange(link, 0));
    }
  }
  for (ProgramResult& program : programs_.span()) {
    if (program.fd > 0) {
      CallClose(client_, kernel_, Exchange(program.fd, 0));
    }
  }
  for (int& fd : map_fds_.span()) {
    if (fd > 0) {
      CallClose(client_, kernel_, Exchange(fd, 0));
    }
  }
  if (btf_fd_ != 0) {
    CallClose(client_, kernel_, Exchange(btf_fd_, 0));
  }
}

Result<size_t> Object::FindProgram(StringView name) const {
  for (size_t i = 0; i < program_count(); ++i) {
    if (file_.programs()[i].name == name) {
      return i;
    }
  }
  return Status::kNotFound;
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
