# SPDX-License-Identifier: MIT
"""port_description: what tools/vendor copies, and how that is compiled."""

load("//tools/build:sources.bzl", "SourcesInfo", "sources_aspect")
load("//tools/build:transition.bzl", "TRANSITION_ATTRS", "platform_transition")
load("//tools/toolchain:targets.bzl", "KERNEL_COMPILE", "KERNEL_CPP", "KERNEL_TARGETS")

def _port_description_impl(ctx):
    infos = [d[SourcesInfo] for d in ctx.attr.deps]
    srcs = depset(transitive = [i.srcs for i in infos]).to_list()
    headers = depset(transitive = [i.headers for i in infos]).to_list()
    includes = depset(transitive = [i.includes for i in infos]).to_list()
    target = KERNEL_TARGETS[ctx.attr.arch]
    for f in srcs + headers:
        if not f.is_source:
            fail("%s is generated: a vendored port could not have it" % f.path)
    out = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(out, struct(
        port = ctx.label.package.rpartition("/")[2],
        cpu = ctx.attr.arch,
        sources = sorted([f.path for f in srcs]),
        headers = sorted([f.path for f in headers]),
        # Not those of outputs.
        includes = sorted([i for i in includes if not i.startswith("bazel-out")]),
        defines = sorted(depset(transitive = [i.defines for i in infos]).to_list()),
        flags = struct(
            all = KERNEL_COMPILE + ["-O2", "-DNDEBUG"],
            cpp = KERNEL_CPP,
            clang = ["--target=" + target.target] + target.compile_flags,
            gcc = target.gcc_flags,
        ),
        compilers = struct(clang = "clang++-19", gcc = target.gcc),
        audit = [
            "--%s=%s" % (option, value)
            for option, values in [
                ("undefined", ctx.attr.undefined),
                ("undefined-prefix", ctx.attr.undefined_prefixes),
                ("noprobe-call", ctx.attr.noprobe_calls),
                ("section", ctx.attr.sections),
            ]
            for value in values
        ],
    ).to_json())
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

port_description = rule(
    doc = "`name`.json: files, include folders and flags of a port, and what its audit asks, for tools/vendoring.",
    implementation = _port_description_impl,
    attrs = dict(
        TRANSITION_ATTRS,
        arch = attr.string(mandatory = True, values = KERNEL_TARGETS.keys()),
        deps = attr.label_list(
            aspects = [sources_aspect],
            cfg = platform_transition,
            mandatory = True,
            providers = [CcInfo],
        ),
        noprobe_calls = attr.string_list(),
        sections = attr.string_list(),
        undefined = attr.string_list(),
        undefined_prefixes = attr.string_list(),
    ),
)
