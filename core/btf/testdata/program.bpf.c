// SPDX-License-Identifier: MIT
//
// Asks one question of each CO-RE kind, in the order of core_relo_test.cc's
// table; each answer is kept, so that none is optimised away.
#define PROGRAM
#include "core/btf/testdata/layouts.h"

enum { kByteOffset, kByteSize, kExists, kSigned, kLeftShift, kRightShift };
enum { kTypeExists, kTypeSize, kTypeMatches };
enum { kValueExists, kValue };
enum { kLocalId, kTargetId };

#define FIELD(field, kind) __builtin_preserve_field_info(field, kind)
#define TYPE(type, kind) __builtin_preserve_type_info(*(type*)0, kind)
#define TYPE_ID(type, kind) __builtin_btf_type_id(*(type*)0, kind)
#define VALUE(type, value, kind) \
  __builtin_preserve_enum_value(*(enum type*)value, kind)

static volatile unsigned long long answer;

__attribute__((section("raw_tp/fields"), used)) int fields(struct record* r) {
  answer = FIELD(r->moved, kByteOffset);
  answer = FIELD(r->moved, kByteSize);
  answer = FIELD(r->moved, kExists);
  answer = FIELD(r->moved, kSigned);
  answer = FIELD(r->wider, kByteOffset);
  answer = FIELD(r->wider, kByteSize);
  answer = FIELD(r->wider, kSigned);
  answer = FIELD(r->wider, kLeftShift);
  answer = FIELD(r->wider, kRightShift);
  answer = FIELD(r->nested.y, kByteOffset);
  answer = FIELD(r->list[2], kByteOffset);
  answer = FIELD(r->list, kByteSize);
  answer = FIELD(r->pointer, kByteOffset);
  answer = FIELD(r->in_anonymous, kByteOffset);
  answer = FIELD(r->flags, kByteOffset);
  answer = FIELD(r->flags, kByteSize);
  answer = FIELD(r->flags, kLeftShift);
  answer = FIELD(r->flags, kRightShift);
  answer = FIELD(r->flags, kSigned);
  answer = FIELD(r->signed_flags, kLeftShift);
  answer = FIELD(r->signed_flags, kRightShift);
  answer = FIELD(r->signed_flags, kSigned);
  answer = FIELD(r->missing, kExists);
  answer = FIELD(r->missing, kByteOffset);
  answer = FIELD(r->small, kByteSize);
  answer = FIELD(r->small, kSigned);
  answer = FIELD(r->color, kByteOffset);
  answer = FIELD(r->from_list, kExists);
  answer = FIELD(r[2].moved, kByteOffset);
  return 0;
}

__attribute__((section("raw_tp/flexible_array"), used)) int flexible_array(
    struct flexible* f) {
  answer = FIELD(f->items[3].y, kByteOffset);
  return 0;
}

__attribute__((section("raw_tp/types"), used)) int types(void* context) {
  answer = TYPE(struct record, kTypeExists);
  answer = TYPE(struct only_here, kTypeExists);
  answer = TYPE(struct record, kTypeSize);
  answer = TYPE(struct only_here, kTypeSize);
  answer = TYPE(struct inner, kTypeMatches);
  answer = TYPE(struct shape, kTypeMatches);
  answer = TYPE(struct record, kTypeMatches);
  answer = TYPE(callback, kTypeExists);
  answer = TYPE(callback, kTypeMatches);
  answer = TYPE_ID(struct record, kLocalId);
  answer = TYPE_ID(struct record, kTargetId);
  answer = TYPE_ID(struct only_here, kTargetId);
  return 0;
}

__attribute__((section("raw_tp/values"), used)) int values(void* context) {
  answer = VALUE(answer, kYes, kValueExists);
  answer = VALUE(answer, kMaybe, kValueExists);
  answer = VALUE(answer, kYes, kValue);
  answer = VALUE(answer, kNo, kValue);
  answer = VALUE(answer, kMaybe, kValue);
  return 0;
}

// Loads, whose size may have to change, and stores.
__attribute__((section("raw_tp/loads"), used)) long loads(struct record* r) {
  r->moved = 7;
  return r->wider + r->nested.y;
}
