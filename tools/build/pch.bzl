# SPDX-License-Identifier: MIT
"""precompiled_header: a library's headers, parsed once for all who include them.

GoogleTest's take longer to parse than most tests take to compile.
"""

load("//tools/build:compile.bzl", "COMPILE_ATTRS", "cpp_command")

# How a precompiled header names the headers in it: right in every sandbox.
PCH_DIRECTORY = "/proc/self/cwd"

def _precompiled_header_impl(ctx):
    context = ctx.attr.library[CcInfo].compilation_context
    source = ctx.actions.declare_file(ctx.label.name + ".h")
    ctx.actions.write(source, "".join(["#include <%s>\n" % h for h in ctx.attr.headers]))
    out = ctx.actions.declare_file(ctx.label.name + ".pch")
    command = cpp_command(ctx, context, ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts)
    arguments = ctx.actions.args()
    arguments.add_all(command.flags)
    if ctx.var["COMPILATION_MODE"] != "opt":
        # As objects of programs are compiled (Bazel's usePicForBinaries).
        arguments.add("-fPIC")

    # Without times a cache may give it to another machine.
    arguments.add("-working-directory=" + PCH_DIRECTORY)
    arguments.add_all(["-Xclang", "-fno-pch-timestamp"])

    # As layering_check does.
    arguments.add_all(["-fmodules-strict-decluse", "-Xclang", "-fno-cxx-modules"])
    arguments.add("-fpch-instantiate-templates")
    arguments.add_all(["-x", "c++-header", source, "-o", out])
    ctx.actions.run(
        executable = command.compiler,
        arguments = [arguments],
        inputs = depset([source], transitive = [context.headers, command.files]),
        outputs = [out],
        mnemonic = "Precompile",
        progress_message = "Precompiling " + " ".join(ctx.attr.headers),
    )
    return [
        DefaultInfo(files = depset([out])),
        CcInfo(compilation_context = cc_common.create_compilation_context(headers = depset([source, out]))),
    ]

precompiled_header = rule(
    doc = "Who depends on it can be compiled with `pch_copts` of it.",
    implementation = _precompiled_header_impl,
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
    attrs = dict(
        COMPILE_ATTRS,
        headers = attr.string_list(mandatory = True),
        library = attr.label(mandatory = True, providers = [CcInfo]),
    ),
)

def pch_copts(package, name):
    """The options with which a dependent of `//package:name` uses it."""
    pch = "$(BINDIR)/%s/%s.pch" % (package, name)

    # By itself clang lists what is in the file, and not the file, among what a
    # source depends on.
    return ["-include-pch", pch, "-Xclang", "-fdepfile-entry=" + pch]
