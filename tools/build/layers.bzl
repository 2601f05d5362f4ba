# SPDX-License-Identifier: MIT
"""The layers: who may depend on whom. `ebpf_cc_library` makes Bazel's
visibility of it, so that no BUILD file has to.

core/README.md tells what each module is; the table there follows this one.
"""

load("//tools/toolchain:targets.bzl", "KERNEL_TARGETS")

# A module sees its own layer and those below.
CORE_LAYERS = [
    ["base"],
    ["platform", "isa", "machine"],
    ["sync", "memory", "linux_abi"],
    ["elf", "btf", "symbols", "ring"],
    ["maps"],
    ["program", "program_types"],
    ["helpers"],
    ["verifier", "interpreter", "jit"],
    ["probes", "tracepoints", "perf"],
    ["objects", "files", "syscall"],
    ["loader", "capi", "selftest"],
]

# What arch/* sees of core.
ARCH_SEES = ["base", "isa", "machine", "jit", "probes"]

# What arch/*/machine sees besides: decision 0010.
ARCH_MACHINE_SEES = ["platform"]

# What ports/* sees of core: the C face, the contract that it implements, and
# the modules whose types these two name.
PORTS_SEE = ["base", "capi", "linux_abi", "machine", "platform", "selftest", "symbols"]

# The CPUs of each port. A port sees these folders of arch/ and no other.
PORT_ARCHES = {
    "alien": ["riscv64"],
    "dragonos": ["riscv64", "x86_64"],
    "hermit": ["aarch64", "riscv64", "x86_64"],
}

# Tests and tools see everything.
_ALWAYS = ["//testing:__subpackages__", "//tools:__subpackages__"]

def _core_visibility(module):
    if module == "base":
        return ["//visibility:public"]
    visibility = []
    seen = False
    for layer in CORE_LAYERS:
        seen = seen or module in layer
        if seen:
            visibility += ["//core/%s:__subpackages__" % m for m in layer]
    if not seen:
        fail("core/%s has no layer: add it to CORE_LAYERS in tools/build/layers.bzl" % module)
    if module in ARCH_SEES:
        visibility.append("//arch:__subpackages__")
    if module in ARCH_MACHINE_SEES:
        visibility += ["//arch/%s/machine:__pkg__" % arch for arch in KERNEL_TARGETS]
    if module in PORTS_SEE:
        visibility.append("//ports:__subpackages__")
    return visibility + _ALWAYS

def _arch_visibility(arch):
    ports = [
        "//ports/%s:__subpackages__" % port
        for port, arches in PORT_ARCHES.items()
        if arch in arches
    ]
    return ["//arch/%s:__subpackages__" % arch] + ports + _ALWAYS

def layer_visibility(package):
    """The visibility of the libraries of `package`, or None where it is free.

    Libraries outside core/, arch/ and ports/ name their own.
    """
    parts = package.split("/")
    if parts[0] not in ["core", "arch", "ports"]:
        return None
    if len(parts) < 2:
        fail("a library belongs in a folder of %s/, not in %s/ itself" % (package, package))
    if parts[0] == "core":
        return _core_visibility(parts[1])
    if parts[0] == "arch":
        return _arch_visibility(parts[1])
    return ["//ports/%s:__subpackages__" % parts[1]] + _ALWAYS
