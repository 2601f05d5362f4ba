// SPDX-License-Identifier: MIT
//
// A table of branches as it must not be: written to, not kept, an address in
// it, and of no whole number of entries.
extern const char kernel_gives_text[];

[[gnu::used, gnu::section("ebpf_static_sites")]] static const char* site =
    kernel_gives_text;
