# SPDX-License-Identifier: MIT
"""gcc_test: a second compiler takes every source of a port's archive."""

load("//tools/build:transition.bzl", "TRANSITION_ATTRS", "platform_transition")
load("//tools/toolchain:targets.bzl", "KERNEL_TARGETS")

_SourcesInfo = provider(
    doc = "The C++ and assembly sources of a library and all it needs.",
    fields = {"defines": "depset", "headers": "depset", "includes": "depset", "srcs": "depset"},
)

def _sources_aspect_impl(target, ctx):
    if CcInfo not in target:
        return []
    context = target[CcInfo].compilation_context
    own = []
    for src in getattr(ctx.rule.attr, "srcs", []):
        own += [f for f in src.files.to_list() if f.extension in ["cc", "S"]]
    deps = [d[_SourcesInfo] for d in getattr(ctx.rule.attr, "deps", []) if _SourcesInfo in d]
    return [_SourcesInfo(
        defines = depset(transitive = [context.defines]),
        headers = context.headers,
        includes = depset(transitive = [context.quote_includes, context.includes, context.system_includes]),
        srcs = depset(own, transitive = [d.srcs for d in deps]),
    )]

_sources_aspect = aspect(
    implementation = _sources_aspect_impl,
    attr_aspects = ["deps"],
)

# The same as tools/toolchain gives clang.
_FLAGS = [
    "-std=c++20",
    "-O2",
    "-ffreestanding",
    "-nostdinc++",
    "-fPIE",
    "-fvisibility=hidden",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-fno-common",
    "-fno-strict-aliasing",
    "-fno-omit-frame-pointer",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-threadsafe-statics",
    "-fno-use-cxa-atexit",
    "-DNDEBUG",
    "-Wall",
    "-Wextra",
    "-Werror",
]

def _gcc_test_impl(ctx):
    infos = [d[_SourcesInfo] for d in ctx.attr.deps]
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
            aspects = [_sources_aspect],
            cfg = platform_transition,
            mandatory = True,
            providers = [CcInfo],
        ),
    ),
)
