// SPDX-License-Identifier: MIT
//
// core/files/stats_file.h's implementation.
#include "core/files/stats_file.h"

namespace ebpf {

Result<Ref<File>> StatsFile::Create(Allocator& allocator) {
  StatsFile* file = EBPF_TRY(allocator.New<StatsFile>(allocator));
  return Ref<File>::Adopt(file);
}

}  // namespace ebpf
