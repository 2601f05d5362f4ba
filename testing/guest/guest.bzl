# SPDX-License-Identifier: MIT
"""Images of the guest kernel: a CPU, a personality, and a program or tests."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library")
load("//tools/build:defs.bzl", "COPTS", "FEATURES")
load("//tools/build:qemu.bzl", "qemu_test")
load("//tools/build:transition.bzl", "kernel_file")
load("//tools/ksym:ksym.bzl", "ksym_blob", "ksym_checked")
load("//tools/toolchain:targets.bzl", "platform_constraints")

# Name: its CPU, CPUs that it has, and the kernel that it plays.
GUESTS = {
    "alien": struct(arch = "riscv64", cpus = 1, kernel = "alien"),
    "dragonos": struct(arch = "x86_64", cpus = 2, kernel = "dragonos"),
    # DragonOS starts no second CPU of RISC-V.
    "dragonos_riscv64": struct(arch = "riscv64", cpus = 1, kernel = "dragonos"),
    "plain": struct(arch = "aarch64", cpus = 2, kernel = "plain"),
    # For a second CPU of RISC-V, which Alien does not have.
    "plain_riscv64": struct(arch = "riscv64", cpus = 2, kernel = "plain"),
}

# Those of a suite that needs no second CPU of RISC-V.
EACH_PORT = [name for name in GUESTS if name != "plain_riscv64"]

# Kernel that is played: what an image needs in which eBPF comes up as //testing/guest/demo:start
# says.
PORTS_WITHOUT_LEDGER = {
    "alien": [
        "//ports/alien",
        "//ports/alien:interface",
    ],
    "dragonos": [
        "//ports/dragonos",
        "//ports/dragonos:interface",
    ],
    "plain": ["//testing/guest/personalities/plain:port"],
}

# The same, and each run of a program looks into the ledger.
PORTS = {
    kernel: port + ["//testing/guest/ledger:runs"]
    for kernel, port in PORTS_WITHOUT_LEDGER.items()
}

def _absolute(label):
    """`label` in its one longest form."""
    if label.startswith(":"):
        return "//" + native.package_name() + label
    if ":" not in label:
        return label + ":" + label.split("/")[-1]
    return label

def _unique(labels):
    return {_absolute(label): None for label in labels}.keys()

def _link(name, guest, srcs, copts, linkopts, deps):
    script = "//testing/guest/%s:image.ld" % guest.arch
    cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        additional_linker_inputs = [script],
        copts = COPTS + copts,
        features = FEATURES,
        linkopts = ["-Wl,-T,$(location %s)" % script] + linkopts,
        tags = ["manual"],
        target_compatible_with = platform_constraints(guest.arch),
        deps = _unique(deps + [
            "//testing/guest/%s" % guest.arch,
            "//testing/guest/kernel",
            "//testing/guest/ledger",
            "//testing/guest/personalities/" + guest.kernel,
        ]),
    )

def guest_image(name, personality, srcs = [], deps = [], copts = [], linkopts = [], visibility = None):
    """NAME.elf: `srcs` on the guest kernel that plays `personality`.

    Linked twice: the second time with its own symbols.
    """
    guest = GUESTS[personality]
    constraints = platform_constraints(guest.arch)
    _link(name + "_first", guest, srcs, copts, linkopts, deps)
    ksym_blob(
        name = name + "_ksym",
        testonly = True,
        elf = ":%s_first" % name,
        tags = ["manual"],
        target_compatible_with = constraints,
    )
    native.filegroup(
        name = name + "_ksym_source",
        testonly = True,
        srcs = [":%s_ksym" % name],
        output_group = "source",
        tags = ["manual"],
    )
    cc_library(
        name = name + "_symbols",
        testonly = True,
        srcs = [":%s_ksym_source" % name],
        alwayslink = True,
        tags = ["manual"],
        textual_hdrs = [":%s_ksym" % name],  # .incbin reads it
        target_compatible_with = constraints,
    )
    _link(name + "_second", guest, srcs, copts, linkopts, deps + [":%s_symbols" % name])
    ksym_checked(
        name = name + "_checked",
        testonly = True,
        blob = ":%s_ksym" % name,
        elf = ":%s_second" % name,
        tags = ["manual"],
        target_compatible_with = constraints,
    )
    kernel_file(
        name = name,
        testonly = True,
        src = ":%s_checked" % name,
        out = name + ".elf",
        platform = "//tools/platforms:%s-none" % guest.arch,
        visibility = visibility,
    )

def guest_test(
        name,
        personality,
        cpus = None,
        memory = "128M",
        preemptive = False,
        qemu_args = [],
        size = "small",
        timeout = None,
        tags = [],
        visibility = None,
        **kwargs):
    """NAME_image (see guest_image, which gets `kwargs`) and the test `name`.

    `preemptive` adds NAME_preemptive: the same with the kernel preempting.
    """
    guest = GUESTS[personality]
    guest_image(
        name = name + "_image",
        personality = personality,
        visibility = visibility,
        **kwargs
    )
    cpus = cpus or guest.cpus
    for suffix, more_qemu_args in [
        ("", []),
        ("_preemptive", ["-append", "preemptive"]),
    ][:2 if preemptive else 1]:
        qemu_test(
            name = name + suffix,
            size = size,
            timeout = timeout,
            arch = guest.arch,
            cpus = cpus,
            image = ":%s_image" % name,
            memory = memory,
            qemu_args = qemu_args + more_qemu_args,
            tags = tags + ["qemu", guest.arch] + (["cpu:2"] if cpus > 1 else []),
        )

def guest_boot_test(name, personality, image, argument = None, data = [], qemu_args = []):
    """The test `name`: a guest_test's image once more, with other arguments.

    With the `argument` "breaks" it is to find what is wrong on purpose:
    //testing/guest/breaks.
    """
    guest = GUESTS[personality]
    qemu_test(
        name = name,
        size = "small",
        arch = guest.arch,
        cpus = guest.cpus,
        data = data,
        image = image,
        qemu_args = qemu_args + (["-append", argument] if argument else []),
        tags = ["qemu", guest.arch] + (["cpu:2"] if guest.cpus > 1 else []),
    )

def guest_death_tests(name, personality, deaths, image = None, qemu_args = [], **kwargs):
    """Tests that a careless port dies, and of what.

    `deaths` has names, which the image gets as its boot arguments, and the
    words that the guest must end with. `image` is a guest_test's; without one
    `kwargs` are guest_image's.
    """
    guest = GUESTS[personality]
    if not image:
        image = ":%s_image" % name
        guest_image(
            name = name + "_image",
            personality = personality,
            **kwargs
        )

    # A native rule takes the files of a filegroup as its data, not an image's.
    file = image[1:] + "_file"
    native.filegroup(
        name = file,
        testonly = True,
        srcs = [image],
    )
    for death, reason in deaths.items():
        native.sh_test(
            name = "%s_by_%s_test" % (name, death),
            size = "small",
            srcs = ["//testing/guest:death_test.sh"],
            args = [
                "$(location //testing/qemu:run_qemu.py)",
                guest.arch,
                str(guest.cpus),
                "$(location :%s)" % file,
                death,
                '"%s"' % reason,
            ] + qemu_args,
            data = [
                ":" + file,
                "//testing/qemu:run_qemu.py",
            ],
            tags = ["qemu", guest.arch] + (["cpu:2"] if guest.cpus > 1 else []),
        )
