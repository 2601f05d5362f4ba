// SPDX-License-Identifier: MIT
//
// Special fields of map values and of objects (core/maps/map_fields.h): which
// accesses may touch them, and pointers that are kept in maps.
#pragma once

#include "core/maps/map_fields.h"
#include "core/verifier/memory_access.h"

namespace ebpf::verifier {

/// The fields of what `reg` points to: a map's value or an object that the
/// program allocated. `storage` is used for the latter.
MapFields FieldsOf(const Verification& v, const RegState& reg,
                   Span<MapField> storage);

/// An access within the map value that register `access.base` points to, by an
/// instruction (`direct`) or by what is called: it touches no field that
/// it must not.
Status CheckFieldAccess(Verification& v, const Access& access, bool direct);

/// The kptr that an access by an instruction reads or writes, or null.
const MapField* KptrAt(const RegState& reg, const Access& access);

/// Loads and stores of a kptr. `stored` is in register `source`, or it is an
/// immediate if that is kNoRegister. `plain`: no atomic operation, no sign
/// extension.
inline constexpr unsigned kNoRegister = ~0u;
Status ReadKptr(Verification& v, const MapField& kptr, bool plain,
                RegState& loaded);
Status WriteKptr(Verification& v, const MapField& kptr, bool plain,
                 unsigned source, const RegState& stored);

/// Whether the typed pointer in register `number` may be kept in `kptr`.
Status CheckKptr(Verification& v, unsigned number, const MapField& kptr);

}  // namespace ebpf::verifier
