# SPDX-License-Identifier: MIT
"""The macros that BUILD files use. README.md beside this shows each in use."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")
load("//tools/build:fuzz.bzl", "fuzz_binary")
load("//tools/build:headers.bzl", "headers_test")
load("//tools/build:layers.bzl", "layer_visibility")
load("//tools/build:nc.bzl", "nc_test")
load("//tools/build:pch.bzl", "pch_copts")

# What a library of this tree compiles without a warning of.
COPTS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wnon-virtual-dtor",
    "-Wimplicit-fallthrough",
    "-Wshorten-64-to-32",
    "-Wthread-safety",
    "-Werror",
]

TEST_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wthread-safety",
    "-Werror",
]

# What a test with GoogleTest is compiled with, and links.
GTEST_COPTS = pch_copts("tools/build", "gtest")
GTEST_DEPS = [
    "//tools/build:gtest",
    "@com_google_googletest//:gtest",
    "@com_google_googletest//:gtest_main",
]

# A source includes only what its own library and its `deps` declare.
FEATURES = ["layering_check"]

def ebpf_cc_library(
        name,
        srcs = [],
        hdrs = [],
        deps = [],
        textual_hdrs = [],
        copts = [],
        features = [],
        check_headers = True,
        visibility = None,
        tags = [],
        testonly = False,
        **kwargs):
    """A library for the host and for every kernel target.

    In core/, arch/ and ports/ its visibility follows from the package's place
    in layers.bzl. `name`_headers_test proves that each header compiles alone.
    """
    by_layer = layer_visibility(native.package_name())
    if by_layer != None:
        if visibility != None and visibility != ["//visibility:private"]:
            fail("%s: visibility comes from tools/build/layers.bzl" % name)
        visibility = visibility or by_layer
    cc_library(
        name = name,
        srcs = srcs,
        hdrs = hdrs,
        copts = COPTS + copts,
        features = FEATURES + features,
        # No shared library of each: nobody links one, and hidden symbols of
        # another library could not be found.
        linkstatic = True,
        tags = tags,
        testonly = testonly,
        textual_hdrs = textual_hdrs,
        visibility = visibility,
        deps = deps,
        **kwargs
    )
    if hdrs and check_headers:
        headers_test(
            name = name + "_headers_test",
            copts = COPTS + copts,
            library = ":" + name,
            tags = tags,
            target_compatible_with = kwargs.get("target_compatible_with", []),
            testonly = testonly,
        )

def ebpf_cc_test(name, srcs, deps = [], size = "small", copts = [], features = [], **kwargs):
    """A GoogleTest with its main function. It may use std and Abseil."""

    # The precompiled header is of the language that layering_check makes.
    gtest_copts = [] if "-layering_check" in features else GTEST_COPTS
    cc_test(
        name = name,
        size = size,
        srcs = srcs,
        copts = TEST_COPTS + gtest_copts + copts,
        features = FEATURES + features,
        deps = deps + GTEST_DEPS,
        **kwargs
    )

def ebpf_cc_binary(name, srcs, deps = [], copts = [], features = [], **kwargs):
    """A program for the host: a tool, a demo."""
    cc_binary(
        name = name,
        srcs = srcs,
        copts = TEST_COPTS + copts,
        features = FEATURES + features,
        deps = deps,
        **kwargs
    )

def ebpf_fuzz_test(name, srcs, deps = [], corpus = [], runs = 20000, copts = [], tags = [], **kwargs):
    """A libFuzzer target, under ASan and UBSan.

    The test `name` replays `corpus` and then makes `runs` inputs of it, with a
    fixed seed, for 20 seconds at most. To fuzz on:
      bazel run :`name`_bin -- -max_total_time=300 /absolute/path/of/corpus
    """
    cc_binary(
        name = name + "_plain",
        testonly = True,
        srcs = srcs,
        copts = TEST_COPTS + copts,
        features = FEATURES + ["fuzzer_main"],
        tags = tags + ["manual"],
        deps = deps,
        **kwargs
    )
    fuzz_binary(
        name = name + "_bin",
        testonly = True,
        binary = ":%s_plain" % name,
        tags = tags,
    )
    native.sh_test(
        name = name,
        size = "small",
        srcs = ["//tools/build:fuzz_test.sh"],
        args = ["$(location :%s_bin)" % name, str(runs)] + ["$(locations %s)" % c for c in corpus],
        data = [":%s_bin" % name] + corpus,
        tags = tags + ["fuzz"],
    )

def ebpf_nc_test(name, src, deps = [], size = "small", **kwargs):
    """What must not compile, case by case; nc_test.py tells how it is written."""
    nc_test(
        name = name,
        size = size,
        src = src,
        copts = COPTS,
        deps = deps,
        **kwargs
    )

def python_test(name, src, data = [], size = "small", **kwargs):
    """A unittest file; each of its cases counts."""
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tools/build:python_test.py"],
        args = ["$(location %s)" % src],
        data = data + [src],
        **kwargs
    )
