// SPDX-License-Identifier: MIT
//
// Included by flags/cpp.txt in front of each source: what it only declares is
// in the kernel's image, too, where the linker knows each address. Without this
// compilers take addresses of functions and vtables from a GOT, which not every
// kernel's linker script has a place for; `-fvisibility=hidden` speaks only of
// what a source defines.
#pragma once

#pragma GCC visibility push(hidden)
