// SPDX-License-Identifier: MIT
//
// The memory of the one process that a test may pretend to be.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::alien {

/// How a page of the process starts.
enum class UserPage {
  kReadOnly,
  kWritable,
  kLazy,         // writable, and brought in by the first fault
  kCopyOnWrite,  // readable, and copied by a store fault
  kKernel,       // mapped without the user bit
};

/// Gives the process a zeroed page at `va`, whose frame is returned; null if
/// there is no room. Context: task.
uint8_t* AddUserPage(uintptr_t va, UserPage kind);

/// The frame that the process now has at `va`; null if none.
uint8_t* UserFrame(uintptr_t va);

/// Takes all pages away.
void ClearUserPages();

}  // namespace guest::alien
