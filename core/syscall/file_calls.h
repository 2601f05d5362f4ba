// SPDX-License-Identifier: MIT
//
// The system calls on descriptors of ours: close, dup, read, write, poll,
// ioctl, mmap.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/files/client.h"
#include "core/files/file.h"

namespace ebpf {

// Each returns what the call of its name in Linux returns, or a negative errno.
// Context: task, interrupts on.

int64_t Close(Client& client, int32_t fd);

int64_t Dup(Client& client, int32_t fd);

/// Never blocks: -EAGAIN when there is nothing to read.
int64_t Read(Client& client, int32_t fd, CallerPtr to, uint64_t size);

/// What was taken, perhaps not all. -EINVAL where nothing can be written.
int64_t Write(Client& client, int32_t fd, CallerPtr from, uint64_t size);

/// The poll bits of `fd` that hold now.
int64_t Poll(Client& client, int32_t fd);

/// ebpf_port_wake(file) is called from now on when there is something to read;
/// 0. -EOPNOTSUPP: never; -EBUSY.
int64_t WakeFdReaders(Client& client, int32_t fd, void* file);

/// The text of Linux's /proc/self/fdinfo/N without the lines that are of every
/// descriptor (pos, flags, mnt_id, ino), as much as fits; how long it is whole.
int64_t DescribeFd(Client& client, int32_t fd, Span<char> to);

/// The link of Linux's /proc/self/fd/N ("anon_inode:bpf-map"), which lives as
/// long as the kernel, and 0.
int64_t NameFd(Client& client, int32_t fd, const char** name);

int64_t Ioctl(Client& client, int32_t fd, uint32_t command, uint64_t argument);

/// The kernel's own address of the memory behind [offset, offset + size), in
/// `*pages`, and 0. Who maps it for a process keeps the descriptor's file open
/// meanwhile (Dup): the memory goes with the file.
int64_t Mmap(Client& client, int32_t fd, uint64_t offset, uint64_t size,
             uint32_t protection, MapPages* pages);

// The same of a file that the kernel holds itself (core/platform/files.h).

int64_t Read(Client& client, File& file, CallerPtr to, uint64_t size);
int64_t Write(Client& client, File& file, CallerPtr from, uint64_t size);
int64_t Ioctl(Client& client, File& file, uint32_t command, uint64_t argument);
int64_t Mmap(Client& client, File& file, uint64_t offset, uint64_t size,
             uint32_t protection, MapPages* pages);
int64_t WakeReaders(File& file, void* port_file);
int64_t Describe(const File& file, Span<char> to);

}  // namespace ebpf
