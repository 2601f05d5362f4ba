// SPDX-License-Identifier: MIT
//
// Objects of a program's own: made, dropped, shared, locked, kept in maps.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "testing/programs/outcomes.h"

#define __kptr __attribute__((btf_type_tag("kptr")))

struct bpf_refcount {
  __u32 opaque[1];
} __attribute__((aligned(4)));

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *object, void *meta) __ksym;
extern void *bpf_refcount_acquire_impl(void *object, void *meta) __ksym;

#define NEW(type) ((type *)bpf_obj_new_impl(bpf_core_type_id_local(type), 0))
#define DROP(object) bpf_obj_drop_impl(object, 0)
#define ACQUIRE(object) bpf_refcount_acquire_impl(object, 0)

struct plain {
  __u64 a;
  __u32 b;
  __u8 bytes[5];
  struct plain *pointer;
};

struct counted {
  __u64 a;
  struct bpf_spin_lock lock;
  struct bpf_refcount count;
  __u64 b;
};

struct plain_value {
  __u64 before;
  struct plain __kptr *plain;
};

struct counted_value {
  struct counted __kptr *counted;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct plain_value);
} array SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct counted_value);
} hash SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1000);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u32);
  __type(value, struct plain_value);
} on_demand SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct counted_value);
} per_cpu SEC(".maps");

SEC("tc")
int made_and_dropped(void *ctx) {
  struct plain *object = NEW(struct plain);
  if (!object) {
    return 1;
  }
  // What is in it at first is zeros here, and anything in Linux.
  object->a = 7;
  object->b = 8;
  object->bytes[4] = 9;
  object->pointer = object;
  __sync_fetch_and_add(&object->a, 10);
  record(object->a, object->b);
  record(object->bytes[4], object->pointer == object);
  DROP(object);
  object = NEW(struct plain);
  if (!object) {
    return 2;
  }
  object->b = 3;
  record(object->b, 1);
  DROP(object);
  return 0;
}

SEC("tc")
int kept_in_an_array(void *ctx) {
  __u32 key = 2;
  struct plain_value *value = bpf_map_lookup_elem(&array, &key);
  struct plain *object = NEW(struct plain);
  if (!object) {
    return 1;
  }
  if (!value) {
    DROP(object);
    return 2;
  }
  object->a = 11;
  object = bpf_kptr_xchg(&value->plain, object);
  record(object != 0, 0);
  if (object) {
    DROP(object);
  }
  struct plain *seen = value->plain;
  record(seen ? seen->a : 0, 1);
  object = NEW(struct plain);
  if (!object) {
    return 3;
  }
  object->a = 12;
  object = bpf_kptr_xchg(&value->plain, object);
  if (!object) {
    return 4;
  }
  record(object->a, 2);
  object->a = 13;
  record(object->a, 3);
  DROP(object);
  object = bpf_kptr_xchg(&value->plain, 0);
  if (!object) {
    return 5;
  }
  record(object->a, 4);
  object->a = 14;
  object = bpf_kptr_xchg(&value->plain, object);
  record(object != 0, 5);
  if (object) {
    DROP(object);
  }
  return 0;
}

SEC("tc")
int found_by_the_next_program(void *ctx) {
  __u32 key = 2;
  struct plain_value *value = bpf_map_lookup_elem(&array, &key);
  if (!value) {
    return 1;
  }
  struct plain *seen = value->plain;
  record(seen ? seen->a : 0, 0);
  // An update drops what was there.
  struct plain_value other = {.before = 5};
  record(bpf_map_update_elem(&array, &key, &other, BPF_ANY), 1);
  seen = value->plain;
  record(seen != 0, value->before);
  return 0;
}

SEC("tc")
int shared_by_count(void *ctx) {
  __u32 key = 1;
  struct counted_value none = {};
  record(bpf_map_update_elem(&hash, &key, &none, BPF_ANY), 0);
  struct counted_value *value = bpf_map_lookup_elem(&hash, &key);
  if (!value) {
    return 1;
  }
  struct counted *object = NEW(struct counted);
  if (!object) {
    return 2;
  }
  struct counted *other = ACQUIRE(object);
  object->a = 1;
  object->b = 2;
  other = bpf_kptr_xchg(&value->counted, other);
  record(other != 0, 1);
  if (other) {
    DROP(other);
  }
  bpf_spin_lock(&object->lock);
  object->a += 5;
  bpf_spin_unlock(&object->lock);
  DROP(object);
  struct counted *seen = value->counted;
  record(seen ? seen->a : 0, seen ? seen->b : 0);
  other = bpf_kptr_xchg(&value->counted, 0);
  if (!other) {
    return 3;
  }
  record(other->a, 2);
  other->a = 99;
  other = bpf_kptr_xchg(&value->counted, other);
  if (other) {
    DROP(other);
  }
  return 0;
}

SEC("tc")
int counted_once_more(void *ctx) {
  __u32 key = 1;
  struct counted_value *value = bpf_map_lookup_elem(&hash, &key);
  if (!value) {
    return 1;
  }
  struct counted *object = bpf_kptr_xchg(&value->counted, 0);
  if (!object) {
    return 2;
  }
  struct counted *more = ACQUIRE(object);
  record(more == object, more->a);
  DROP(object);
  record(more->a, 0);
  record(bpf_map_delete_elem(&hash, &key), 1);
  more->a = 4;
  record(more->a, 2);
  DROP(more);
  return 0;
}

SEC("tc")
int dropped_with_its_element(void *ctx) {
  for (__u32 i = 0; i < 20; ++i) {
    __u32 key = i;
    struct plain_value none = {};
    bpf_map_update_elem(&on_demand, &key, &none, BPF_ANY);
    struct plain_value *value = bpf_map_lookup_elem(&on_demand, &key);
    if (!value) {
      return 1;
    }
    struct plain *object = NEW(struct plain);
    if (!object) {
      return 2;
    }
    object->b = i;
    object = bpf_kptr_xchg(&value->plain, object);
    if (object) {
      DROP(object);
    }
    struct plain *seen = value->plain;
    record(seen ? seen->b : 77, i);
    if (i & 1) {
      bpf_map_delete_elem(&on_demand, &key);
    } else if (i & 2) {
      bpf_map_update_elem(&on_demand, &key, &none, BPF_ANY);
    }
  }
  return 0;
}

SEC("tc")
int on_each_cpu(void *ctx) {
  __u32 key = 0;
  struct counted_value *value = bpf_map_lookup_elem(&per_cpu, &key);
  struct counted *object = NEW(struct counted);
  if (!object) {
    return 1;
  }
  if (!value) {
    DROP(object);
    return 2;
  }
  object->b = 3;
  object = bpf_kptr_xchg(&value->counted, object);
  record(object != 0, 0);
  if (object) {
    DROP(object);
  }
  struct counted *seen = value->counted;
  record(seen ? seen->b : 0, 1);
  return 0;
}

SEC("tc")
int many(void *ctx) {
  __u64 sum = 0;
  for (__u32 i = 0; i < 500; ++i) {
    struct counted *object = NEW(struct counted);
    if (!object) {
      return 1;
    }
    object->a = i;
    sum += object->a;
    DROP(object);
  }
  record(sum, 0);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
