// SPDX-License-Identifier: MIT
//
// BPF_OBJ_GET_INFO_BY_FD for tests of what objects tell.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/program/program.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {

class ObjectInfoTest : public SyscallTest {
 protected:
  /// The call with `size` bytes at `at`; the size that came back is in `size_`.
  int64_t GetAt(int64_t fd, uint64_t at, uint32_t size) {
    const uint64_t attr = caller_.Put(
        linux_abi::ObjectInfoAttr{static_cast<uint32_t>(fd), size, at});
    const int64_t result = caller_.BpfAt(linux_abi::kObjGetInfoByFd, attr,
                                         sizeof(linux_abi::ObjectInfoAttr));
    size_ = caller_.Get<linux_abi::ObjectInfoAttr>(attr).info_size;
    return result;
  }
  /// `info` is in and out.
  template <typename Info>
  int64_t Get(int64_t fd, Info& info) {
    const uint64_t at = caller_.Put(info);
    const int64_t result = GetAt(fd, at, sizeof(info));
    info = caller_.Get<Info>(at);
    return result;
  }
  template <typename T>
  std::vector<T> Read(uint64_t at, size_t count) {
    std::vector<T> values(count);
    memcpy(values.data(), caller_.At(at), count * sizeof(T));
    return values;
  }
  Ref<Program> ProgramOf(int64_t fd) {
    return (*caller_.client().fds().Get(fd))->AsProgram()->program();
  }

  uint32_t size_ = 0;
};

}  // namespace ebpf
