// SPDX-License-Identifier: MIT
//
// Construction of objects in memory that an allocator gave, without <new>.
#pragma once

#include "core/base/types.h"

namespace ebpf {

/// The tag that tells our placement new from the standard library's, which a
/// host test may include as well.
struct InPlace {
  void* at;
};

}  // namespace ebpf

// noexcept makes the compiler test the result for null before it constructs:
// callers pass memory that is not null, so the attribute takes that away.
[[gnu::returns_nonnull]] inline void* operator new(size_t /*size*/,
                                                   ebpf::InPlace place) {
  return place.at;
}
// Only looked up, never called: there are no exceptions.
inline void operator delete(void* /*memory*/, ebpf::InPlace /*place*/) {}

namespace ebpf {

/// std::construct_at: `memory` is not null and is aligned for T.
template <typename T, typename... Args>
constexpr T* ConstructAt(void* memory, Args&&... args) {
  return new (InPlace{memory}) T(Forward<Args>(args)...);
}

/// std::destroy_at.
template <typename T>
constexpr void DestroyAt(T* object) {
  object->~T();
}

}  // namespace ebpf
