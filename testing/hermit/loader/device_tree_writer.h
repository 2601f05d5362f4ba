// SPDX-License-Identifier: MIT
//
// Writes a flattened device tree, for machines that come without one.
// [devicetree: chapter 5, Flattened Devicetree Format]
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"

namespace hermit {

/// Nodes and properties are written in the tree's order, and Finish() ends it.
/// What does not fit into `memory` is left out, and Finish() says so.
class DeviceTreeWriter {
 public:
  explicit DeviceTreeWriter(ebpf::Bytes memory);

  void BeginNode(ebpf::StringView name);
  void EndNode();
  void Property(ebpf::StringView name, ebpf::ConstBytes value);
  void Text(ebpf::StringView name, ebpf::StringView text);
  void Cell(ebpf::StringView name, uint32_t cell);
  void Range(ebpf::StringView name, uint64_t begin, uint64_t size);

  /// The tree's size, or 0 if it did not fit. Once, behind the root's EndNode.
  size_t Finish();

 private:
  void PutWord(uint32_t word);
  void PutBytes(ebpf::ConstBytes bytes);
  void SetWord(size_t offset, uint32_t word);

  const ebpf::Bytes memory_;
  size_t at_;
  uint8_t names_[256] = {};
  size_t names_size_ = 0;
  bool fits_ = true;
};

}  // namespace hermit
