// SPDX-License-Identifier: MIT
//
// Lists of Linux: functions in which the path of a file can be asked for, and
// hooks that may sleep.
#include "core/verifier/call_targets.h"

namespace ebpf::verifier {
namespace {

constexpr const char* kSkStorage = "bpf_sk_storage";
constexpr const char* kHookPrefix = "bpf_lsm_";

constexpr const char* kDPathTargets[] = {
    "security_file_permission",
    "security_inode_getattr",
    "security_file_open",
    "security_path_truncate",
    "vfs_truncate",
    "vfs_fallocate",
    "dentry_open",
    "vfs_getattr",
    "filp_close",
};

constexpr const char* kSleepableHooks[] = {
    "bpf",
    "bpf_map",
    "bpf_map_create",
    "bpf_map_free",
    "bpf_prog",
    "bpf_prog_free",
    "bpf_prog_load",
    "bpf_token_capable",
    "bpf_token_cmd",
    "bpf_token_create",
    "bpf_token_free",
    "bprm_check_security",
    "bprm_committed_creds",
    "bprm_committing_creds",
    "bprm_creds_for_exec",
    "bprm_creds_from_file",
    "capget",
    "capset",
    "cred_prepare",
    "file_ioctl",
    "file_lock",
    "file_open",
    "file_post_open",
    "file_receive",
    "inode_create",
    "inode_getattr",
    "inode_getxattr",
    "inode_mknod",
    "inode_need_killpriv",
    "inode_post_removexattr",
    "inode_post_setxattr",
    "inode_readlink",
    "inode_removexattr",
    "inode_rename",
    "inode_rmdir",
    "inode_setattr",
    "inode_setxattr",
    "inode_symlink",
    "inode_unlink",
    "kernel_module_request",
    "kernel_read_file",
    "kernfs_init_security",
    "mmap_file",
    "netlink_send",
    "path_notify",
    "release_secctx",
    "sb_alloc_security",
    "sb_eat_lsm_opts",
    "sb_kern_mount",
    "sb_mount",
    "sb_remount",
    "sb_set_mnt_opts",
    "sb_show_options",
    "sb_statfs",
    "sb_umount",
    "settime",
    "socket_accept",
    "socket_bind",
    "socket_connect",
    "socket_create",
    "socket_getpeername",
    "socket_getpeersec_dgram",
    "socket_getsockname",
    "socket_getsockopt",
    "socket_listen",
    "socket_post_create",
    "socket_recvmsg",
    "socket_sendmsg",
    "socket_shutdown",
    "socket_socketpair",
    "syslog",
    "task_alloc",
    "task_prctl",
    "task_setscheduler",
    "task_to_inode",
    "userns_create",
};

bool MaySleepIn(StringView target) {
  const StringView prefix(kHookPrefix);
  return target.StartsWith(prefix) &&
         IsOneOf(target.Substring(prefix.size()), kSleepableHooks);
}

}  // namespace

bool AllowedByTarget(const Verification& v, const HelperPrototype& helper) {
  const StringView target(v.target.name != nullptr ? v.target.name : "");
  const bool lsm = v.options.type->id == ProgramTypeId::kLsm;
  switch (helper.id) {
    case helper_id::d_path:
      return lsm ? MaySleepIn(target)
                 : v.target.iterator || IsOneOf(target, kDPathTargets);
    case helper_id::ima_inode_hash:
    case helper_id::ima_file_hash:
      return MaySleepIn(target);
    case helper_id::sk_storage_get:
    case helper_id::sk_storage_delete:
      return v.options.type->id != ProgramTypeId::kTracing ||
             !target.StartsWith(kSkStorage);
    default:
      return true;
  }
}

}  // namespace ebpf::verifier
