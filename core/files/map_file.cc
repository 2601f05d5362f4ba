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

Result<Ref<File>> MapFile::Create(Ref<Map> map, Allocator& allocator) {
  MapFile* file = EBPF_TRY(allocator.New<MapFile>(Move(map), allocator));
  return Ref<File>::Adopt(file);
}

// As in Linux, BPF_F_RDONLY and BPF_F_WRONLY are how the descriptor is open.
Result<size_t> MapFile::Read(Client& client, CallerPtr to, size_t size) {
  if ((map_->spec().flags & linux_abi::kMapWriteOnly) != 0) {
    return Status::kBadFd;
  }
  if (map_->spec().type != MapType::kRingBuffer) {
    return Status::kInvalid;
  }
  if (!map_->Readable()) {
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

uint32_t MapFile::Poll() {
  if (map_->spec().type != MapType::kRingBuffer) {
    return linux_abi::kPollErr;
  }
  return map_->Readable() ? linux_abi::kPollIn | linux_abi::kPollReadNormal : 0;
}

Result<MapPages> MapFile::Mmap(uint64_t offset, uint64_t size,
                               uint32_t protection) {
  const bool write = (protection & linux_abi::kProtWrite) != 0;
  const bool is_read_only = (map_->spec().flags & linux_abi::kMapReadOnly) != 0;
  if ((map_->spec().flags & linux_abi::kMapWriteOnly) != 0 ||
      (write && is_read_only)) {
    return Status::kAccess;
  }
  if (write && map_->frozen()) {
    return Status::kNotPermitted;
  }
  Result<MapPages> pages = map_->Pages(offset, size, write);
  // Linux takes a shared mapping of a read-only file for a private one, and
  // there are none of maps.
  return pages.ok() && is_read_only ? Status::kInvalid : Move(pages);
}

void MapFile::Destroy() {
  map_->ReleaseUser(this);
  allocator_.Delete(this);
}

}  // namespace ebpf
