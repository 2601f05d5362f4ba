/* SPDX-License-Identifier: MIT
 *
 * An application of Hermit in C that traces itself: it loads an object file
 * into its own kernel, works, and reads what the programs have found. It needs
 * the headers of core/capi and ports/hermit, and libebpf.a. */
#include "testing/hermit/example/trace_itself.h"

#include "core/capi/ebpf_object.h"
#include "ports/hermit/init.h"
#include "testing/hermit/example/example.h"

enum { kMapLookupElem = 1 }; /* BPF_MAP_LOOKUP_ELEM, of bpf(2) */

/* bpf(2)'s attribute of it. */
struct lookup {
  uint32_t map_fd;
  uint32_t unused;
  uint64_t key;
  uint64_t value;
  uint64_t flags;
};

int trace_itself(const void *object_file, size_t size, void (*work)(void),
                 struct findings *findings, char *log, size_t log_size) {
  int error = ebpf_hermit_init();
  if (error != 0) return error;

  struct ebpf_client *client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  if (client == NULL) return -12; /* ENOMEM */
  const struct ebpf_object_log words = {log, log_size, 0};
  struct ebpf_object *object;
  error = ebpf_object_open(client, object_file, size, &words, &object);
  if (error == 0) {
    error = ebpf_object_load(object);
    if (error == 0) {
      const int64_t attached = ebpf_object_attach_all(object);
      error = attached < 0 ? (int)attached : 0;
    }
    if (error == 0) {
      work();
      const uint32_t zero = 0;
      const struct lookup attr = {(uint32_t)ebpf_object_map(object, ".bss"), 0,
                                  (uintptr_t)&zero, (uintptr_t)findings, 0};
      error =
          (int)ebpf_bpf(client, kMapLookupElem, (uintptr_t)&attr, sizeof(attr));
    }
    ebpf_object_close(object);
  }
  ebpf_client_delete(client);
  return error;
}
