// SPDX-License-Identifier: MIT
//
// Makes BTF for tests, type by type.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/btf/btf.h"

namespace ebpf::btf {

/// Builds a BTF blob type by type.
class Builder {
 public:
  /// Makes it a split BTF on top of `base`, which is complete; first of all.
  void ContinueFrom(const Builder& base) {
    first_name_ =
        base.first_name_ + static_cast<uint32_t>(base.strings_.size());
    next_id_ = base.next_id_;
    strings_.clear();
  }
  uint32_t Name(const std::string& name) {
    const auto at = first_name_ + static_cast<uint32_t>(strings_.size());
    strings_ += name + '\0';
    return at;
  }
  /// Its id.
  uint32_t Add(Kind kind, uint32_t name, uint32_t size_or_type,
               const std::vector<uint32_t>& tail = {}, uint32_t count = 0) {
    return AddRaw(name, static_cast<uint32_t>(kind) << 24 | count, size_or_type,
                  tail);
  }
  /// With kind_flag.
  uint32_t AddFlagged(Kind kind, uint32_t name, uint32_t size_or_type,
                      const std::vector<uint32_t>& tail = {},
                      uint32_t count = 0) {
    return AddRaw(name, 1u << 31 | static_cast<uint32_t>(kind) << 24 | count,
                  size_or_type, tail);
  }
  struct Member {
    const char* name;
    uint32_t type;
    uint32_t offset;  // in bytes
  };
  uint32_t AddStruct(const char* name, uint32_t size,
                     const std::vector<Member>& members) {
    std::vector<uint32_t> tail;
    for (const Member& member : members) {
      tail.insert(tail.end(),
                  {Name(member.name), member.type, member.offset * 8});
    }
    return Add(Kind::kStruct, Name(name), size, tail,
               static_cast<uint32_t>(members.size()));
  }
  /// With an info word of one's own.
  uint32_t AddRaw(uint32_t name, uint32_t info, uint32_t size_or_type,
                  const std::vector<uint32_t>& tail = {}) {
    types_.push_back(name);
    types_.push_back(info);
    types_.push_back(size_or_type);
    types_.insert(types_.end(), tail.begin(), tail.end());
    return next_id_++;
  }
  std::vector<uint8_t> Blob() const {
    const uint32_t type_size = static_cast<uint32_t>(types_.size() * 4);
    std::vector<uint32_t> words = {
        0x0001eb9f, 24,        0,
        type_size,  type_size, static_cast<uint32_t>(strings_.size())};
    words.insert(words.end(), types_.begin(), types_.end());
    std::vector<uint8_t> blob(words.size() * 4);
    memcpy(blob.data(), words.data(), blob.size());
    blob.insert(blob.end(), strings_.begin(), strings_.end());
    return blob;
  }

 private:
  std::string strings_ = std::string(1, '\0');
  std::vector<uint32_t> types_;
  uint32_t first_name_ = 0;
  uint32_t next_id_ = 1;
};

}  // namespace ebpf::btf
