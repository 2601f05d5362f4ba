# SPDX-License-Identifier: MIT
"""The cc_toolchain targets of @llvm: the host's, and one per target."""

load("@rules_cc//cc:defs.bzl", "cc_toolchain")
load(":cc_toolchain_config.bzl", "cc_toolchain_config")
load(":targets.bzl", "KERNEL_TARGETS", "LINUX_TARGETS", "linux_constraints", "platform_constraints")

def _toolchain(
        name,
        host_cpu,
        target_compatible_with,
        files,
        module_map = "@llvm//:system.cppmap",
        **config):
    cc_toolchain_config(name = name + "_config", **config)
    cc_toolchain(
        name = name + "_cc",
        all_files = files,
        ar_files = files,
        as_files = files,
        compiler_files = files,
        dwp_files = files,
        linker_files = files,
        module_map = module_map,
        objcopy_files = files,
        strip_files = files,
        supports_param_files = True,
        toolchain_config = ":" + name + "_config",
        toolchain_identifier = name,
    )
    native.toolchain(
        name = name,
        exec_compatible_with = [
            "@platforms//cpu:" + host_cpu,
            "@platforms//os:linux",
        ],
        target_compatible_with = target_compatible_with,
        toolchain = ":" + name + "_cc",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )

def llvm_toolchain_targets(bin, host_cpu, include_dirs, resource_dir, version):
    native.filegroup(name = "empty")
    _toolchain(
        name = "host",
        host_cpu = host_cpu,
        target_compatible_with = [
            "@platforms//cpu:" + host_cpu,
            "@platforms//os:linux",
        ],
        files = ":empty",
        bin = bin,
        cpu = host_cpu,
        include_dirs = include_dirs[host_cpu],
        kernel = False,
        version = version,
    )
    for cpu, t in LINUX_TARGETS.items():
        if cpu == host_cpu:
            continue
        _toolchain(
            name = cpu + "-linux",
            host_cpu = host_cpu,
            target_compatible_with = linux_constraints(cpu),
            files = ":empty",
            module_map = "@llvm//:system-%s.cppmap" % cpu,
            bin = bin,
            compile_flags = t.compile_flags,
            cpu = cpu,
            include_dirs = include_dirs[cpu],
            kernel = False,
            target = t.target,
            version = version,
        )
    for cpu, t in KERNEL_TARGETS.items():
        _toolchain(
            name = cpu + "-none",
            host_cpu = host_cpu,
            target_compatible_with = platform_constraints(cpu),
            files = ":empty",
            bin = bin,
            compile_flags = t.compile_flags,
            cpu = cpu,
            include_dirs = [resource_dir],
            kernel = True,
            link_target = t.link_target,
            resource_dir = resource_dir,
            target = t.target,
            version = version,
        )
