// SPDX-License-Identifier: MIT
//
// What programs of type syscall ask their kernel for. They leave their run
// meanwhile: it may wait.
#include "core/base/string_view.h"
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/platform/symbols.h"
#include "core/program/task_run.h"

namespace ebpf::helpers {
namespace {

/// `call(services)` outside of the run.
template <typename Call>
uint64_t Outside(Call call) {
  TaskRun* const run = TaskRun::Current();
  if (run == nullptr) {
    return AsResult(Status::kNotPermitted);
  }
  run->Leave();
  const int64_t result = call(run->services());
  // Nobody is in a program where a task goes on.
  while (!run->Enter()) {
  }
  return static_cast<uint64_t>(result);
}

/// The name in memory that ends with a zero; kInvalid: it does not, or is none.
/// Others may write to it meanwhile: nobody looks for a zero behind its size.
Result<StringView> NameIn(uint64_t name, uint64_t size) {
  const auto bytes = static_cast<uint32_t>(size);
  const auto* const text = reinterpret_cast<const char*>(name);
  if (bytes <= 1 || text[bytes - 1] != '\0') {
    return Status::kInvalid;
  }
  return StringView::FromField(text, bytes - 1);
}

}  // namespace

/// long bpf_sys_bpf(cmd, attr, attr_size)
uint64_t SysBpf(uint64_t command, uint64_t attr, uint64_t size, uint64_t,
                uint64_t) {
  return Outside([&](TaskServices& services) {
    return services.Bpf(static_cast<uint32_t>(command),
                        reinterpret_cast<void*>(attr),
                        static_cast<uint32_t>(size));
  });
}

/// long bpf_sys_close(fd)
uint64_t SysClose(uint64_t fd, uint64_t, uint64_t, uint64_t, uint64_t) {
  return Outside([&](TaskServices& services) {
    return services.Close(static_cast<int32_t>(fd));
  });
}

/// long bpf_btf_find_by_name_kind(name, name_sz, kind, flags)
uint64_t BtfFindByNameKind(uint64_t name, uint64_t size, uint64_t kind,
                           uint64_t flags, uint64_t) {
  const Result<StringView> text = NameIn(name, size);
  if (flags != 0 || !text.ok()) {
    return AsResult(Status::kInvalid);
  }
  return Outside([&](TaskServices& services) {
    return services.FindType(*text, static_cast<uint32_t>(kind));
  });
}

/// long bpf_kallsyms_lookup_name(name, name_sz, flags, res)
uint64_t KallsymsLookupName(uint64_t name, uint64_t size, uint64_t flags,
                            uint64_t result, uint64_t) {
  uint64_t& address = *reinterpret_cast<uint64_t*>(result);
  address = 0;
  const Result<StringView> text = NameIn(name, size);
  if (flags != 0 || !text.ok()) {
    return AsResult(Status::kInvalid);
  }
  ebpf_symbol symbol = {};
  if (!ebpf_port_symbol_by_name(text->data(), text->size(), &symbol)) {
    return AsResult(Status::kNotFound);
  }
  address = symbol.address;
  return 0;
}

}  // namespace ebpf::helpers
