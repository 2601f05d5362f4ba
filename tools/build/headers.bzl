# SPDX-License-Identifier: MIT
"""headers_test: each header of a library compiles alone."""

load("//tools/build:compile.bzl", "COMPILE_ATTRS", "cpp_command")
load("//tools/build:transition.bzl", "kernel_file")

def _headers_check_impl(ctx):
    context = ctx.attr.library[CcInfo].compilation_context
    headers = [h for h in context.direct_public_headers if h.extension == "h"]
    stamp = ctx.actions.declare_file(ctx.label.name + ".ok")
    command = cpp_command(ctx, context, ctx.attr.copts)

    # A source of one include each: a header as main file would warn of its
    # own `#pragma once`.
    ctx.actions.run_shell(
        command = """
set -eu
out=$1; shift
count=$1; shift
headers="${@:1:$count}"; shift "$count"
for header in $headers; do
  printf '#include "%s"\\n' "$header" | "$@" -fsyntax-only -xc++ - || {
    echo "$header does not compile alone" >&2; exit 1; }
done
echo "$count headers compile alone" >"$out"
""",
        arguments = [stamp.path, str(len(headers))] + [h.short_path for h in headers] + command.argv,
        inputs = depset(transitive = [context.headers, command.files]),
        outputs = [stamp],
        mnemonic = "CheckHeaders",
        progress_message = "Compiling each header of %s alone" % ctx.attr.library.label,
    )
    return [DefaultInfo(files = depset([stamp]))]

_headers_check = rule(
    implementation = _headers_check_impl,
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
    attrs = dict(
        COMPILE_ATTRS,
        copts = attr.string_list(),
        library = attr.label(mandatory = True, providers = [CcInfo]),
    ),
)

def _headers_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        "#!/bin/sh\nexec cat %s\n" % ctx.file.stamp.short_path,
        is_executable = True,
    )
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles([ctx.file.stamp]))]

_headers_test = rule(
    implementation = _headers_test_impl,
    test = True,
    attrs = {"stamp": attr.label(allow_single_file = True, mandatory = True)},
)

def _kernel_of(constraints):
    """The CPU whose kernel a library is for, or None: it is for every host."""
    for constraint in constraints:
        if constraint.startswith("@platforms//cpu:"):
            return constraint[len("@platforms//cpu:"):]
    return "x86_64" if "@platforms//os:none" in constraints else None

def headers_test(name, library, copts, testonly, target_compatible_with, tags):
    """The test `name`, and the compilation behind it.

    Headers of a library that one CPU or a kernel has are compiled for that.
    """
    _headers_check(
        name = name + "_compilation",
        testonly = testonly,
        copts = copts,
        library = library,
        tags = ["manual"],
        target_compatible_with = target_compatible_with,
    )
    stamp = name + "_compilation"
    cpu = _kernel_of(target_compatible_with)
    if cpu:
        stamp = name + "_stamp"
        kernel_file(
            name = stamp,
            testonly = testonly,
            src = ":%s_compilation" % name,
            out = name + ".stamp",
            platform = "//tools/platforms:%s-none" % cpu,
        )
    _headers_test(
        name = name,
        size = "small",
        stamp = ":" + stamp,
        tags = tags,
    )
