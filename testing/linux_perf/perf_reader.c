/* SPDX-License-Identifier: MIT */
#include "testing/linux_perf/perf_reader.h"

#include <string.h>

/* perf_event_open(2): struct perf_event_mmap_page, from data_head on, which
 * begins at 1024 bytes; struct perf_event_header. */
#define DATA_HEAD 1024
#define DATA_TAIL 1032
#define DATA_OFFSET 1040
#define DATA_SIZE 1048

struct header {
  uint32_t type;
  uint16_t misc;
  uint16_t size;
};

static uint64_t *word_at(const struct perf_reader *reader, size_t offset) {
  return (uint64_t *)(void *)(reader->base + offset);
}

void perf_reader_init(struct perf_reader *reader, void *base) {
  reader->base = base;
  reader->tail = 0;
}

static void copy_out(const struct perf_reader *reader, uint64_t at, void *to,
                     size_t size) {
  const unsigned char *data = reader->base + *word_at(reader, DATA_OFFSET);
  const uint64_t data_size = *word_at(reader, DATA_SIZE);
  size_t i;
  for (i = 0; i < size; ++i) {
    ((unsigned char *)to)[i] = data[(at + i) % data_size];
  }
}

size_t perf_reader_next(struct perf_reader *reader, void *record, size_t room) {
  /* "After reading this value, issue an rmb()." */
  const uint64_t head =
      __atomic_load_n(word_at(reader, DATA_HEAD), __ATOMIC_ACQUIRE);
  while (reader->tail != head) {
    struct header header;
    const uint64_t at = reader->tail;
    copy_out(reader, at, &header, sizeof(header));
    if (header.size < sizeof(header) || header.size > head - at) {
      return 0; /* not a record: the caller finds that some are missing */
    }
    reader->tail += header.size;
    if (header.size <= room) {
      copy_out(reader, at, record, header.size);
      return header.size;
    }
  }
  return 0;
}

void perf_reader_release(struct perf_reader *reader) {
  __atomic_store_n(word_at(reader, DATA_TAIL), reader->tail, __ATOMIC_RELEASE);
}

uint32_t perf_record_type(const void *record) {
  struct header header;
  memcpy(&header, record, sizeof(header));
  return header.type;
}

uint64_t perf_lost_id(const void *record) {
  uint64_t id;
  memcpy(&id, (const char *)record + 8, sizeof(id));
  return id;
}

uint64_t perf_lost_count(const void *record) {
  uint64_t count;
  memcpy(&count, (const char *)record + 16, sizeof(count));
  return count;
}

/* PERF_SAMPLE_* */
#define SAMPLE_IP (1u << 0)
#define SAMPLE_TID (1u << 1)
#define SAMPLE_TIME (1u << 2)
#define SAMPLE_ADDR (1u << 3)
#define SAMPLE_CALLCHAIN (1u << 5)
#define SAMPLE_ID (1u << 6)
#define SAMPLE_CPU (1u << 7)
#define SAMPLE_PERIOD (1u << 8)
#define SAMPLE_STREAM_ID (1u << 9)
#define SAMPLE_RAW (1u << 10)
#define SAMPLE_IDENTIFIER (1u << 16)

int perf_sample_parse(const void *record, uint64_t sample_type,
                      struct perf_sample *sample) {
  struct header header;
  const unsigned char *at = record;
  const unsigned char *end;
  memcpy(&header, record, sizeof(header));
  end = at + header.size;
  at += sizeof(header);
  memset(sample, 0, sizeof(*sample));
#define TAKE(bit, field, type)                \
  if ((sample_type & (bit)) != 0) {           \
    if ((size_t)(end - at) < sizeof(type)) {  \
      return 0;                               \
    }                                         \
    memcpy(&sample->field, at, sizeof(type)); \
    at += sizeof(type);                       \
  }
  TAKE(SAMPLE_IDENTIFIER, identifier, uint64_t)
  TAKE(SAMPLE_IP, ip, uint64_t)
  TAKE(SAMPLE_TID, pid, uint32_t)
  TAKE(SAMPLE_TID, tid, uint32_t)
  TAKE(SAMPLE_TIME, time, uint64_t)
  TAKE(SAMPLE_ADDR, addr, uint64_t)
  TAKE(SAMPLE_ID, id, uint64_t)
  TAKE(SAMPLE_STREAM_ID, stream_id, uint64_t)
  TAKE(SAMPLE_CPU, cpu, uint32_t)
  if ((sample_type & SAMPLE_CPU) != 0) {
    at += sizeof(uint32_t); /* res */
  }
  TAKE(SAMPLE_PERIOD, period, uint64_t)
  TAKE(SAMPLE_CALLCHAIN, call_count, uint64_t)
  if ((sample_type & SAMPLE_CALLCHAIN) != 0) {
    if ((size_t)(end - at) / sizeof(uint64_t) < sample->call_count) {
      return 0;
    }
    sample->calls = (const uint64_t *)(const void *)at;
    at += sample->call_count * sizeof(uint64_t);
  }
  TAKE(SAMPLE_RAW, raw_size, uint32_t)
  if ((sample_type & SAMPLE_RAW) != 0) {
    if ((size_t)(end - at) < sample->raw_size) {
      return 0;
    }
    sample->raw = at;
    at += sample->raw_size;
  }
#undef TAKE
  return at == end;
}
