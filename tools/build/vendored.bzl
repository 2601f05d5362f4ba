# SPDX-License-Identifier: MIT
"""What tools/vendor makes of a port: port_description, vendored_archive."""

load("//tools/build:sources.bzl", "SourcesInfo", "sources_aspect")
load("//tools/build:transition.bzl", "TRANSITION_ATTRS", "platform_transition")
load("//tools/toolchain:targets.bzl", "KERNEL_COMPILE", "KERNEL_CPP", "KERNEL_TARGETS")

PortFilesInfo = provider(
    doc = "The files of a port that its folder holds.",
    fields = {"files": "depset"},
)

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
            # Of the folder itself: tools/vendoring/templates.
            cpp = KERNEL_CPP + ["-include", "hidden.h"],
            clang = ["--target=" + target.target] + target.compile_flags,
            gcc = target.gcc_flags,
        ),
        compilers = struct(clang = "clang++-19", gcc = target.gcc),
        audit = ["--no-got"] + [
            "--%s=%s" % (option, value)
            for option, values in [
                ("undefined", ctx.attr.undefined),
                ("undefined-prefix", ctx.attr.undefined_prefixes),
                ("noprobe-call", ctx.attr.noprobe_calls),
                ("noprobe-jump", ctx.attr.noprobe_jumps),
                ("section", ctx.attr.sections),
            ]
            for value in values
        ],
    ).to_json())
    return [
        DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out])),
        PortFilesInfo(files = depset(srcs + headers + [ctx.file.readme])),
    ]

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
        noprobe_jumps = attr.string_list(),
        readme = attr.label(allow_single_file = True, mandatory = True),
        sections = attr.string_list(),
        undefined = attr.string_list(),
        undefined_prefixes = attr.string_list(),
    ),
)

def _vendored_archive_impl(ctx):
    description = ctx.file.description
    files = ctx.attr.description[PortFilesInfo].files
    out = ctx.actions.declare_file("lib%s.a" % ctx.label.name)
    ctx.actions.run(
        executable = ctx.executable._build,
        arguments = [description.path, ctx.file._clang.path, ctx.file._ar.path, out.path],
        inputs = depset([description, ctx.file._clang, ctx.file._ar] + ctx.files._others, transitive = [files]),
        outputs = [out],
        mnemonic = "VendoredArchive",
        progress_message = "Building %s as a kernel's tree would" % ctx.label,
        use_default_shell_env = True,
    )
    return [DefaultInfo(files = depset([out]))]

vendored_archive = rule(
    doc = "lib`name`.a: the folder that tools/vendor makes of a port, built by its own Makefile.",
    implementation = _vendored_archive_impl,
    attrs = {
        "description": attr.label(allow_single_file = [".json"], mandatory = True, providers = [PortFilesInfo]),
        "_ar": attr.label(allow_single_file = True, cfg = "exec", default = "@llvm//:bin/llvm-ar"),
        "_build": attr.label(allow_single_file = True, cfg = "exec", default = "//tools/vendoring:build_archive.py", executable = True),
        "_clang": attr.label(allow_single_file = True, cfg = "exec", default = "@llvm//:bin/clang"),
        "_others": attr.label(default = "//tools/vendoring:content"),
    },
)
