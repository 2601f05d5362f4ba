// SPDX-License-Identifier: MIT
//
// A kernel's ELF file: its functions with their code, and what of its text no
// probe may stand on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/span.h"
#include "core/machine/machine_ops.h"

namespace ebpf::cli {

/// Addresses from `begin` up to and without `end`.
struct AddressRange {
  uint64_t begin;
  uint64_t end;
  std::string name;
};

struct KernelFunction {
  std::vector<std::string> names;  // several of one address: aliases
  uint64_t address;
  std::vector<uint8_t> code;
  std::string section;
};

struct KernelImage {
  const machine::MachineOps* machine;
  /// The length of the instruction that `code` begins with; kBadSequence.
  Result<uint8_t> (*insn_size)(ConstBytes code);
  /// How many bytes a jump in place of a breakpoint would cover at a function's
  /// entry; fails where none can stand. Null: nobody knows on this CPU.
  Result<uint8_t> (*entry_window)(ConstBytes code, uint64_t function);
  /// In order of address; they do not overlap.
  std::vector<KernelFunction> functions;
  /// The section ebpf_noprobe, or what is between the symbols that a linker
  /// script has around it; in order, and they do not overlap.
  std::vector<AddressRange> unprobeable;
  /// Data inside of text, where the file says so (AArch64, RISC-V); likewise.
  std::vector<AddressRange> data;
};

/// The image in `file`, the bytes of an ELF file. Failure, a sentence that
/// begins with `name`: no ELF file for one of the CPUs, not linked, malformed,
/// without symbols, without a function. Takes memory and time as the file's
/// size, whatever is in it.
KernelImage ReadKernelImage(const std::string& file, const std::string& name);

/// The range of `ranges`, which are in order, that `address` is in, or null.
const AddressRange* FindRange(const std::vector<AddressRange>& ranges,
                              uint64_t address);

}  // namespace ebpf::cli
