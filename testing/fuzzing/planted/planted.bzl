# SPDX-License-Identifier: MIT
"""planted_fuzz: a fuzz target over code with a mistake in it, made on purpose."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//tools/build:fuzz.bzl", "fuzz_binary")

def planted_fuzz(name, fuzz_srcs, file, old, new, deps):
    """`name`: the target of `fuzz_srcs`, with `old` replaced by `new` in `file`.

    The spoilt copy of `file` is an object of the program itself, so the linker
    does not take the one in the library. Nothing else is built of it.
    """
    native.genrule(
        name = name + "_source",
        testonly = True,
        srcs = [file],
        outs = [name + "_source.cc"],
        cmd = "python3 $(location //testing/fuzzing/planted:plant.py) $< $@ '%s' '%s'" % (old, new),
        tags = ["manual"],
        tools = ["//testing/fuzzing/planted:plant.py"],
    )
    cc_binary(
        name = name + "_plain",
        testonly = True,
        srcs = fuzz_srcs + [":%s_source" % name],
        features = ["fuzzer_main"],
        tags = ["manual"],
        deps = deps,
    )
    fuzz_binary(
        name = name,
        testonly = True,
        binary = ":%s_plain" % name,
        tags = ["manual"],
    )
