// SPDX-License-Identifier: MIT
//
// What the plain kernel needs of each CPU that it runs on: cpu_<cpu>.cc.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::plain {

/// Where RAM begins: below are devices' registers.
extern const uintptr_t kRam;

/// Addresses that nobody has mapped, of kMaxAliasWrite (port_alias.h) and a
/// page; and of 32 MiB within a call's reach of text.
extern const uintptr_t kAlias;
extern const uintptr_t kExecBegin;

/// Maps the image's text to be executed, its constants to be read, and the
/// rest of RAM to be written, all by pages; false without memory. Context: CPU
/// 0, before others start.
bool ProtectRamAndImage();

/// Forgets the translations of [begin, begin + pages) on all CPUs: what
/// machine::Map and machine::Unmap do on this one only. Context: any.
void FlushTlbOfAll(uintptr_t begin, size_t pages);

/// This CPU fetches anew what it executes next. No probe may stand here.
/// Context: any.
void SyncInsnStream();

/// After writing [address, address + size), text or executable memory at the
/// addresses where it is executed: all but the others' SyncInsnStream.
/// Context: any.
void FlushInsnCache(uintptr_t address, size_t size);

/// A short wait in a loop that no probe may stand on. Context: any.
void Pause();

}  // namespace guest::plain
