// SPDX-License-Identifier: MIT
//
// Reads .BTF.ext, which says of the instructions in an object's sections which
// functions and source lines they are and what CO-RE has to patch there.
#pragma once

#include "core/btf/btf.h"

namespace ebpf::btf {

/// The tables of .BTF.ext.
enum class ExtTable : uint8_t {
  kFunctions,    // struct bpf_func_info, 8 bytes
  kLines,        // struct bpf_line_info, 16 bytes
  kRelocations,  // struct bpf_core_relo, 16 bytes
};

/// What a table says of one section. A record begins with the offset in bytes
/// of its instruction in that section; newer compilers may make it longer.
struct ExtSection {
  NameOffset name;
  uint32_t record_size;
  uint32_t record_count;
  ConstBytes records;

  ConstBytes RecordAt(uint32_t index) const {
    return records.Subspan(size_t{record_size} * index, record_size);
  }
};

/// A view of .BTF.ext; `bytes` outlive it. Context: any.
class BtfExt {
 public:
  /// Checks the header and each section of each table. kInvalid.
  static Result<BtfExt> Open(ConstBytes bytes);

  /// The sections of a table, one after the other: `at` is 0 first and is moved
  /// on. kNotFound when there are no more.
  Result<ExtSection> NextSection(ExtTable table, size_t& at) const;

 private:
  BtfExt() = default;

  static constexpr size_t kTableCount = 3;
  ConstBytes tables_[kTableCount];
};

}  // namespace ebpf::btf
