// SPDX-License-Identifier: MIT
//
// A descriptor of a map.
#pragma once

#include "core/files/file.h"
#include "core/maps/map.h"

namespace ebpf {

/// A ring buffer can be read, polled and mapped; arrays made with
/// BPF_F_MMAPABLE can be mapped. read(2) on a ring, which Linux lacks, is for
/// clients that cannot map memory: one call gives the next record whole.
class MapFile final : public File {
 public:
  static Result<Ref<File>> Create(Ref<Map> map, Allocator& allocator);

  Map& map() { return *map_; }

  const char* name() const override { return "anon_inode:bpf-map"; }
  MapFile* AsMap() override { return this; }
  Result<size_t> Read(Client& client, CallerPtr to, size_t size) override;
  uint32_t Poll() override;
  Result<MapPages> Mmap(uint64_t offset, uint64_t size,
                        uint32_t protection) override;

 private:
  friend class Allocator;

  MapFile(Ref<Map> map, Allocator& allocator)
      : map_(Move(map)), allocator_(allocator) {
    map_->AcquireUser();
  }
  void Destroy() override;

  Ref<Map> map_;
  Allocator& allocator_;
};

}  // namespace ebpf
