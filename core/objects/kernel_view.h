// SPDX-License-Identifier: MIT
//
// Objects as programs see them through typed pointers: the structs of
// kernel_types.bpf.c, filled from an object for the time that a program looks
// at it.
#pragma once

#include <stdint.h>

#include "core/maps/map.h"
#include "core/objects/link.h"
#include "core/program/program.h"

namespace ebpf::kernel_view {

/// struct bpf_map.
struct MapView {
  uint32_t map_type;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint64_t map_extra;
  uint32_t map_flags;
  uint32_t id;
  uint32_t btf_key_type_id;
  uint32_t btf_value_type_id;
  char name[MapSpec::kNameSize];
  int64_t refcnt;
  int64_t usercnt;
  bool frozen;
};

/// struct bpf_prog_aux. The pointers live as long as the program.
struct ProgramAuxView {
  int64_t refcnt;
  uint32_t used_map_cnt;
  uint32_t func_cnt;
  uint32_t id;
  uint32_t attach_btf_id;
  uint32_t func_info_cnt;
  uint32_t verified_insns;
  const char* attach_func_name;
  void* dst_prog;  // null: programs are attached to no others
  void* btf;       // null: a program's types are no struct here
  const linux_abi::FunctionInfo* func_info;
  uint64_t load_time;
  char name[ProgramParts::kNameSize];
};

/// struct bpf_prog; `aux` is the one beside it.
struct ProgramView {
  uint32_t type;
  uint32_t expected_attach_type;
  uint32_t len;
  uint32_t jited_len;
  uint8_t tag[kTagSize];
  const ProgramAuxView* aux;
};

/// struct bpf_link; `prog` is the one beside it.
struct LinkView {
  int64_t refcnt;
  uint32_t id;
  uint32_t type;
  const ProgramView* prog;
};

/// struct bpf_iter_meta.
struct IteratorMeta {
  uint64_t seq;  // SeqBuffer::argument()
  uint64_t session_id;
  uint64_t seq_num;
};

/// A program with what its view points to, which stays where it is.
struct WholeProgram {
  ProgramView program;
  ProgramAuxView aux;
};
/// The same of a link.
struct WholeLink {
  LinkView link;
  WholeProgram attached;
};

// What `view` says from now on of an object that the caller holds. Numbers that
// change are those of this moment; a link's program is held by the caller, too.
// Context: task.

void Fill(const Map& map, MapView& view);
/// `kernel` are the types by which the program says what it is attached to.
void Fill(const Program& program, const btf::Btf& kernel, WholeProgram& view);
void Fill(const Link& link, const Program& program, const btf::Btf& kernel,
          WholeLink& view);

}  // namespace ebpf::kernel_view
