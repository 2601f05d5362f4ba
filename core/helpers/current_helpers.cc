// SPDX-License-Identifier: MIT
//
// Helpers about the CPU and the task that run.
#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "core/helpers/current_task.h"
#include "core/helpers/functions.h"
#include "core/platform/cpu.h"
#include "core/platform/task.h"

namespace ebpf {

void CurrentComm(char (&comm)[kCommSize]) {
  char name[kCommSize] = {};
  if (!ebpf_port_task_comm(name, sizeof(name))) {
    uint32_t pid;
    uint32_t tgid;
    ebpf_port_task_ids(&pid, &tgid);
    TextWriter writer(name, sizeof(name) - 1);  // 5 + 10 digits fit
    writer.Put("task-").PutUnsigned(pid);
  }
  const StringView text = StringView::FromField(name, sizeof(name) - 1);
  FillBytes(comm, 0, sizeof(comm));
  CopyBytes(comm, text.data(), text.size());
}

namespace helpers {

/// u32 bpf_get_smp_processor_id(void)
uint64_t GetSmpProcessorId(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_cpu_id();
}

/// u64 bpf_get_current_pid_tgid(void)
uint64_t GetCurrentPidTgid(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  uint32_t pid;
  uint32_t tgid;
  ebpf_port_task_ids(&pid, &tgid);
  return uint64_t{tgid} << 32 | pid;
}

/// long bpf_get_current_comm(buf, size): cut to `size` with a zero at its end,
/// the rest filled with zeros.
uint64_t GetCurrentComm(uint64_t buf, uint64_t size, uint64_t, uint64_t,
                        uint64_t) {
  char comm[kCommSize];
  CurrentComm(comm);
  auto* to = reinterpret_cast<char*>(buf);
  const size_t room = static_cast<uint32_t>(size);
  const size_t length = Min(StringView::FromField(comm, kCommSize).size(),
                            room - 1);  // the verifier refuses a size of 0
  FillBytes(to, 0, room);
  CopyBytes(to, comm, length);
  return 0;
}

}  // namespace helpers
}  // namespace ebpf
