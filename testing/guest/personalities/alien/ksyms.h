// SPDX-License-Identifier: MIT
//
// The tables that Alien's ksym has.
#pragma once

namespace guest::alien {

/// Makes them from the blob of the second link, if there was one.
void BuildKsyms();

}  // namespace guest::alien
