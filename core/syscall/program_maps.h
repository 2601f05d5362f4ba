// SPDX-License-Identifier: MIT
//
// The maps that a program names: by descriptor when it is loaded, by index when
// it is verified, by address when it runs.
#pragma once

#include "core/files/client.h"
#include "core/isa/insn.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/verifier/log.h"

namespace ebpf {

/// References to the maps of one program; given back unless they are taken.
class ProgramMaps : public NonCopyable {
 public:
  static constexpr uint32_t kMaxMaps = 64;  // Linux's MAX_USED_MAPS

  explicit ProgramMaps(Allocator& allocator) : allocator_(allocator) {}
  ~ProgramMaps();

  /// Replaces the descriptor in each LD_IMM64 of a map, or its index in the
  /// client's `fd_array`, by the map's index here; the pseudo source becomes
  /// kPseudoMapFd or kPseudoMapValue. kBadFd, kInvalid (not a map), kTooBig
  /// (too many), kProtocol (an index without an array), with the reason in
  /// `log`; kFault, kNoMemory.
  Status Resolve(const Client& client, FdTable& fds, CallerPtr fd_array,
                 isa::Insns insns, verifier::Log& log);

  /// After verification: replaces each index by the address of the map or of
  /// its value, as ProgramParts wants it.
  void Bind(isa::Insns insns) const;

  Span<Map* const> maps() const {
    return Span<Map* const>(maps_.data(), count_);
  }

  /// An array of exactly the maps with their references, the caller's from now
  /// on. kNoMemory.
  Result<Span<Map*>> Take();

 private:
  Result<uint32_t> IndexOf(FdTable& fds, int32_t fd, verifier::Log& log);

  Allocator& allocator_;
  Span<Map*> maps_;  // kMaxMaps of them
  uint32_t count_ = 0;
};

}  // namespace ebpf
