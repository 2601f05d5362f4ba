// SPDX-License-Identifier: MIT
//
// An object whose CO-RE relocations are done, and forgotten: for whoever loads
// it into a kernel of other types than his own.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace ebpf::testing_core_relo {

/// A relocation that cannot be done, with core/btf's log.
class RelocationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The section's bytes, or nothing.
std::vector<uint8_t> SectionOf(const std::vector<uint8_t>& object,
                               const std::string& name);

/// `object`, its instructions patched for a kernel with the types of the BTF
/// blob `kernel`. Throws RelocationError; std::runtime_error where one of the
/// two cannot be read.
std::vector<uint8_t> RelocateObject(std::vector<uint8_t> object,
                                    const std::vector<uint8_t>& kernel);

}  // namespace ebpf::testing_core_relo
