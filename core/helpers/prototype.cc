// SPDX-License-Identifier: MIT
//
// helpers.def as a table.
#include "core/helpers/prototype.h"

#include "core/helpers/functions.h"
#include "core/maps/map_spec.h"

namespace ebpf {
namespace {

// The words of helpers.def.
constexpr uint32_t Bit(ProgramTypeId type) {
  return uint32_t{1} << static_cast<uint32_t>(type);
}
constexpr uint32_t kTypesAll = ~uint32_t{0};
constexpr uint32_t kTypesTracing = Bit(ProgramTypeId::kKprobe);

constexpr uint64_t Bit(MapType type) {
  return uint64_t{1} << static_cast<uint32_t>(type);
}
constexpr uint64_t kMapsNone = 0;
constexpr uint64_t kMapsPrograms = Bit(MapType::kProgArray);
constexpr uint64_t kMapsRing = Bit(MapType::kRingBuffer);
constexpr uint64_t kMapsKeyed =
    Bit(MapType::kHash) | Bit(MapType::kArray) | Bit(MapType::kPerCpuArray);

constexpr bool kLicenseAny = false;
constexpr bool kLicenseGpl = true;

enum class Reference : uint8_t { kNone, kAcquires, kReleases };

constexpr HelperPrototype kHelpers[] = {
#define EBPF_HELPER(id, name, function, result, a1, a2, a3, a4, a5, types, \
                    license, reference, maps)                              \
  {id,                                                                     \
   #name,                                                                  \
   helpers::function,                                                      \
   ReturnKind::k##result,                                                  \
   {ArgKind::k##a1, ArgKind::k##a2, ArgKind::k##a3, ArgKind::k##a4,        \
    ArgKind::k##a5},                                                       \
   kLicense##license,                                                      \
   Reference::k##reference == Reference::kAcquires,                        \
   Reference::k##reference == Reference::kReleases,                        \
   kTypes##types,                                                          \
   kMaps##maps,                                                            \
   {},                                                                     \
   {}},
#define EBPF_HELPER_KNOWN(id, name)                                      \
  {id, #name, nullptr, ReturnKind::kInteger, {}, false, false, false, 0, \
   0,  {},    {}},
#include "core/helpers/helpers.def"
#undef EBPF_HELPER_KNOWN
#undef EBPF_HELPER
};

constexpr uint32_t kHelperCount = sizeof(kHelpers) / sizeof(kHelpers[0]);

/// The ids count from 1 without a gap, so an id is a place in the table.
constexpr bool InOrder() {
  for (uint32_t i = 0; i < kHelperCount; ++i) {
    if (kHelpers[i].id != i + 1) {
      return false;
    }
  }
  return true;
}
static_assert(InOrder());

}  // namespace

const HelperPrototype* FindHelper(uint32_t id) {
  return id == 0 || id > kHelperCount ? nullptr : &kHelpers[id - 1];
}

bool HelperAllowed(const HelperPrototype& helper, ProgramTypeId type) {
  return (helper.types & Bit(type)) != 0;
}

bool HelperTakesMap(const HelperPrototype& helper, uint32_t map_type) {
  return map_type < 64 && (helper.map_types >> map_type & 1) != 0;
}

}  // namespace ebpf
