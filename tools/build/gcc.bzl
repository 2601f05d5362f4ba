# SPDX-License-Identifier: MIT
"""gcc_test: a second compiler takes every source of a port's archive."""

load("//tools/build:transition.bzl", "TRANSITION_ATTRS", "platform_transition")
load("//tools/toolchain:targets.bzl", "KERNEL_COMPILE", "KERNEL_CPP", "KERNEL_TARGETS")

_FLAGS = KERNEL_COMPILE + KERNEL_CPP + [
    "-O2",
    "-DNDEBUG",
    "-Wall",
    "-Wextra",
    "-Werror",
]

_GccInfo = provider(
    doc = "What GCC makes of a library and all it needs.",
    fields = {"objects": "depset"},
)

def _gcc_aspect_impl(target, ctx):
    if CcInfo not in target:
        return []
    context = target[CcInfo].compilation_context
    kernel = KERNEL_TARGETS[ctx.attr.arch]
    flags = _FLAGS + kernel.gcc_flags
    for include in depset(transitive = [context.quote_includes, context.includes, context.system_includes]).to_list():
        flags += ["-iquote", include]
    flags += ["-D" + d for d in context.defines.to_list()]
    srcs = []
    for src in getattr(ctx.rule.attr, "srcs", []):
        srcs += [f for f in src.files.to_list() if f.extension in ["cc", "S"]]
    objects = []
    for number, src in enumerate(srcs):
        out = ctx.actions.declare_file("%s_gcc/%d_%s.o" % (ctx.label.name, number, src.basename))
        ctx.actions.run_shell(
            # The compiler's own headers only, as for clang.
            command = 'gcc=$1; shift; exec "$gcc" -nostdinc -isystem "$("$gcc" -print-file-name=include)" "$@"',
            arguments = [kernel.gcc] + flags + ["-c", src.path, "-o", out.path],
            inputs = depset([src], transitive = [context.headers]),
            outputs = [out],
            mnemonic = "GccCompile",
            progress_message = "Compiling %s with %s" % (src.short_path, kernel.gcc),
            use_default_shell_env = True,
        )
        objects.append(out)
    deps = [d[_GccInfo].objects for d in getattr(ctx.rule.attr, "deps", []) if _GccInfo in d]
    return [_GccInfo(objects = depset(objects, transitive = deps))]

# By library and not by archive: what the ports to one CPU have in common is
# compiled once.
_gcc_aspect = aspect(
    implementation = _gcc_aspect_impl,
    attr_aspects = ["deps"],
    attrs = {"arch": attr.string(values = KERNEL_TARGETS.keys())},
)

def _gcc_test_impl(ctx):
    objects = depset(transitive = [d[_GccInfo].objects for d in ctx.attr.deps]).to_list()
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        output = script,
        is_executable = True,
        content = "#!/bin/sh\necho '%d sources compile with %s'\n" %
                  (len(objects), KERNEL_TARGETS[ctx.attr.arch].gcc),
    )
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(objects))]

gcc_test = rule(
    doc = "Every source of `deps` and what they need compiles with GCC, without a warning.",
    implementation = _gcc_test_impl,
    test = True,
    attrs = dict(
        TRANSITION_ATTRS,
        arch = attr.string(mandatory = True, values = KERNEL_TARGETS.keys()),
        deps = attr.label_list(
            aspects = [_gcc_aspect],
            cfg = platform_transition,
            mandatory = True,
            providers = [CcInfo],
        ),
    ),
)
