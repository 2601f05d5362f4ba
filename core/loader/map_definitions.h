// SPDX-License-Identifier: MIT
//
// The maps that an object defines in its section ".maps", by BTF.
#pragma once

#include "core/base/text_writer.h"
#include "core/btf/btf.h"
#include "core/maps/map_spec.h"
#include "core/memory/vector.h"

namespace ebpf::loader {

struct MapDefinition {
  StringView name;
  /// The map's place: the section's index in the file, and where in it (set
  /// from the symbol table).
  uint32_t section;
  uint64_t offset;
  MapSpec spec;
  /// What the map holds before any program runs: the bytes of ".data" or
  /// ".rodata"; empty for all others.
  ConstBytes contents;
};

/// Appends the definitions of the data section `section_type` (of kind
/// kDataSection), whose index in the file is `section`. A member is a pointer
/// to an array, whose length is the number, or a pointer to the type of key or
/// value, as libbpf's __uint and __type make them. kInvalid, kNotSupported,
/// with a line in `log`; kNoMemory.
Status ReadMapDefinitions(const btf::Btf& btf, const btf::Type& section_type,
                          uint32_t section, Vector<MapDefinition>& maps,
                          TextWriter& log);

/// Puts `name` into a map's name field: cut, and without what Linux refuses.
void SetMapName(MapSpec& spec, StringView name);

}  // namespace ebpf::loader
