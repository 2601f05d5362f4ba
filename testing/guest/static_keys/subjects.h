// SPDX-License-Identifier: MIT
//
// Functions with a branch on a static key, and the same without; and a table of
// many keys with many branches.
#pragma once

#include <stdint.h>

#include "core/tracepoints/static_key.h"
#include "machine/static_branch.h"

namespace guest::static_keys {

extern ebpf::StaticKey subject_key;

struct Object {
  int x;
  int y;
};

extern Object other_object;

/// What tells of an event: too large to become part of its callers.
extern "C" EBPF_BEHIND_BRANCHES void static_keys_tell(const Object* object,
                                                      int what);
/// How often it was told.
extern uint64_t told;

extern "C" {
/// Something that functions call anyway.
int static_keys_other(const Object* object);

// A function that calls nothing; one that calls, and uses its argument behind
// that; and one that passes its argument on, which the compiler then fetches
// from where what the branch leads to has left it.
int static_keys_plain_leaf(const Object* object);
int static_keys_branch_leaf(const Object* object);
int static_keys_plain_calls(const Object* object);
int static_keys_branch_calls(const Object* object);
int static_keys_plain_passes(const Object* object);
int static_keys_branch_passes(const Object* object);
}

/// Each key has kCopies branches.
inline constexpr uint32_t kManyKeys = 256;
inline constexpr uint32_t kCopies = 8;
extern ebpf::StaticKey many_keys[kManyKeys];
/// How many of all their branches are taken.
uint32_t CountTaken();

}  // namespace guest::static_keys
