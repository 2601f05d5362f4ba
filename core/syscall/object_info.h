// SPDX-License-Identifier: MIT
//
// What BPF_OBJ_GET_INFO_BY_FD's kinds have in common: structures whose size the
// client chooses, and tables beside them.
#pragma once

#include "core/base/memory.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/program/program.h"
#include "core/syscall/commands.h"

namespace ebpf {

class MapFile;

/// Where the client wants the information, as far as it may be believed.
class InfoRequest {
 public:
  InfoRequest(const Call& call, const linux_abi::ObjectInfoAttr& attr)
      : call_(call),
        to_(call.client.Pointer(attr.info)),
        size_(attr.info_size) {}

  /// Whether what the client gives behind `known` bytes is zero (kTooBig;
  /// kFault). From then on there are at most `size` of it.
  Status CheckTail(size_t known, size_t size);
  Status CheckTail(size_t known) { return CheckTail(known, known); }

  /// The client's structure; zero where it has none. kFault.
  template <typename Info>
  Status CopyIn(Info& info) const {
    FillBytes(&info, 0, sizeof(info));
    return call_.client.CopyIn(&info, to_, size_);
  }
  /// As much of it as the client has room for, and its size. kFault.
  template <typename Info>
  Status CopyOut(const Info& info) const {
    EBPF_TRY(call_.client.CopyOut(to_, &info, size_));
    return call_.client.CopyOut(
        call_.attr.Plus(offsetof(linux_abi::ObjectInfoAttr, info_size)), &size_,
        sizeof(size_));
  }

  const Client& client() const { return call_.client; }
  const System& system() const { return call_.system; }
  Allocator& allocator() const { return *call_.system.allocator; }

 private:
  const Call& call_;
  const CallerPtr to_;
  uint32_t size_;
};

/// Writes as many of `items` to the client's array at `to` as `room` says, and
/// to `room` how many there are. kFault.
template <typename T>
Status CopyTableOut(const Client& client, uint64_t to, uint32_t& room,
                    Span<const T> items) {
  const size_t count = Min<size_t>(room, items.size());
  room = static_cast<uint32_t>(items.size());
  return client.CopyOut(client.Pointer(to), items.data(), count * sizeof(T));
}

/// The information on a program (prog_info.cc). kInvalid, kTooBig, kFault,
/// kNoMemory.
Status GetProgramInfo(InfoRequest& request, const Program& program);

}  // namespace ebpf
