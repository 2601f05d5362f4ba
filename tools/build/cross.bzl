# SPDX-License-Identifier: MIT
"""ebpf_cross_test: a GoogleTest built for other CPUs, run by qemu-user."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//tools/build:defs.bzl", "FEATURES", "GTEST_COPTS", "GTEST_DEPS", "TEST_COPTS")
load("//tools/build:transition.bzl", "kernel_file")

# What qemu-user can be: a name for the test, the instruction set, -cpu. Two of
# each instruction set, one with what back ends ask for and one without.
CROSS_CPUS = {
    "cortex-a72": struct(arch = "aarch64", qemu = "cortex-a72"),  # no LSE
    "neoverse-n1": struct(arch = "aarch64", qemu = "neoverse-n1"),
    "rv64gc": struct(
        arch = "riscv64",
        qemu = "rv64,zba=off,zbb=off,zbc=off,zbs=off",
    ),
    "rv64gcb": struct(arch = "riscv64", qemu = "rv64,zba=on,zbb=on,zbs=on"),
    "nehalem": struct(arch = "x86_64", qemu = "Nehalem"),  # no BMI2, no MOVBE
    "haswell": struct(arch = "x86_64", qemu = "Haswell"),
}

def _user_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        output = script,
        is_executable = True,
        content = """#!/bin/sh
for qemu in qemu-{arch} qemu-{arch}-static; do
  if command -v $qemu >/dev/null; then
    EBPF_QEMU_USER=1 {env} exec $qemu -cpu {cpu} {program} "$@"
  fi
done
echo "qemu-{arch} is missing: tools/setup-debian.sh installs qemu-user" >&2
exit 1
""".format(
            arch = ctx.attr.arch,
            cpu = ctx.attr.cpu,
            env = " ".join(["%s='%s'" % (k, v) for k, v in ctx.attr.env.items()]),
            program = ctx.file.program.short_path,
        ),
    )
    files = [ctx.file.program] + ctx.files.data
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files = files))]

_user_test = rule(
    doc = "Runs `program`, which is for Linux on `arch`.",
    implementation = _user_test_impl,
    test = True,
    attrs = {
        "arch": attr.string(mandatory = True),
        "cpu": attr.string(mandatory = True),
        "data": attr.label_list(allow_files = True),
        "env": attr.string_dict(),
        "program": attr.label(allow_single_file = True, mandatory = True),
    },
)

def ebpf_cross_binary(name, binary, arches = ["aarch64", "riscv64"]):
    """`name`_ARCH: the ebpf_cc_binary `binary`, for Linux on each of `arches`."""
    for arch in arches:
        kernel_file(
            name = "%s_%s" % (name, arch),
            testonly = True,
            src = binary,
            out = "%s_%s.elf" % (name, arch),
            platform = "//tools/platforms:%s-linux" % arch,
            tags = ["manual"],
        )

def ebpf_cross_test(
        name,
        srcs,
        deps = [],
        cpus = ["cortex-a72", "neoverse-n1", "rv64gc", "rv64gcb"],
        size = "small",
        args = [],
        copts = [],
        data = [],
        env = {},
        tags = []):
    """The test `name`_CPU for each of `cpus`, names in CROSS_CPUS.

    The program is linked statically and optimized. `deps` may select() by
    //tools/platforms:is_aarch64 and its like. The test_suite `name` has all.
    """
    cc_binary(
        name = name + "_program",
        testonly = True,
        srcs = srcs,
        copts = TEST_COPTS + GTEST_COPTS + copts,
        features = FEATURES,
        tags = ["manual"],
        deps = deps + GTEST_DEPS,
    )
    arches = {CROSS_CPUS[cpu].arch: None for cpu in cpus}
    for arch in arches:
        kernel_file(
            name = "%s_%s_program" % (name, arch),
            testonly = True,
            src = ":%s_program" % name,
            out = "%s_%s" % (name, arch),
            platform = "//tools/platforms:%s-linux" % arch,
        )
    for cpu in cpus:
        _user_test(
            name = "%s_%s" % (name, cpu),
            size = size,
            args = args,
            arch = CROSS_CPUS[cpu].arch,
            cpu = CROSS_CPUS[cpu].qemu,
            data = data,
            env = env,
            program = ":%s_%s_program" % (name, CROSS_CPUS[cpu].arch),
            tags = tags + ["qemu", CROSS_CPUS[cpu].arch],
        )
    native.test_suite(
        name = name,
        tests = [":%s_%s" % (name, cpu) for cpu in cpus],
    )
