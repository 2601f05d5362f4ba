// SPDX-License-Identifier: MIT
//
// A seed for the fuzz targets: a record reserved in a ring, and submitted.
struct {
  int (*type)[27];
  int (*max_entries)[4096];
} ring_map __attribute__((section(".maps")));

static void *(*reserve)(void *ring, unsigned long size,
                        unsigned long flags) = (void *)131;
static void (*submit)(void *record, unsigned long flags) = (void *)132;

__attribute__((section("kprobe"))) int ring(long *context) {
  long *record = reserve(&ring_map, 16, 0);
  if (!record) return 0;
  record[0] = context[0];
  record[1] = 7;
  submit(record, 0);
  return 0;
}
