/* SPDX-License-Identifier: MIT
 *
 * A kernel written in C: calls each function of ebpf.h, for ebpf_test.cc. */
#include "core/capi/ebpf_test_c.h"

#include <string.h>

#include "core/capi/ebpf_trace.h" /* compiles as C */

enum {
  MAP_CREATE = 0,
  MAP_LOOKUP = 1,
  MAP_UPDATE = 2,
  PROG_LOAD = 5,
  PROG_ATTACH = 8
};
enum { SET_BPF = 0x40042408, ENABLE = 0x2400 };

struct map_create {
  uint32_t type, key_size, value_size, max_entries, flags;
};
struct map_elem {
  uint32_t fd, padding;
  uint64_t key, value, flags;
};
struct prog_load {
  uint32_t type, insn_cnt;
  uint64_t insns, license;
};
struct perf_attr {
  uint32_t type, size;
  uint64_t config, sample_period, sample_type, read_format, flags;
  uint32_t wakeup_events, bp_type;
  uint64_t config1, config2;
};

static uint64_t address_of(const void *pointer) {
  return (uint64_t)(uintptr_t)pointer;
}

int64_t c_kernel_map(struct ebpf_client *client, uint32_t value) {
  struct map_create create = {2, 4, 4, 1, 1u << 10};
  const int64_t fd =
      ebpf_bpf(client, MAP_CREATE, address_of(&create), sizeof(create));
  if (fd < 0) return fd;
  const uint32_t key = 0;
  struct map_elem elem = {(uint32_t)fd, 0, address_of(&key), address_of(&value),
                          0};
  const int64_t updated =
      ebpf_bpf(client, MAP_UPDATE, address_of(&elem), sizeof(elem));
  return updated < 0 ? updated : fd;
}

int64_t c_kernel_mapped_value(struct ebpf_client *client, int64_t fd) {
  struct ebpf_pages pages;
  const int64_t result = ebpf_mmap(client, (int32_t)fd, 0, 4096, 1, &pages);
  if (result != 0) return result;
  uint32_t value;
  memcpy(&value, pages.address, sizeof(value));
  return value;
}

int64_t c_kernel_probe(struct ebpf_client *client, const char *function) {
  /* r0 = 1; exit */
  const uint64_t insns[] = {0x1000000b7, 0x95};
  const char license[] = "GPL";
  struct prog_load load = {2, 2, address_of(insns), address_of(license)};
  const int64_t program =
      ebpf_bpf(client, PROG_LOAD, address_of(&load), sizeof(load));
  if (program < 0) return program;
  struct perf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.type = 6;
  attr.size = sizeof(attr);
  attr.flags = 1;
  attr.config1 = address_of(function);
  ebpf_client_limit_memlock(client, 1 << 20);
  const int64_t event =
      ebpf_perf_event_open(client, address_of(&attr), -1, 0, -1, 8);
  if (event < 0) return event;
  int64_t result =
      ebpf_ioctl(client, (int32_t)event, SET_BPF, (uint64_t)program);
  if (result == 0) result = ebpf_ioctl(client, (int32_t)event, ENABLE, 0);
  if (result == 0) result = ebpf_close(client, (int32_t)program);
  return result < 0 ? result : event;
}

int64_t c_kernel_forbid_writes(struct ebpf_client *client, int group_fd) {
  /* r2 = access_type >> 16 & 4; r0 = r2 != 4 */
  const uint64_t insns[] = {0x1261,      0x1000000277, 0x400000257, 0x1000000b7,
                            0x400010255, 0xb7,         0x95};
  const char license[] = "GPL";
  struct prog_load load = {15, 7, address_of(insns), address_of(license)};
  const int64_t program =
      ebpf_bpf(client, PROG_LOAD, address_of(&load), sizeof(load));
  if (program < 0) return program;
  const uint32_t attach[] = {(uint32_t)group_fd, (uint32_t)program, 6, 2};
  const int64_t result =
      ebpf_bpf(client, PROG_ATTACH, address_of(attach), sizeof(attach));
  return result < 0 ? result : ebpf_close(client, (int32_t)program);
}

int64_t c_kernel_text(struct ebpf_client *client, const char *path, char *to,
                      uint64_t size) {
  uint32_t index = 0;
  uint32_t mode = 0;
  const char *name = ebpf_text_path(index, &mode);
  while (name != NULL && strcmp(name, path) != 0)
    name = ebpf_text_path(++index, &mode);
  if (name == NULL || mode == 0) return -2;
  const int64_t fd = ebpf_text_open(client, address_of(path), 0);
  if (fd < 0) return fd;
  const int64_t size_read =
      ebpf_read(client, (int32_t)fd, address_of(to), size);
  const int64_t result = ebpf_close(client, (int32_t)fd);
  if (result < 0 || size_read <= 0) return result < 0 ? result : size_read;
  /* The same again, without its first byte. */
  char second = 0;
  const int64_t one = ebpf_text_read(client, index, 1, address_of(&second), 1);
  return one == 1 && second == to[1] ? size_read : -5;
}

int64_t c_kernel_write(struct ebpf_client *client, const char *path,
                       const char *text, char *name) {
  struct ebpf_text_entry entry;
  int64_t result = ebpf_text_stat(client, address_of(path), &entry);
  if (result != 0 || entry.is_directory) return result != 0 ? result : -21;
  strcpy(name, entry.name);
  const int64_t fd = ebpf_text_open(client, address_of(path), 01001);
  if (fd < 0) return fd;
  const int64_t size =
      ebpf_write(client, (int32_t)fd, address_of(text), strlen(text));
  result = ebpf_close(client, (int32_t)fd);
  return result < 0 ? result : size;
}

int64_t c_kernel_entries(struct ebpf_client *client, const char *path) {
  struct ebpf_text_entry entry;
  uint32_t count = 0;
  int64_t result = 0;
  while (result == 0)
    result = ebpf_text_list(client, address_of(path), count++, &entry);
  return result == -2 ? (int64_t)count - 1 : result;
}

int64_t c_kernel_count(struct ebpf_client *client, int64_t event) {
  uint64_t count = 0;
  const int64_t twin = ebpf_dup(client, (int32_t)event);
  if (twin < 0) return twin;
  int64_t result =
      ebpf_read(client, (int32_t)twin, address_of(&count), sizeof(count));
  if (result == sizeof(count) && ebpf_poll(client, (int32_t)twin) != 0x10)
    result = -1;
  if (result == sizeof(count)) result = ebpf_close(client, (int32_t)twin);
  return result < 0 ? result : (int64_t)count;
}
