# SPDX-License-Identifier: MIT
"""eBPF programs as build outputs and as data of C++ code."""

load("@rules_cc//cc:defs.bzl", "cc_library")
load("//tools/toolchain:targets.bzl", "KERNEL_TARGETS")

# What libbpf's headers call each CPU.
_TARGET_ARCH = {"aarch64": "arm64", "riscv64": "riscv", "x86_64": "x86"}

def _bpf_object_impl(ctx):
    full = ctx.actions.declare_file(ctx.label.name + ".full.o")
    out = ctx.actions.declare_file(ctx.attr.out)
    libbpf = ctx.files._libbpf
    compile = ctx.actions.args()
    compile.add_all(["--target=bpf", "-mcpu=" + ctx.attr.cpu, "-O2", "-g", "-Wall", "-Werror"])
    compile.add_all(["-nostdlibinc", "-ffreestanding", "-fno-ident", "-fdebug-compilation-dir=."])
    compile.add("-D__TARGET_ARCH_" + _TARGET_ARCH[ctx.attr.arch])
    compile.add_all(["-iquote", "."])
    compile.add_all(["-isystem", libbpf[0].dirname[:-len("/bpf")]])
    compile.add_all(ctx.attr.copts)
    compile.add("-c", ctx.file.src)
    compile.add("-o", full)
    ctx.actions.run(
        executable = ctx.executable._clang,
        arguments = [compile],
        inputs = depset([ctx.file.src] + ctx.files.hdrs + libbpf),
        outputs = [full],
        mnemonic = "BpfCompile",
        progress_message = "Compiling eBPF program " + ctx.file.src.short_path,
    )

    # DWARF goes, BTF stays.
    strip = ctx.actions.args()
    strip.add("--strip-debug")
    strip.add(full)
    strip.add("-o", out)
    ctx.actions.run(
        executable = ctx.executable._strip,
        arguments = [strip],
        inputs = depset([full]),
        outputs = [out],
        mnemonic = "BpfStrip",
        progress_message = "Stripping eBPF program " + ctx.file.src.short_path,
    )
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

def _tool(name):
    return attr.label(allow_single_file = True, cfg = "exec", default = "@llvm//:bin/" + name, executable = True)

_bpf_object = rule(
    implementation = _bpf_object_impl,
    attrs = {
        "arch": attr.string(mandatory = True, values = _TARGET_ARCH.keys()),
        "copts": attr.string_list(),
        "cpu": attr.string(),
        "hdrs": attr.label_list(allow_files = [".h"]),
        "out": attr.string(mandatory = True),
        "src": attr.label(allow_single_file = [".c"], mandatory = True),
        "_clang": _tool("clang"),
        "_libbpf": attr.label(default = "@libbpf//:headers"),
        "_strip": _tool("llvm-strip"),
    },
)

def bpf_object(name, src, hdrs = [], copts = [], cpu = "v3", visibility = None):
    """Compiles a C file to relocatable eBPF objects with BTF, one per CPU.

    `name`_ARCH is the object NAME.ARCH.bpf.o; `name` is that of the CPU which
    is built for. libbpf's headers are <bpf/...>, others are named from the
    root of the tree.
    """
    for arch in KERNEL_TARGETS:
        _bpf_object(
            name = "%s_%s" % (name, arch),
            src = src,
            out = "%s.%s.bpf.o" % (name, arch),
            arch = arch,
            copts = copts,
            cpu = cpu,
            hdrs = hdrs,
            visibility = visibility,
        )
    native.alias(
        name = name,
        actual = select({
            "//tools/platforms:is_" + arch: ":%s_%s" % (name, arch)
            for arch in KERNEL_TARGETS
        }),
        visibility = visibility,
    )

def _embed_sources_impl(ctx):
    symbol = ctx.attr.symbol
    source = ctx.actions.declare_file(symbol + ".S")
    header = ctx.actions.declare_file(symbol + ".h")
    text = """        .section .rodata.{symbol}, "a", %progbits
        .balign 16
        .globl {symbol}_begin
        .hidden {symbol}_begin
{symbol}_begin:
        .incbin "{path}"
        .globl {symbol}_end
        .hidden {symbol}_end
{symbol}_end:
        .byte 0
        .section .note.GNU-stack, "", %progbits
""".format(path = ctx.file.src.path, symbol = symbol)

    # Bazel drops from a compilation's inputs what its dependency file does not
    # name, and that does not name what .incbin reads. So the source changes
    # when the bytes do.
    ctx.actions.run_shell(
        command = "{ printf '%s' \"$3\"; echo \"// $(sha256sum < \"$1\")\"; } > \"$2\"",
        arguments = [ctx.file.src.path, source.path, text],
        inputs = [ctx.file.src],
        outputs = [source],
        mnemonic = "EmbedSource",
    )
    ctx.actions.write(header, """#pragma once

#include "core/base/span.h"

extern "C" {{
[[gnu::visibility("hidden")]] extern const uint8_t {symbol}_begin[];
[[gnu::visibility("hidden")]] extern const uint8_t {symbol}_end[];
}}

/// The bytes of {path}.
inline ebpf::ConstBytes {symbol}() {{
  return ebpf::ConstBytes({symbol}_begin,
                          static_cast<size_t>({symbol}_end - {symbol}_begin));
}}
""".format(path = ctx.file.src.basename, symbol = symbol))
    return [OutputGroupInfo(header = depset([header]), source = depset([source]))]

_embed_sources = rule(
    implementation = _embed_sources_impl,
    attrs = {
        "src": attr.label(allow_single_file = True, mandatory = True),
        "symbol": attr.string(mandatory = True),
    },
)

def embed(name, src, visibility = None, **kwargs):
    """A C++ library with the bytes of `src`: `name`() of "PACKAGE/`name`.h"."""
    _embed_sources(
        name = name + "_sources",
        src = src,
        symbol = name,
    )
    for group in ["header", "source"]:
        native.filegroup(
            name = "%s_%s" % (name, group),
            srcs = [":%s_sources" % name],
            output_group = group,
        )
    cc_library(
        name = name,
        srcs = [":%s_source" % name],
        hdrs = [":%s_header" % name],
        textual_hdrs = [src],  # .incbin reads it
        visibility = visibility,
        deps = ["//core/base"],
        **kwargs
    )
