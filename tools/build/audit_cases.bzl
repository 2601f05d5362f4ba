# SPDX-License-Identifier: MIT
"""audit_case: an archive on each CPU, and what the audit must say of it."""

load("@rules_cc//cc:defs.bzl", "cc_library")
load("//tools/build:audit.bzl", "archive_audit_test")
load("//tools/build:kernel.bzl", "ARCHES", "merged_archive")

def audit_case(
        name,
        srcs,
        expect = [],
        expect_more = {},
        copts = [],
        copts_by_arch = {},
        no_got = False,
        noprobe_calls = [],
        sections = []):
    """`name`_ARCH_audit_test for each CPU.

    Args:
      expect: findings that must be all there are; none, where it is empty.
      expect_more: further ones by CPU.
    """
    cc_library(
        name = name + "_objects",
        testonly = True,
        srcs = srcs,
        copts = copts + select({
            "//tools/platforms:is_" + arch: copts_by_arch.get(arch, [])
            for arch in ARCHES
        }),
        tags = ["manual"],
        target_compatible_with = ["@platforms//os:none"],
        alwayslink = True,
    )
    for arch in ARCHES:
        merged_archive(
            name = "%s_%s" % (name, arch),
            testonly = True,
            arch = arch,
            deps = [":%s_objects" % name],
        )
        archive_audit_test(
            name = "%s_%s_audit_test" % (name, arch),
            size = "small",
            arch = arch,
            archive = ":%s_%s" % (name, arch),
            expect = expect + expect_more.get(arch, []),
            no_got = no_got,
            noprobe_calls = noprobe_calls,
            sections = sections,
            undefined_prefixes = ["kernel_gives_"],
        )
