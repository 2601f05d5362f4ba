# SPDX-License-Identifier: MIT
"""The kernels as eBPF objects inside the harness."""

load("//tools/build:bpf.bzl", "bpf_object", "embed")

def benchmark_kernels(names):
    """Libraries with the objects of kernels/NAME.c; their labels."""
    libraries = []
    for name in names:
        for form, copts in [("bpf", []), ("raw", ["-DBENCH_RAW"])]:
            bpf_object(
                name = "%s_%s_object" % (name, form),
                src = "kernels/%s.c" % name,
                hdrs = ["kernels/kernel.h"],
                copts = copts,
            )
            embed(
                name = "%s_%s" % (name, form),
                testonly = True,
                src = ":%s_%s_object" % (name, form),
            )
            libraries.append(":%s_%s" % (name, form))
    return libraries
