# SPDX-License-Identifier: MIT
"""archive_audit_test: whether a kernel can link an archive."""

_TOOLS = ["nm", "objdump", "readelf"]

def _archive_audit_test_impl(ctx):
    tools = {name: getattr(ctx.file, "_" + name) for name in _TOOLS}
    arguments = ["--%s=%s" % (name, f.short_path) for name, f in tools.items()]
    arguments.append("--arch=" + ctx.attr.arch)
    arguments += ["--undefined=" + s for s in ctx.attr.undefined]
    arguments += ["--undefined-prefix=" + s for s in ctx.attr.undefined_prefixes]
    arguments += ["--noprobe-call=" + s for s in ctx.attr.noprobe_calls]
    arguments += ["--noprobe-jump=" + s for s in ctx.attr.noprobe_jumps]
    arguments += ["--section=" + s for s in ctx.attr.sections]
    arguments += ["--no-got"] if ctx.attr.no_got else []
    arguments += ["--expect=" + s for s in ctx.attr.expect]
    arguments.append(ctx.file.archive.short_path)
    audit = ctx.executable._audit
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        output = script,
        is_executable = True,
        content = "#!/bin/sh\nexec %s %s\n" % (
            audit.short_path,
            " ".join(["'%s'" % a for a in arguments]),
        ),
    )
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(files = [audit, ctx.file.archive] + tools.values()),
    )]

archive_audit_test = rule(
    doc = "Checks that a kernel can link `archive`: see archive_audit.py.",
    implementation = _archive_audit_test_impl,
    test = True,
    attrs = dict(
        {
            "_" + name: attr.label(allow_single_file = True, default = "@llvm//:bin/llvm-" + name)
            for name in _TOOLS
        },
        arch = attr.string(mandatory = True, values = ["aarch64", "riscv64", "x86_64"]),
        archive = attr.label(allow_single_file = [".a"], mandatory = True),
        expect = attr.string_list(doc = "Findings, as regular expressions, that must be all there are: for the audit's own tests."),
        no_got = attr.bool(doc = "Nothing in it takes an address from a GOT."),
        noprobe_calls = attr.string_list(doc = "What ebpf_noprobe may call outside of itself."),
        noprobe_jumps = attr.string_list(doc = "What in it may jump to where a datum says."),
        sections = attr.string_list(doc = "Sections that are allowed here, though refused in general."),
        undefined = attr.string_list(doc = "Symbols that the kernel provides."),
        undefined_prefixes = attr.string_list(doc = "Prefixes of such symbols."),
        _audit = attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "//tools/build:archive_audit.py",
            executable = True,
        ),
    ),
)
