// SPDX-License-Identifier: MIT
//
// A seed for the fuzz targets: a map, looked up and added to.
struct {
  int (*type)[1];  // a hash
  int (*max_entries)[4];
  int *key;
  long *value;
} m __attribute__((section(".maps")));

static void *(*lookup)(void *map, const void *key) = (void *)1;
static long (*update)(void *map, const void *key, const void *value,
                      unsigned long flags) = (void *)2;

__attribute__((section("kprobe"))) int map(long *context) {
  int key = (int)context[2];
  long value = 1;
  long *found = lookup(&m, &key);
  if (found)
    *found += context[3];
  else
    update(&m, &key, &value, 1);
  return 0;
}
