// SPDX-License-Identifier: MIT
//
// The maps that an object defines in its section ".maps", by BTF.
#pragma once

#include "core/base/text_writer.h"
#include "core/btf/btf.h"
#include "core/maps/map_spec.h"
#include "core/memory/vector.h"

namespace ebpf::loader {

/// An object with more maps is refused.
inline constexpr uint32_t kMaxMaps = 64;

/// What one map is to be like.
struct MapShape {
  MapSpec spec;
  uint32_t numa_node = 0;
  /// The types of key and value in the object's BTF; 0: only sizes are known.
  btf::TypeId key_type = 0;
  btf::TypeId value_type = 0;
};

struct MapDefinition : MapShape {
  static constexpr uint64_t kNoPlace = UINT64_MAX;

  StringView name;
  /// The map's place: the section's index in the file, and where in it (set
  /// from the symbol table; kNoPlace before).
  uint32_t section;
  uint64_t offset;
  /// Of a map of maps: what those in it are like.
  bool has_inner;
  MapShape inner;
  /// Where `values` begins in the definition: static initialisers stand there;
  /// 0: it has none.
  uint32_t values_offset;
  /// LIBBPF_PIN_BY_NAME.
  bool is_pinned;
  /// What the map holds before any program runs: the bytes of ".data" or
  /// ".rodata"; empty for all others.
  ConstBytes contents;
};

/// Appends the definitions of the data section `section_type` (of kind
/// kDataSection), whose index in the file is `section`. A member is a pointer
/// to an array, whose length is the number, or a pointer to the type of key or
/// value, or an array of pointers to what `values` holds, as libbpf's __uint,
/// __type and __array make them. kInvalid, kNotSupported, kTooBig (more than
/// kMaxMaps), with a line in `log`; kNoMemory.
Status ReadMapDefinitions(const btf::Btf& btf, const btf::Type& section_type,
                          uint32_t section, Vector<MapDefinition>& maps,
                          TextWriter& log);

/// Puts `name` into the name field of a map or program: cut, and without what
/// Linux refuses.
void SetObjectName(char (&field)[MapSpec::kNameSize], StringView name);

}  // namespace ebpf::loader
