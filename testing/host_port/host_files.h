// SPDX-License-Identifier: MIT
//
// The process's own table of descriptors, as kernels with processes have one:
// core/platform/files.h, where this library is linked.
#pragma once

#include <stddef.h>

struct ebpf_file;

namespace ebpf {

/// What a port does wrong with it, for who sees that it is found.
enum class HostFileMistake {
  kNone,
  /// The second file takes the first one's number.
  kOneNumberForAll,
  kInstallKeepsOneMore,
  kGetKeepsNothing,
  /// The numbers that it gave are in a list of its own, which dup misses.
  kCopiesAreUnknown,
  kCopiesKeepNothing,
  kCloseKeepsTheFile,
  kCloseKeepsTheNumber,
  /// What is not open is the file that was installed last.
  kAnyNumberIsOurs,
  /// So is what is not ours.
  kAnyFileIsOurs,
  kFullTableTakesTheReference,
};
/// With an empty table.
void SetHostFileMistake(HostFileMistake mistake);

inline constexpr size_t kMostHostFds = 64;

/// How many descriptors there may be from now on, at most and at first
/// kMostHostFds.
void SetHostFdLimit(size_t limit);

/// What close(2), dup(2) and open(2) of something do: 0 or a number, or -errno.
int HostClose(int fd);
int HostDuplicate(int fd);
int HostOpenOwn();

/// What `fd` stands for, not kept; null: nothing of ours.
ebpf_file* HostFileAt(int fd);

}  // namespace ebpf
