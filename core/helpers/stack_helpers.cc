// SPDX-License-Identifier: MIT
//
// Helpers on stacks.
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/interrupted_registers.h"
#include "core/helpers/result.h"
#include "core/linux_abi/bpf.h"
#include "core/machine/real_address.h"
#include "core/maps/stack_trace_map.h"
#include "core/platform/stack.h"
#include "core/program/program.h"
#include "core/program/run_context.h"

namespace ebpf::helpers {
namespace {

/// At most `capacity` frames of the stack that `flags` ask for, behind those
/// that they skip; in `run`'s scratch memory. kFault where there are none.
Result<Span<const uint64_t>> Walk(RunContext& run, uint64_t context,
                                  uint64_t flags, size_t capacity) {
  const size_t skip = static_cast<size_t>(flags & linux_abi::kStackSkipMask);
  const bool user = (flags & linux_abi::kStackUser) != 0;
  const InterruptedRegisters at = FindRegisters(run, context);
  if (at.in_user && !user) {
    return Status::kFault;  // the kernel had not been entered
  }
  const size_t count = ebpf_port_stack_walk(
      at.regs, user, run.scratch, Min<size_t>(skip + capacity, kScratchWords));
  if (count <= skip) {
    return Status::kFault;
  }
  for (size_t i = skip; i < count && !user; ++i) {
    run.scratch[i] = machine::RealAddress(run.scratch[i]);
  }
  return Span<const uint64_t>(run.scratch + skip, count - skip);
}

Result<uint32_t> StackId(uint64_t context, StackTraceMap& map, uint64_t flags) {
  constexpr uint64_t kFlags =
      linux_abi::kStackSkipMask | linux_abi::kStackUser |
      linux_abi::kStackCompareHashes | linux_abi::kStackReuseId;
  if ((flags & ~kFlags) != 0) {
    return Status::kInvalid;
  }
  const Span<const uint64_t> frames =
      EBPF_TRY(Walk(*CurrentRun(), context, flags, map.capacity()));
  StackTraceMap::Options options;
  options.by_hash = (flags & linux_abi::kStackCompareHashes) != 0;
  options.replaces = (flags & linux_abi::kStackReuseId) != 0;
  return map.Put(frames, options);
}

/// Bytes written to `to`.
Result<size_t> CopyStack(uint64_t context, Bytes to, uint64_t flags) {
  constexpr uint64_t kFlags = linux_abi::kStackSkipMask | linux_abi::kStackUser;
  if ((flags & ~kFlags) != 0 || to.size() % sizeof(uint64_t) != 0) {
    return Status::kInvalid;
  }
  const Span<const uint64_t> frames = EBPF_TRY(
      Walk(*CurrentRun(), context, flags,
           Min<size_t>(to.size() / sizeof(uint64_t), kMaxStackFrames)));
  const size_t bytes = frames.size() * sizeof(uint64_t);
  CopyBytes(to.data(), frames.data(), bytes);
  FillBytes(to.data() + bytes, 0, to.size() - bytes);
  return bytes;
}

}  // namespace

/// long bpf_get_stackid(ctx, map, flags)
uint64_t GetStackid(uint64_t context, uint64_t map, uint64_t flags, uint64_t,
                    uint64_t) {
  const Result<uint32_t> id = StackId(
      context, StackTraceMap::From(*reinterpret_cast<Map*>(map)), flags);
  return id.ok() ? *id : AsResult(id.status());
}

/// long bpf_get_stack(ctx, buf, size, flags): zeros on failure.
uint64_t GetStack(uint64_t context, uint64_t buffer, uint64_t size,
                  uint64_t flags, uint64_t) {
  const Bytes to(reinterpret_cast<uint8_t*>(buffer), static_cast<size_t>(size));
  const Result<size_t> bytes = CopyStack(context, to, flags);
  if (!bytes.ok()) {
    FillBytes(to.data(), 0, to.size());
    return AsResult(bytes.status());
  }
  return *bytes;
}

}  // namespace ebpf::helpers
