# SPDX-License-Identifier: MIT
"""gcc_test: a second compiler takes every source of a port's archive."""

load("//tools/build:sources.bzl", "SourcesInfo", "sources_aspect")
load("//tools/build:transition.bzl", "TRANSITION_ATTRS", "platform_transition")
load("//tools/toolchain:targets.bzl", "KERNEL_COMPILE", "KERNEL_CPP", "KERNEL_TARGETS")

_FLAGS = KERNEL_COMPILE + KERNEL_CPP + [
    "-O2",
    "-DNDEBUG",
    "-Wall",
    "-Wextra",
    "-Werror",
]

def _gcc_test_impl(ctx):
    infos = [d[SourcesInfo] for d in ctx.attr.deps]
    srcs = depset(transitive = [i.srcs for i in infos]).to_list()
    headers = depset(transitive = [i.headers for i in infos])
    target = KERNEL_TARGETS[ctx.attr.arch]
    flags = _FLAGS + target.gcc_flags
    for include in depset(transitive = [i.includes for i in infos]).to_list():
        flags += ["-iquote", include]
    flags += ["-D" + d for d in depset(transitive = [i.defines for i in infos]).to_list()]
    outs = []
    for number, src in enumerate(srcs):
        out = ctx.actions.declare_file("%s/%d_%s.o" % (ctx.label.name, number, src.basename))
        ctx.actions.run_shell(
            # The compiler's own headers only, as for clang.
            command = 'gcc=$1; shift; exec "$gcc" -nostdinc -isystem "$("$gcc" -print-file-name=include)" "$@"',
            arguments = [target.gcc] + flags + ["-c", src.path, "-o", out.path],
            inputs = depset([src], transitive = [headers]),
            outputs = [out],
            mnemonic = "GccCompile",
            progress_message = "Compiling %s with %s" % (src.short_path, target.gcc),
            use_default_shell_env = True,
        )
        outs.append(out)
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        output = script,
        is_executable = True,
        content = "#!/bin/sh\necho '%d sources compile with %s'\n" % (len(outs), target.gcc),
    )
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(outs))]

gcc_test = rule(
    doc = "Every source of `deps` and what they need compiles with GCC, without a warning.",
    implementation = _gcc_test_impl,
    test = True,
    attrs = dict(
        TRANSITION_ATTRS,
        arch = attr.string(mandatory = True, values = KERNEL_TARGETS.keys()),
        deps = attr.label_list(
            aspects = [sources_aspect],
            cfg = platform_transition,
            mandatory = True,
            providers = [CcInfo],
        ),
    ),
)
