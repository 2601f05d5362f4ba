// SPDX-License-Identifier: MIT
//
// core/files/map_file.h's implementation.
#include "core/files/map_file.h"

#include "core/files/client.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/maps/ring_reader.h"
#include "core/memory/buffer.h"

namespace ebpf {

Result<FileAccess> AccessOf(uint32_t flags) {
  const bool no_writes = (flags & linux_abi::kMapReadOnly) != 0;
  const bool no_reads = (flags & linux_abi::kMapWriteOnly) != 0;
  if (no_writes && no_reads) {
    return Status::kInvalid;
  }
  return no_writes  ? FileAccess::kRead
         : no_reads ? FileAccess::kWrite
                    : FileAccess::kReadWrite;
}

Result<Ref<File>> MapFile::Create(Ref<Map> map, FileAccess access,
                                  Allocator& allocator) {
  MapFile* file =
      EBPF_TRY(allocator.New<MapFile>(Move(map), access, allocator));
  return Ref<File>::Adopt(file);
}

Result<Ref<File>> MapFile::Reopen(uint32_t flags, Allocator& allocator) {
  const FileAccess access = EBPF_TRY(AccessOf(flags));
  return Create(map_, access, allocator);
}

Result<size_t> MapFile::Read(Client& client, CallerPtr to, size_t size) {
  if (!Allows(FileAccess::kRead)) {
    return Status::kBadFd;
  }
  if (map_->spec().type != MapType::kRingBuffer) {
    return Status::kInvalid;
  }
  if ((map_->Poll() & linux_abi::kPollIn) == 0) {
    return Status::kTryAgain;
  }
  Buffer<uint8_t> record(allocator_);
  // No record is larger than its ring.
  EBPF_TRY(record.Allocate(Min<size_t>(size, map_->spec().max_entries)));
  const Bytes bytes = record.span();
  // Zeros first: an address that cannot be written must not cost a record.
  EBPF_TRY(client.CopyOut(to, bytes.data(), bytes.size()));
  const size_t count = EBPF_TRY(ReadRingRecord(*map_, bytes));
  EBPF_TRY(client.CopyOut(to, bytes.data(), count));
  return count;
}

uint32_t MapFile::Poll() { return map_->Poll(); }

Status MapFile::WakeReaders(void* file) {
  const MutexGuard guard(mutex_);
  if (wakes_) {
    return Status::kBusy;
  }
  waker_.file = file;
  wakes_ = IsOk(map_->AddListener(waker_));
  return wakes_ ? Status::kOk : Status::kNotSupported;
}

Result<MapPages> MapFile::Mmap(Client& /*client*/, uint64_t offset,
                               uint64_t size, uint32_t protection) {
  // Locks and timers in values are the kernel's own.
  if (!map_->fields().empty()) {
    return Status::kNotSupportedLinux;
  }
  const bool write = (protection & linux_abi::kProtWrite) != 0;
  const bool is_read_only = !Allows(FileAccess::kWrite);
  if (!Allows(FileAccess::kRead) || (write && is_read_only)) {
    return Status::kAccess;
  }
  if (write && map_->frozen()) {
    return Status::kNotPermitted;
  }
  Result<MapPages> pages = map_->Pages(offset, size, write);
  // Linux takes a shared mapping of a read-only file for a private one, and
  // there are none of maps.
  if (pages.ok() && is_read_only) {
    return Status::kInvalid;
  }
  if (pages.ok() && map_->frozen()) {
    pages->sealed = true;
  }
  return pages;
}

void MapFile::Destroy() {
  {
    const MutexGuard guard(mutex_);
    if (wakes_) {
      map_->RemoveListener(waker_);
    }
  }
  map_->ReleaseUser(this);
  allocator_.Delete(this);
}

}  // namespace ebpf
