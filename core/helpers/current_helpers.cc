// SPDX-License-Identifier: MIT
//
// Helpers about the CPU and the task that run.
#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "core/helpers/current_task.h"
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
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

/// u64 bpf_get_current_uid_gid(void)
uint64_t GetCurrentUidGid(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  uint32_t uid;
  uint32_t gid;
  ebpf_port_task_user(&uid, &gid);
  return uint64_t{gid} << 32 | uid;
}

/// u64 bpf_get_current_task(void): the address of its task_struct.
uint64_t GetCurrentTask(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_task_view();
}

/// struct task_struct* bpf_get_current_task_btf(void)
uint64_t GetCurrentTaskBtf(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_task_view();
}

/// u64 bpf_get_current_cgroup_id(void)
uint64_t GetCurrentCgroupId(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_task_cgroup_id(-1);
}

/// u64 bpf_get_current_ancestor_cgroup_id(level): 0 below its own level.
uint64_t GetCurrentAncestorCgroupId(uint64_t level, uint64_t, uint64_t,
                                    uint64_t, uint64_t) {
  const auto at = static_cast<int32_t>(level);
  return at < 0 ? 0 : ebpf_port_task_cgroup_id(at);
}

/// long bpf_get_ns_current_pid_tgid(dev, ino, info, size): fills in struct
/// bpf_pidns_info; -EINVAL and zeros where the task's namespace is another.
uint64_t GetNsCurrentPidTgid(uint64_t device, uint64_t inode, uint64_t info,
                             uint64_t size, uint64_t) {
  uint32_t ids[2] = {};  // pid, tgid
  const bool known = static_cast<uint32_t>(size) == sizeof(ids) &&
                     ebpf_port_task_ids_in(device, inode, &ids[0], &ids[1]);
  if (!known) {
    FillBytes(reinterpret_cast<void*>(info), 0, static_cast<uint32_t>(size));
    return AsResult(Status::kInvalid);
  }
  CopyBytes(reinterpret_cast<void*>(info), ids, sizeof(ids));
  return 0;
}

/// long bpf_get_numa_node_id(void): memory is one node here.
uint64_t GetNumaNodeId(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return 0;
}

namespace {

uint64_t Send(uint64_t signal, bool whole_process) {
  constexpr uint32_t kLast = 64;
  const auto number = static_cast<uint32_t>(signal);
  if (number > kLast) {
    return AsResult(Status::kInvalid);
  }
  if (number == 0) {
    return 0;
  }
  const int sent =
      ebpf_port_send_signal(static_cast<int>(number), whole_process);
  return static_cast<uint64_t>(int64_t{sent});
}

}  // namespace

/// long bpf_send_signal(sig): to the process, any thread of it.
uint64_t SendSignal(uint64_t signal, uint64_t, uint64_t, uint64_t, uint64_t) {
  return Send(signal, /*whole_process=*/true);
}

/// long bpf_send_signal_thread(sig)
uint64_t SendSignalThread(uint64_t signal, uint64_t, uint64_t, uint64_t,
                          uint64_t) {
  return Send(signal, /*whole_process=*/false);
}

}  // namespace helpers
}  // namespace ebpf
