# SPDX-License-Identifier: MIT
"""nc_test: what the compiler must refuse. nc_test.py tells a source's form."""

load("//tools/build:compile.bzl", "COMPILE_ATTRS", "cpp_command")

def _nc_test_impl(ctx):
    infos = cc_common.merge_cc_infos(cc_infos = [d[CcInfo] for d in ctx.attr.deps])
    context = infos.compilation_context
    command = cpp_command(ctx, context, ctx.attr.copts)
    result = ctx.actions.declare_file(ctx.label.name + ".xml")
    arguments = ctx.actions.args()
    arguments.add(result)
    arguments.add(ctx.file.src)
    arguments.add_all(command.argv)
    ctx.actions.run(
        executable = ctx.executable._runner,
        arguments = [arguments],
        inputs = depset([ctx.file.src], transitive = [context.headers, command.files]),
        outputs = [result],
        mnemonic = "CompileRefused",
        progress_message = "Compiling what must not compile, " + ctx.file.src.short_path,
        use_default_shell_env = True,
    )
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, """#!/bin/sh
cat {xml}
if [ -n "$XML_OUTPUT_FILE" ]; then cp {xml} "$XML_OUTPUT_FILE"; fi
! grep -q '<failure' {xml}
""".format(xml = result.short_path), is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles([result]))]

nc_test = rule(
    doc = "Use `ebpf_nc_test` of defs.bzl.",
    implementation = _nc_test_impl,
    test = True,
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
    attrs = dict(
        COMPILE_ATTRS,
        copts = attr.string_list(),
        deps = attr.label_list(providers = [CcInfo]),
        src = attr.label(allow_single_file = [".cc"], mandatory = True),
        _runner = attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "//tools/build:nc_test.py",
            executable = True,
        ),
    ),
)
