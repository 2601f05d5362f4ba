// SPDX-License-Identifier: MIT
//
// Who calls: credentials, a table of files, and a way to copy memory.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/files/fd_table.h"
#include "core/memory/allocator.h"
#include "core/memory/locked_memory.h"

namespace ebpf {

/// Where a client's pointers point to.
enum class Origin : uint8_t {
  kUser,   // the calling process's memory
  kKernel  // the kernel's own: the in-kernel loader, a unikernel, a test
};

/// A pointer that a client gave, at top level or inside an attribute.
struct CallerPtr {
  uint64_t address;
  Origin origin;

  bool is_null() const { return address == 0; }
  CallerPtr Plus(uint64_t bytes) const { return {address + bytes, origin}; }
};

/// A process of a kernel with processes, the application of a unikernel, the
/// in-kernel loader, a test. Its descriptors are its own; those that are left
/// close with it. Context of all: task.
class Client : public NonCopyable {
 public:
  /// kNoMemory, or a client that Delete() ends.
  static Result<Client*> Create(Origin origin, Allocator& allocator);

  /// Stands for whichever process calls: memory, rights and descriptors are
  /// that one's (core/platform/files.h). kNoMemory.
  static Result<Client*> CreateForCallers(Allocator& allocator);

  /// For what a program that `parent` runs asks for: its pointers are the
  /// kernel's and may be wrong, its descriptors and rights `parent`'s, which
  /// outlives it. kNoMemory.
  static Result<Client*> CreateForProgram(Client& parent, Allocator& allocator);

  /// Closes what is open. Nobody else uses the client any more.
  void Delete();

  /// On whose account memory is that it keeps there by mapping it; null: on
  /// nobody's, since it has CAP_IPC_LOCK.
  LockedMemory* payer();
  /// Linux's RLIMIT_MEMLOCK, as it is there by default until this is called.
  void LimitLockedMemory(uint64_t bytes) { locked_memory_->SetLimit(bytes); }

  FdTable& fds() { return parent_ != nullptr ? parent_->fds() : fds_; }

  /// A pointer in an attribute of this client. A system-call hook makes its
  /// clients with Origin::kUser, so no attribute can reach the kernel's memory.
  CallerPtr Pointer(uint64_t address) const { return {address, origin_}; }

  /// One that is its runner's also where a program gives it, as Linux has it:
  /// nobody who may run programs writes texts to the kernel's memory.
  CallerPtr RunnersPointer(uint64_t address) const {
    return parent_ != nullptr ? parent_->Pointer(address) : Pointer(address);
  }

  /// kFault where the memory is not the client's, with `to` then undefined;
  /// kNotSupported, of a program's, where the port cannot write with faults.
  Status CopyIn(void* to, CallerPtr from, size_t size) const;
  Status CopyOut(CallerPtr to, const void* from, size_t size) const;

  /// Copies a string and its zero into `to`; its length without the zero.
  /// kFault, or kTooBig where no zero is among the first `to.size()` bytes,
  /// which are then in `to`.
  Result<size_t> CopyStringIn(Span<char> to, CallerPtr from) const;

  /// Whether the client may do what Linux asks `capability` for. CAP_SYS_ADMIN
  /// stands for CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN where bpf(2) asks for
  /// these, for no other. The kernel itself may do all.
  bool Capable(int capability) const;
  /// From now on it may do nothing that asks for a capability.
  void DropCapabilities() { may_do_nothing_ = true; }

 private:
  friend class Allocator;

  Client(Origin origin, Allocator& allocator)
      : allocator_(allocator), origin_(origin) {}

  static Result<Client*> Create(Origin origin, bool for_callers,
                                Allocator& allocator);
  Status Init(bool for_callers);

  Client(Client& parent, Allocator& allocator)
      : allocator_(allocator), origin_(Origin::kKernel), parent_(&parent) {}

  Allocator& allocator_;
  const Origin origin_;
  Client* const parent_ = nullptr;
  bool may_do_nothing_ = false;
  Ref<LockedMemory> locked_memory_;  // null where it has a parent
  FdTable fds_;
};

}  // namespace ebpf
