// SPDX-License-Identifier: MIT
//
// testing/guest/static_keys/subjects.h's functions.
#include "testing/guest/static_keys/subjects.h"

namespace guest::static_keys {

constinit ebpf::StaticKey subject_key;
constinit ebpf::StaticKey many_keys[kManyKeys];
constinit uint64_t told = 0;
/// Something that the compiler knows nothing of.
constinit Object other_object = {3, 4};

extern "C" {

[[gnu::noinline]] EBPF_BEHIND_BRANCHES void static_keys_tell(
    const Object* object, int what) {
  told += static_cast<uint64_t>(object->x + what) | 1;
}

[[gnu::noinline]] int static_keys_other(const Object* object) {
  return object->y;
}

int static_keys_plain_leaf(const Object* object) { return object->x * 3; }
int static_keys_branch_leaf(const Object* object) {
  if (EBPF_STATIC_BRANCH(subject_key)) {
    static_keys_tell(object, 1);
  }
  return object->x * 3;
}

int static_keys_plain_calls(const Object* object) {
  return static_keys_other(&other_object) + object->x;
}
int static_keys_branch_calls(const Object* object) {
  if (EBPF_STATIC_BRANCH(subject_key)) {
    static_keys_tell(object, 2);
  }
  return static_keys_other(&other_object) + object->x;
}

int static_keys_plain_passes(const Object* object) {
  return static_keys_other(object) + object->x;
}
int static_keys_branch_passes(const Object* object) {
  if (EBPF_STATIC_BRANCH(subject_key)) {
    static_keys_tell(object, 3);
  }
  return static_keys_other(object) + object->x;
}

}  // extern "C"

#define BRANCH(i) taken += EBPF_STATIC_BRANCH(many_keys[i]) ? 1 : 0;
#define BRANCHES_4(i) BRANCH(i) BRANCH(i + 1) BRANCH(i + 2) BRANCH(i + 3)
#define BRANCHES_16(i) \
  BRANCHES_4(i)        \
  BRANCHES_4(i + 4)    \
  BRANCHES_4(i + 8)    \
  BRANCHES_4(i + 12)

namespace {

/// Sixteen keys from kFirst on.
template <uint32_t kCopy, uint32_t kFirst>
[[gnu::noinline]] uint32_t CountSixteen() {
  uint32_t taken = 0;
  BRANCHES_16(kFirst)
  return taken;
}

template <uint32_t kCopy, uint32_t kFirst = 0>
uint32_t CountCopy() {
  if constexpr (kFirst < kManyKeys) {
    return CountSixteen<kCopy, kFirst>() + CountCopy<kCopy, kFirst + 16>();
  } else {
    return 0;
  }
}

}  // namespace

uint32_t CountTaken() {
  static_assert(kCopies == 8);
  return CountCopy<0>() + CountCopy<1>() + CountCopy<2>() + CountCopy<3>() +
         CountCopy<4>() + CountCopy<5>() + CountCopy<6>() + CountCopy<7>();
}

}  // namespace guest::static_keys
