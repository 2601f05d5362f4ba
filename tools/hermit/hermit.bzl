# SPDX-License-Identifier: MIT
"""hermit_test: an application of ours inside the real Hermit kernel, booted."""

load("@hermit_kernel//:kernels.bzl", "HERMIT_KERNELS")
load("//tools/build:kernel.bzl", "merged_archive")
load("//tools/build:qemu.bzl", "qemu_test")
load("//tools/build:vendored.bzl", "vendored_archive")
load("//tools/toolchain:targets.bzl", "KERNEL_TARGETS")

# Of the CPUs that Hermit runs on, those that ports/hermit supports.
HERMIT_CPUS = ["aarch64", "riscv64", "x86_64"]

# And those where it does so on several of them at once.
HERMIT_SMP_CPUS = ["riscv64", "x86_64"]

# How QEMU is told of %d CPUs so that the kernel finds them: on x86-64 by the
# firmware's table of old, which has one of each socket.
_CPU_ARGS = {
    "riscv64": [],
    "x86_64": ["-smp", "sockets=%d"],
}

_EMULATIONS = {
    "aarch64": "aarch64linux",
    "riscv64": "elf64lriscv",
    "x86_64": "elf_x86_64",
}

# How QEMU hands an image over to the loader.
_MODULE_ARGS = {
    "aarch64": ["-device", "guest-loader,addr=0x48000000,initrd=%s"],
    "riscv64": ["-device", "guest-loader,addr=0x88000000,initrd=%s"],
    "x86_64": ["-initrd", "%s"],
}

def _link(ctx, table, out):
    """The image: ours, the kernel, and the symbol table in the object `table`."""
    ctx.actions.run(
        executable = ctx.executable._lld,
        arguments = [
            "-m",
            _EMULATIONS[ctx.attr.arch],
            "-o",
            out.path,
            "-pie",
            "--no-dynamic-linker",
            "-z",
            "text",
            "-z",
            "noexecstack",
            "--gc-sections",
            # Tests stand in a section of their own, named by its ends only.
            "-z",
            "nostart-stop-gc",
            "--entry=_start",
            "--undefined=runtime_entry",
        ] + ctx.attr.linkopts + [
            table.path,
            # All of it: a weak default must not hide a port's function.
            "--whole-archive",
            (ctx.file.vendored or ctx.file.archive).path,
            "--no-whole-archive",
        ] + [
            archive.path
            for archive in ctx.files.vendored and [ctx.file.archive]
        ] + [ctx.file.kernel.path],
        inputs = [table, ctx.file.archive, ctx.file.kernel] + ctx.files.vendored,
        outputs = [out],
        mnemonic = "HermitLink",
        progress_message = "Linking Hermit image %s" % ctx.label,
    )

def _table_object(ctx, name, blob):
    """An object with ebpf_hermit_symbols: the bytes of `blob`, or none.

    In data, which lies behind the text: a longer table moves no function.
    """
    source = ctx.actions.declare_file(name + ".S")
    ctx.actions.write(source, """        .section .data.ebpf_hermit_symbols, "aw", %progbits
        .balign 8
        .globl ebpf_hermit_symbols
        .hidden ebpf_hermit_symbols
ebpf_hermit_symbols:
{content}
        .globl ebpf_hermit_symbols_end
        .hidden ebpf_hermit_symbols_end
ebpf_hermit_symbols_end:
        .byte 0
        .section .note.GNU-stack, "", %progbits
""".format(content = '        .incbin "%s"' % blob.path if blob else ""))
    out = ctx.actions.declare_file(name + ".o")
    ctx.actions.run(
        executable = ctx.executable._clang,
        arguments = [
            "--target=" + KERNEL_TARGETS[ctx.attr.arch].target,
        ] + [
            flag
            for flag in KERNEL_TARGETS[ctx.attr.arch].compile_flags
            if flag.startswith("-march=") or flag.startswith("-mabi=")
        ] + ["-c", source.path, "-o", out.path],
        inputs = [source] + ([blob] if blob else []),
        outputs = [out],
        mnemonic = "HermitSymbols",
    )
    return out

def _hermit_image_impl(ctx):
    name = ctx.label.name
    first = ctx.actions.declare_file(name + ".first.elf")
    _link(ctx, _table_object(ctx, name + ".first", None), first)
    blob = ctx.actions.declare_file(name + ".ksym")
    ctx.actions.run(
        executable = ctx.executable._ksym,
        arguments = [first.path, "-o", blob.path],
        inputs = [first],
        outputs = [blob],
        mnemonic = "Ksym",
    )
    second = ctx.actions.declare_file(name + ".second.elf")
    _link(ctx, _table_object(ctx, name + ".second", blob), second)
    image = ctx.actions.declare_file(name + ".elf")
    ctx.actions.run_shell(
        command = '"$1" "$2" --check "$3" && cp -L "$2" "$4"',
        arguments = [ctx.executable._ksym.path, second.path, blob.path, image.path],
        inputs = [second, blob],
        outputs = [image],
        tools = [ctx.executable._ksym],
        mnemonic = "KsymCheck",
    )
    # As data of a test, too: native rules take runfiles only.
    return [DefaultInfo(files = depset([image]), runfiles = ctx.runfiles([image]))]

def _tool(label):
    return attr.label(allow_single_file = True, cfg = "exec", default = label, executable = True)

_hermit_image = rule(
    implementation = _hermit_image_impl,
    attrs = {
        "arch": attr.string(mandatory = True, values = HERMIT_CPUS),
        "archive": attr.label(allow_single_file = [".a"], mandatory = True),
        "kernel": attr.label(allow_single_file = [".a"], mandatory = True),
        "linkopts": attr.string_list(doc = "More arguments for ld.lld."),
        "vendored": attr.label(
            allow_single_file = [".a"],
            doc = "eBPF and its port; `archive` is then what runtime_entry needs besides.",
        ),
        "_clang": _tool("@llvm//:bin/clang"),
        "_ksym": _tool("//tools/ksym:ksym.py"),
        "_lld": _tool("@llvm//:bin/ld.lld"),
    },
)

def hermit_image(name, arch, deps, kernel, linkopts = [], vendored = None, visibility = None):
    """`deps` and all they need, linked with Hermit's `kernel` for `arch`.

    With `vendored` eBPF and its port are that archive's, whatever `deps` need.

    One of `deps` defines runtime_entry, where Hermit starts its application.
    Only where HERMIT_KERNELS has `kernel`.
    """
    merged_archive(
        name = name + "_application",
        arch = arch,
        testonly = True,
        deps = deps,
    )
    _hermit_image(
        name = name,
        testonly = True,
        arch = arch,
        archive = ":%s_application" % name,
        kernel = "@hermit_kernel//:%s/libhermit_app.a" % kernel,
        linkopts = linkopts,
        vendored = vendored,
        visibility = visibility,
    )

def _module_args(arch, image):
    """QEMU's arguments that hand over `image`, data of the test."""
    return [
        arg % ("$(rootpath :%s)" % image) if "%s" in arg else arg
        for arg in _MODULE_ARGS[arch]
    ]

def _cpu_args(arch, cpus):
    if cpus == 1:
        return []
    return [arg % cpus if "%d" in arg else arg for arg in _CPU_ARGS[arch]]

def _kernel(arch, cpus):
    return arch if cpus == 1 else arch + "_smp"

def hermit_test(name, deps, arches = HERMIT_CPUS, cpus = 1, linkopts = [], memory = "256M", size = "small", timeout = None, vendored = False, tags = []):
    """`name`_ARCH: the image, and `name`_ARCH_test, which boots it.

    `cpus`: how many; with several the kernel has its feature `smp`.
    `vendored`: eBPF and its port are what the folder of tools/vendor builds.
    Where the kernel has not been built, the test reports one skipped case.
    """
    for arch in arches:
        kernel = _kernel(arch, cpus)
        if kernel not in HERMIT_KERNELS:
            native.sh_test(
                name = "%s_%s_test" % (name, arch),
                size = "small",
                srcs = ["//tools/hermit:skip.sh"],
                args = ["hermit_" + kernel],
                tags = tags + ["hermit", arch],
            )
            continue
        image = "%s_%s" % (name, arch)
        archive = None
        if vendored:
            archive = image + "_vendored"
            vendored_archive(
                name = archive,
                testonly = True,
                description = "//ports/hermit:hermit_%s_description" % arch,
            )
        hermit_image(
            name = image,
            arch = arch,
            kernel = kernel,
            linkopts = linkopts,
            vendored = archive,
            deps = deps,
        )
        qemu_test(
            name = image + "_test",
            size = size,
            timeout = timeout,
            arch = arch,
            cpus = cpus,
            data = [":" + image],
            image = "//testing/hermit/loader/%s:loader_%s" % (arch, arch),
            memory = memory,
            qemu_args = _module_args(arch, image) + _cpu_args(arch, cpus),
            tags = tags + ["hermit", "qemu", arch],
        )

def _boot_again(name, image, arch, cpus, argument, memory, tags):
    """The test `name`: the image of a hermit_test with an argument."""
    qemu_test(
        name = name,
        size = "small" if cpus == 1 else "medium",
        arch = arch,
        cpus = cpus,
        data = [":%s_%s" % (image, arch)],
        image = "//testing/hermit/loader/%s:loader_%s" % (arch, arch),
        memory = memory,
        qemu_args = _module_args(arch, "%s_%s" % (image, arch)) +
                    _cpu_args(arch, cpus) + ["-append", "-- " + argument],
        tags = tags,
    )

def hermit_breaks(image, arches = HERMIT_CPUS, cpus = 1, memory = "256M"):
    """`image`_breaks_ARCH_test: what is wrong on purpose is found, all in one boot.

    The images of the hermit_test `image`, which has as many `cpus`, get the
    argument "breaks": //testing/guest/breaks.
    """
    for arch in arches:
        if _kernel(arch, cpus) in HERMIT_KERNELS:
            name = "%s_breaks_%s_test" % (image, arch)
            _boot_again(name, image, arch, cpus, "breaks", memory, ["hermit", "qemu", arch])

def hermit_failures(image, failures, arches = HERMIT_CPUS, memory = "256M"):
    """`image`_WORD_ARCH_test for each word of `failures`: it must fail so.

    The images of the hermit_test `image` get the word as their argument, and
    their output must have the words that `failures` has for it.
    """
    for arch in arches:
        if arch not in HERMIT_KERNELS:
            continue
        for word, reason in failures.items():
            name = "%s_%s_%s" % (image, word, arch)
            _boot_again(name, image, arch, 1, word, memory, ["manual"])
            native.sh_test(
                name = name + "_test",
                size = "small",
                srcs = ["//tools/hermit:must_fail.sh"],
                args = ['"%s"' % reason, "$(location :%s)" % name],
                data = [":" + name],
                tags = ["hermit", "qemu", arch],
            )

def hermit_calls_nothing_test(image, function, arches = HERMIT_CPUS, cpus = 1):
    """`image`_FUNCTION_ARCH_test: the kernel's `function` is moves and a return.

    For what runs on a breakpoint's way. `image` is a hermit_test.
    """
    for arch in arches:
        if _kernel(arch, cpus) not in HERMIT_KERNELS:
            continue
        linked = ":%s_%s" % (image, arch)
        native.sh_test(
            name = "%s_%s_%s_test" % (image, function, arch),
            size = "small",
            srcs = ["//tools/hermit:calls_nothing.sh"],
            args = [
                "$(location @llvm//:bin/llvm-objdump)",
                "$(location %s)" % linked,
                function,
            ],
            data = [
                linked,
                "@llvm//:bin/llvm-objdump",
            ],
            tags = ["hermit", arch],
        )
