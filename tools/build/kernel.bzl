# SPDX-License-Identifier: MIT
"""Bootable images, the tests that boot them, and archives for kernels."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//tools/build:audit.bzl", "archive_audit_test")
load("//tools/build:defs.bzl", "COPTS", "FEATURES")
load("//tools/build:gcc.bzl", "gcc_test")
load("//tools/build:qemu.bzl", "qemu_test")
load("//tools/build:transition.bzl", "kernel_file")
load("//tools/build:vendored.bzl", "port_description")
load("//tools/toolchain:targets.bzl", "KERNEL_TARGETS")

ARCHES = KERNEL_TARGETS.keys()

def kernel_image(
        name,
        linker_script,
        arches = ARCHES,
        srcs = [],
        deps = [],
        copts = [],
        linkopts = [],
        visibility = None):
    """A bootable image for each of `arches`: the target `name`_ARCH.

    `linker_script` is one file, or an alias() that selects by CPU.
    """
    cc_binary(
        name = name + "_binary",
        testonly = True,
        srcs = srcs,
        additional_linker_inputs = [linker_script],
        copts = COPTS + copts,
        features = FEATURES,
        linkopts = ["-Wl,-T,$(location %s)" % linker_script] + linkopts,
        tags = ["manual"],
        target_compatible_with = ["@platforms//os:none"],
        deps = deps,
    )
    for arch in arches:
        kernel_file(
            name = "%s_%s" % (name, arch),
            testonly = True,
            src = ":%s_binary" % name,
            out = "%s_%s.elf" % (name, arch),
            platform = "//tools/platforms:%s-none" % arch,
            visibility = visibility,
        )

def kernel_test(
        name,
        linker_script,
        arches = ARCHES,
        cpus = 1,
        memory = "128M",
        qemu_args = [],
        size = "small",
        timeout = None,
        tags = [],
        visibility = None,
        **kwargs):
    """An image for each of `arches` and `name`_ARCH_test that boots it.

    The test_suite `name` has them all. `kwargs` are those of kernel_image.
    """
    kernel_image(
        name = name,
        arches = arches,
        linker_script = linker_script,
        visibility = visibility,
        **kwargs
    )
    for arch in arches:
        qemu_test(
            name = "%s_%s_test" % (name, arch),
            size = size,
            timeout = timeout,
            arch = arch,
            cpus = cpus,
            image = ":%s_%s" % (name, arch),
            memory = memory,
            qemu_args = qemu_args,
            tags = tags + ["qemu", arch] + (["cpu:2"] if cpus > 1 else []),
        )
    native.test_suite(
        name = name,
        tests = [":%s_%s_test" % (name, arch) for arch in arches],
    )

def _merged_archive_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    objects = []
    for dep in ctx.attr.deps:
        for linker_input in dep[CcInfo].linking_context.linker_inputs.to_list():
            for library in linker_input.libraries:
                objects += library.objects or library.pic_objects or []
    out = ctx.actions.declare_file(ctx.label.name + ".a")
    args = ctx.actions.args()
    args.add("qcsD")  # not r: two members may have the same name
    args.add(out)
    args.add_all(objects, uniquify = True)
    ctx.actions.run(
        executable = toolchain.ar_executable,
        arguments = [args],
        inputs = depset(objects, transitive = [toolchain.all_files]),
        outputs = [out],
        mnemonic = "KernelArchive",
        progress_message = "Archiving " + str(ctx.label),
    )
    return [DefaultInfo(files = depset([out]))]

_merged_archive = rule(
    doc = "One archive of every object that `deps` and their dependencies hold.",
    implementation = _merged_archive_impl,
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
    attrs = {
        "deps": attr.label_list(providers = [CcInfo]),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
)

def merged_archive(name, arch, deps, visibility = None, testonly = False):
    """lib`name`.a: `deps` and all they need, built for the kernel on `arch`."""
    _merged_archive(
        name = name + "_objects",
        tags = ["manual"],
        target_compatible_with = ["@platforms//os:none"],
        testonly = testonly,
        deps = deps,
    )
    kernel_file(
        name = name,
        src = ":%s_objects" % name,
        out = "lib%s.a" % name,
        platform = "//tools/platforms:%s-none" % arch,
        testonly = testonly,
        visibility = visibility,
    )

def kernel_archive(
        name,
        arch,
        deps,
        undefined = [],
        undefined_prefixes = [],
        noprobe_calls = [],
        noprobe_jumps = [],
        sections = [],
        visibility = None):
    """What a kernel links: lib`name`.a, its audit, its second compiler, and what
    tools/vendor makes of it.

    Args:
      arch: its CPU.
      deps: the port's libraries.
      undefined: functions that the kernel defines, by name.
      undefined_prefixes: and by prefix, as "dragonos_ebpf_".
      noprobe_calls: what code in ebpf_noprobe may call outside of it.
      noprobe_jumps: what of it may jump to where a datum says: to the kernel's
        own handler of a trap.
      sections: sections of the audit's refused kinds that are allowed here.
    """
    merged_archive(name = name, arch = arch, visibility = visibility, deps = deps)
    archive_audit_test(
        name = name + "_audit_test",
        size = "small",
        arch = arch,
        archive = ":" + name,
        noprobe_calls = noprobe_calls,
        noprobe_jumps = noprobe_jumps,
        sections = sections,
        undefined = undefined,
        undefined_prefixes = undefined_prefixes,
    )
    port_description(
        name = "%s_%s_description" % (native.package_name().rpartition("/")[2], arch),
        arch = arch,
        noprobe_calls = noprobe_calls,
        noprobe_jumps = noprobe_jumps,
        platform = "//tools/platforms:%s-none" % arch,
        readme = "README.md",
        sections = sections,
        undefined = undefined,
        undefined_prefixes = undefined_prefixes,
        visibility = ["//testing:__subpackages__"],
        deps = deps,
    )
    gcc_test(
        name = name + "_gcc_test",
        size = "small",
        arch = arch,
        platform = "//tools/platforms:%s-none" % arch,
        deps = deps,
    )
