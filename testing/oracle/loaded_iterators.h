// SPDX-License-Identifier: MIT
//
// testing/programs/iterators.bpf.c in one of two kernels, and what a client
// does with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/text_writer.h"
#include "core/loader/object.h"
#include "testing/oracle/both_kernels.h"

namespace ebpf::oracle {

inline constexpr uint32_t kTraceIter = 28;

/// The object; names are those of its programs and maps.
class LoadedIterators {
 public:
  /// What cannot be loaded fails the running test. Programs for elements of
  /// maps are left out where `with_elements` is false.
  LoadedIterators(Side& side, bool with_elements);

  Side& side() { return side_; }

  uint32_t Program(const char* name) const;
  uint32_t Map(const char* name) const;

  int64_t Update(const char* map, uint32_t key, const void* value);
  int64_t Delete(const char* map, uint32_t key);
  /// A word of the value; all ones where there is none.
  uint64_t Lookup(const char* map, uint32_t key, size_t word = 0);
  /// As in iterators.bpf.c.
  void Request(uint32_t again_at, uint32_t bytes, uint32_t silent = 0,
               uint32_t write = 0);
  void ClearSeen();
  std::string Seen();
  /// Fills the maps: hashes with five elements, arrays.
  void FillMaps();

  int64_t Link(const char* program, const char* map = nullptr);
  int64_t LinkTo(const char* program, uint32_t map_fd);
  int64_t LinkWith(uint32_t program, const void* info, uint32_t size,
                   uint32_t target_fd = 0, uint32_t flags = 0,
                   uint32_t attach_type = kTraceIter);
  int64_t Open(int64_t link, uint32_t flags = 0);
  /// A file of a new link, which only the file keeps.
  int64_t OpenNew(const char* program, const char* map = nullptr);

  /// All that is left, in reads of `size`.
  std::string ReadAll(int64_t fd, size_t size = 4096);
  /// What reads of these sizes give.
  std::string Reads(int64_t fd, const std::vector<size_t>& sizes);
  /// All that a new link's file gives.
  std::string Dump(const char* program, const char* map = nullptr,
                   size_t size = 4096);

 private:
  Status Load(bool with_elements);

  Side& side_;
  const std::vector<uint8_t> bytes_;
  std::vector<char> text_;
  std::vector<char> verdict_;
  TextWriter log_;
  loader::Object object_;
};

/// Whether the host's kernel takes programs for elements of maps: some hosts
/// refuse even an empty one (EPERM).
bool HostIteratesElements();

/// The lines that contain `part`, sorted; numbers of objects made equal.
std::string LinesWith(const std::string& text, const std::string& part);

}  // namespace ebpf::oracle
