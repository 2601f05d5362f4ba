// SPDX-License-Identifier: MIT
//
// core/files/client.h's implementation.
#include "core/files/client.h"

#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/platform/nofault.h"
#include "core/platform/user.h"

namespace ebpf {
namespace {

/// kFault; kNotSupported where the port cannot write without faults.
Status WriteToKernel(uint64_t to, const void* from, size_t size) {
  const int result =
      ebpf_port_write_nofault(static_cast<uintptr_t>(to), from, size);
  return result == 0 ? Status::kOk : static_cast<Status>(-result);
}

/// How much of a string to copy at once, of at most `room`: it may end right
/// before a page that is not there, so no more than its own page has. What is
/// of the kernel is not read behind its end.
size_t StringPiece(CallerPtr from, size_t room) {
  constexpr uint64_t kPage = 4096;  // or a part of one
  constexpr size_t kPiece = 64;
  if (from.origin == Origin::kKernel) {
    return 1;
  }
  return Min(Min(room, kPiece),
             static_cast<size_t>(kPage - from.address % kPage));
}

/// What was a part of CAP_SYS_ADMIN once, and is granted with it since.
bool IsAdministrators(int capability) {
  return capability == linux_abi::kCapBpf ||
         capability == linux_abi::kCapPerfmon ||
         capability == linux_abi::kCapNetAdmin;
}

}  // namespace

Result<Client*> Client::CreateForProgram(Client& parent, Allocator& allocator) {
  return allocator.New<Client>(parent, allocator);
}

Result<Client*> Client::Create(Origin origin, Allocator& allocator) {
  return Create(origin, false, allocator);
}

Result<Client*> Client::CreateForCallers(Allocator& allocator) {
  return Create(Origin::kUser, true, allocator);
}

Result<Client*> Client::Create(Origin origin, bool for_callers,
                               Allocator& allocator) {
  Client* client = EBPF_TRY(allocator.New<Client>(origin, allocator));
  const Status status = client->Init(for_callers);
  if (!IsOk(status)) {
    allocator.Delete(client);
    return status;
  }
  return client;
}

Status Client::Init(bool for_callers) {
  locked_memory_ = EBPF_TRY(LockedMemory::Create(allocator_));
  if (for_callers) {
    fds_.UseCallers();
    return Status::kOk;
  }
  return fds_.Init(allocator_);
}

LockedMemory* Client::payer() {
  if (parent_ != nullptr) {
    return parent_->payer();
  }
  return Capable(linux_abi::kCapIpcLock) ? nullptr : locked_memory_.get();
}

void Client::Delete() {
  if (parent_ == nullptr) {
    fds_.CloseAll();
  }
  allocator_.Delete(this);
}

Status Client::CopyIn(void* to, CallerPtr from, size_t size) const {
  if (size == 0) {
    return Status::kOk;
  }
  if (from.origin == Origin::kUser) {
    return ebpf_port_copy_from_user(to, from.address, size) ? Status::kOk
                                                            : Status::kFault;
  }
  if (origin_ != Origin::kKernel || from.is_null()) {
    return Status::kFault;
  }
  if (parent_ != nullptr) {
    return ebpf_port_read_nofault(to, static_cast<uintptr_t>(from.address),
                                  size)
               ? Status::kOk
               : Status::kFault;
  }
  memcpy(to, reinterpret_cast<const void*>(from.address), size);
  return Status::kOk;
}

Status Client::CopyOut(CallerPtr to, const void* from, size_t size) const {
  if (size == 0) {
    return Status::kOk;
  }
  if (to.origin == Origin::kUser) {
    return ebpf_port_copy_to_user(to.address, from, size) ? Status::kOk
                                                          : Status::kFault;
  }
  if (origin_ != Origin::kKernel || to.is_null()) {
    return Status::kFault;
  }
  if (parent_ != nullptr) {
    return WriteToKernel(to.address, from, size);
  }
  memcpy(reinterpret_cast<void*>(to.address), from, size);
  return Status::kOk;
}

Result<size_t> Client::CopyStringIn(Span<char> to, CallerPtr from) const {
  for (size_t done = 0; done < to.size();) {
    size_t count = StringPiece(from.Plus(done), to.size() - done);
    if (!IsOk(CopyIn(&to[done], from.Plus(done), count))) {
      // Memory that does not end with a page.
      count = 1;
      EBPF_TRY(CopyIn(&to[done], from.Plus(done), count));
    }
    for (const size_t end = done + count; done < end; ++done) {
      if (to[done] == '\0') {
        return done;
      }
    }
  }
  return Status::kTooBig;
}

bool Client::Capable(int capability) const {
  if (parent_ != nullptr) {
    return parent_->Capable(capability);
  }
  if (may_do_nothing_) {
    return false;
  }
  return origin_ == Origin::kKernel || ebpf_port_capable(capability) ||
         (IsAdministrators(capability) &&
          ebpf_port_capable(linux_abi::kCapSysAdmin));
}

}  // namespace ebpf
