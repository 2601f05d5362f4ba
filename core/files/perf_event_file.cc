// SPDX-License-Identifier: MIT
//
// core/files/perf_event_file.h's implementation.
#include "core/files/perf_event_file.h"

#include "core/files/client.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/memory/buffer.h"
#include "core/tracepoints/filter.h"

namespace ebpf {

Status RedirectOutput(PerfEvent& event, PerfEvent& to) {
  SampledEvent* const from = event.AsSampled();
  SampledEvent* const other = to.AsSampled();
  return from == nullptr || other == nullptr ? Status::kInvalid
                                             : from->SetOutput(other);
}

Result<Ref<File>> PerfEventFile::Create(Ref<PerfEvent> event,
                                        uint64_t read_format,
                                        Allocator& allocator) {
  PerfEventFile* file = EBPF_TRY(
      allocator.New<PerfEventFile>(Move(event), read_format, allocator));
  return Ref<File>::Adopt(file);
}

Result<size_t> PerfEventFile::Read(Client& client, CallerPtr to, size_t size) {
  const ReadingBytes reading(read_format_, event_->Read());
  const ConstBytes bytes = reading.bytes();
  if (size < bytes.size()) {
    return Status::kNoSpace;
  }
  EBPF_TRY(client.CopyOut(to, bytes.data(), bytes.size()));
  return bytes.size();
}

uint32_t PerfEventFile::Poll() { return event_->Poll(); }

Status PerfEventFile::WakeReaders(void* file) {
  const MutexGuard guard(mutex_);
  if (ring_) {
    return Status::kBusy;
  }
  SampledEvent* const sampled = event_->AsSampled();
  if (sampled != nullptr) {
    ring_ = sampled->MappedRing();
  }
  if (!ring_) {
    return Status::kNotSupported;
  }
  waker_.file = file;
  ring_->notifier().Add(waker_);
  return Status::kOk;
}

Result<MapPages> PerfEventFile::Mmap(Client& client, uint64_t offset,
                                     uint64_t size, uint32_t protection) {
  return event_->Mmap(offset, size, protection, client.payer());
}

Status PerfEventFile::Ioctl(Client& client, uint32_t command,
                            uint64_t argument) {
  switch (command) {
    case linux_abi::kPerfIocEnable:
      return event_->Enable();
    case linux_abi::kPerfIocDisable:
      event_->Disable();
      return Status::kOk;
    case linux_abi::kPerfIocReset:
      event_->ResetCount();
      return Status::kOk;
    case linux_abi::kPerfIocId: {
      const uint64_t id = event_->id();
      return client.CopyOut(client.Pointer(argument), &id, sizeof(id));
    }
    case linux_abi::kPerfIocSetBpf:
      return SetProgram(client, argument);
    case linux_abi::kPerfIocQueryBpf:
      return ListPrograms(client, argument);
    case linux_abi::kPerfIocSetFilter:
      return SetFilter(client, argument);
    case linux_abi::kPerfIocPeriod:
    case linux_abi::kPerfIocRefresh:
    case linux_abi::kPerfIocSetOutput:
    case linux_abi::kPerfIocPauseOutput: {
      SampledEvent* const sampled = event_->AsSampled();
      return sampled == nullptr ? Status::kInvalid
                                : Sampling(client, *sampled, command, argument);
    }
    default:
      return Status::kNotTty;
  }
}

Status PerfEventFile::Sampling(Client& client, SampledEvent& event,
                               uint32_t command, uint64_t argument) {
  switch (command) {
    case linux_abi::kPerfIocPeriod: {
      uint64_t period;
      EBPF_TRY(
          client.CopyIn(&period, client.Pointer(argument), sizeof(period)));
      return event.SetPeriod(period);
    }
    case linux_abi::kPerfIocRefresh:
      return event.Refresh(static_cast<uint32_t>(argument));
    case linux_abi::kPerfIocPauseOutput:
      return event.PauseOutput(static_cast<uint32_t>(argument) != 0);
    default:
      break;
  }
  if (argument == UINT64_MAX) {  // a long -1
    return event.SetOutput(nullptr);
  }
  Ref<File> other = EBPF_TRY(client.fds().Get(static_cast<int32_t>(argument)));
  if (other->AsPerfEvent() == nullptr) {
    return Status::kBadFd;
  }
  return RedirectOutput(event, other->AsPerfEvent()->event());
}

Status PerfEventFile::SetProgram(Client& client, uint64_t argument) {
  Ref<File> file = EBPF_TRY(client.fds().Get(static_cast<int32_t>(argument)));
  ProgramFile* program = file->AsProgram();
  if (program == nullptr) {
    return Status::kInvalid;
  }
  return event_->SetProgram(program->program(), 0);
}

Status PerfEventFile::SetFilter(Client& client, uint64_t argument) {
  constexpr size_t kSize = EventFilter::kMaxTextSize + 1;
  Buffer<char> text(allocator_);
  EBPF_TRY(text.Allocate(kSize));
  const Result<size_t> length =
      client.CopyStringIn(text.span(), client.Pointer(argument));
  if (length.status() == Status::kTooBig) {
    return Status::kInvalid;
  }
  EBPF_TRY(length.status());
  return event_->SetFilter(StringView(text.span().data(), *length));
}

/// kNoSpace: there are more programs than the client has room for.
Status PerfEventFile::ListPrograms(Client& client, uint64_t argument) {
  if (!client.Capable(linux_abi::kCapPerfmon)) {
    return Status::kNotPermitted;
  }
  uint32_t ids[linux_abi::kMaxTracePrograms] = {};
  const uint32_t count = EBPF_TRY(event_->ListPrograms(ids));
  const CallerPtr at = client.Pointer(argument);
  linux_abi::PerfQueryBpf query;
  EBPF_TRY(client.CopyIn(&query, at, sizeof(query)));
  if (query.ids_len > linux_abi::kMaxTracePrograms) {
    return Status::kTooBig;
  }
  EBPF_TRY(client.CopyOut(at.Plus(offsetof(linux_abi::PerfQueryBpf, prog_cnt)),
                          &count, sizeof(count)));
  EBPF_TRY(client.CopyOut(at.Plus(sizeof(query)), ids,
                          query.ids_len * sizeof(ids[0])));
  return query.ids_len != 0 && count > query.ids_len ? Status::kNoSpace
                                                     : Status::kOk;
}

void PerfEventFile::Destroy() {
  {
    const MutexGuard guard(mutex_);
    if (ring_) {
      ring_->notifier().Remove(waker_);
    }
  }
  allocator_.Delete(this);
}

}  // namespace ebpf
