// SPDX-License-Identifier: MIT
//
// The contract tests of testing/port_contract on the guest kernel.
#pragma once

namespace guest {

/// Runs all of them, one line each as a GUEST_TEST has; false if one failed.
/// Context: a thread, when the port works.
bool RunPortContract();

}  // namespace guest
