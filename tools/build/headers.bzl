# SPDX-License-Identifier: MIT
"""headers_test: each header of a library compiles alone."""

load("//tools/build:compile.bzl", "COMPILE_ATTRS", "cpp_command")

def _headers_test_impl(ctx):
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
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "#!/bin/sh\nexec cat %s\n" % stamp.short_path, is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles([stamp]))]

headers_test = rule(
    implementation = _headers_test_impl,
    test = True,
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
    attrs = dict(
        COMPILE_ATTRS,
        copts = attr.string_list(),
        library = attr.label(mandatory = True, providers = [CcInfo]),
    ),
)
