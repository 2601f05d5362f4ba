/* SPDX-License-Identifier: MIT
 *
 * Reads a perf event's buffer: plain C, from nothing but what
 * perf_event_open(2) says under "MMAP layout".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct perf_reader {
  unsigned char *base; /* what mmap(2) gave */
  uint64_t tail;
};

void perf_reader_init(struct perf_reader *reader, void *base);

/* Copies the next record, which may go over the buffer's end, to `record`; how
 * many bytes it has, or 0: there is none now. Records of more than `room` bytes
 * are passed over. */
size_t perf_reader_next(struct perf_reader *reader, void *record, size_t room);

/* The kernel may write over what was read. */
void perf_reader_release(struct perf_reader *reader);

/* PERF_RECORD_SAMPLE's fields; those that are not in it are 0. */
struct perf_sample {
  uint64_t identifier, ip, time, addr, id, stream_id, period;
  uint32_t pid, tid, cpu;
  uint64_t call_count;
  const uint64_t *calls;
  uint32_t raw_size;
  const unsigned char *raw;
};

/* What a record's header says. */
uint32_t perf_record_type(const void *record);

/* Takes a sample apart that was asked for with `sample_type`, of the fields
 * above; whether it was no shorter and no longer than its header says. */
int perf_sample_parse(const void *record, uint64_t sample_type,
                      struct perf_sample *sample);

/* PERF_RECORD_LOST's two words. */
uint64_t perf_lost_id(const void *record);
uint64_t perf_lost_count(const void *record);

#ifdef __cplusplus
}
#endif
