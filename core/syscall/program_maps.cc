// SPDX-License-Identifier: MIT
//
// core/syscall/program_maps.h's implementation.
#include "core/syscall/program_maps.h"

#include "core/files/map_file.h"

namespace ebpf {
ProgramMaps::~ProgramMaps() {
  for (uint32_t i = 0; i < count_; ++i) {
    maps_[i]->Release();
  }
  allocator_.DeleteArray(maps_);
}

Result<uint32_t> ProgramMaps::IndexOf(FdTable& fds, int32_t fd,
                                      verifier::Log& log) {
  Result<Ref<File>> file = fds.Get(fd);
  MapFile* map_file = file.ok() ? (*file)->AsMap() : nullptr;
  if (map_file == nullptr) {
    log.writer().Put("fd ").PutSigned(fd).Put(
        " is not pointing to valid bpf_map\n");
    return file.ok() ? Status::kInvalid : file.status();
  }
  Map& map = map_file->map();
  for (uint32_t i = 0; i < count_; ++i) {
    if (maps_[i] == &map) {
      return i;
    }
  }
  if (count_ == kMaxMaps) {
    log.writer()
        .Put(
            "The total number of maps per program has reached the "
            "limit of ")
        .PutUnsigned(kMaxMaps)
        .Put("\n");
    return Status::kTooBig;
  }
  map.Acquire();
  maps_[count_] = &map;
  return count_++;
}

Status ProgramMaps::Resolve(const Client& client, FdTable& fds,
                            CallerPtr fd_array, isa::Insns insns,
                            verifier::Log& log) {
  maps_ = EBPF_TRY(allocator_.NewArray<Map*>(kMaxMaps));
  // The second slot of an LD_IMM64 is data; one without it is refused by the
  // verifier, as is a pseudo source that is not looked at here.
  for (size_t i = 0; i + 1 < insns.size(); ++i) {
    isa::Insn& insn = insns[i];
    if (insn.opcode != isa::kLdImm64Opcode) {
      continue;
    }
    ++i;
    int32_t fd = insn.imm;
    switch (insn.src) {
      case isa::kPseudoMapIdx:
      case isa::kPseudoMapIdxValue:
        if (fd_array.is_null()) {
          log.writer().Put("fd_idx without fd_array is invalid\n");
          return Status::kProtocol;
        }
        if (insn.imm < 0) {
          return Status::kFault;
        }
        EBPF_TRY(client.CopyIn(&fd,
                               fd_array.Plus(uint64_t{sizeof(fd)} *
                                             static_cast<uint32_t>(insn.imm)),
                               sizeof(fd)));
        insn.src = insn.src == isa::kPseudoMapIdx ? isa::kPseudoMapFd
                                                  : isa::kPseudoMapValue;
        break;
      case isa::kPseudoMapFd:
      case isa::kPseudoMapValue:
        break;
      default:
        continue;
    }
    insn.imm = static_cast<int32_t>(EBPF_TRY(IndexOf(fds, fd, log)));
  }
  return Status::kOk;
}

void ProgramMaps::Bind(isa::Insns insns) const {
  for (size_t i = 0; i + 1 < insns.size(); ++i) {
    isa::Insn& low = insns[i];
    if (low.opcode != isa::kLdImm64Opcode) {
      continue;
    }
    isa::Insn& high = insns[++i];
    uint64_t address;
    if (low.src == isa::kPseudoMapFd) {
      address =
          reinterpret_cast<uint64_t>(maps_[static_cast<uint32_t>(low.imm)]);
    } else if (low.src == isa::kPseudoMapValue) {
      // The verifier has checked that the map has a direct value.
      Result<Bytes> value =
          maps_[static_cast<uint32_t>(low.imm)]->DirectValue();
      EBPF_ASSERT(value.ok());
      address = reinterpret_cast<uint64_t>(value->data()) +
                static_cast<uint32_t>(high.imm);
    } else {
      continue;
    }
    low.src = isa::kPseudoNone;
    low.imm = static_cast<int32_t>(static_cast<uint32_t>(address));
    high.imm = static_cast<int32_t>(static_cast<uint32_t>(address >> 32));
  }
}

Result<Span<Map*>> ProgramMaps::Take() {
  Span<Map*> exact = EBPF_TRY(allocator_.NewArray<Map*>(count_));
  for (uint32_t i = 0; i < count_; ++i) {
    exact[i] = maps_[i];
  }
  count_ = 0;
  return exact;
}

}  // namespace ebpf
