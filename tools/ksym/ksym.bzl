# SPDX-License-Identifier: MIT
"""ksym_blob: the symbol blob of a linked kernel."""

def _ksym_blob_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".ksym")
    ctx.actions.run(
        executable = ctx.executable._ksym,
        arguments = [ctx.file.elf.path, "-o", out.path],
        inputs = [ctx.file.elf],
        outputs = [out],
        mnemonic = "Ksym",
        progress_message = "Reading symbols of " + ctx.file.elf.short_path,
    )
    source = ctx.actions.declare_file(ctx.label.name + ".S")

    # Bazel drops from a compilation's inputs what its dependency file does not
    # name, and that does not name what .incbin reads. So the source changes
    # when the blob does.
    ctx.actions.run_shell(
        command = """cat > "$2" <<END
        .section .ksym, "a", %progbits
        .balign 16
        .incbin "$1"
        .section .note.GNU-stack, "", %progbits
        // $(sha256sum < "$1")
END""",
        arguments = [out.path, source.path],
        inputs = [out],
        outputs = [source],
        mnemonic = "KsymSource",
    )
    return [
        DefaultInfo(files = depset([out])),
        OutputGroupInfo(source = depset([source])),
    ]

ksym_blob = rule(
    doc = "NAME.ksym of `elf`; output group `source`: assembly with it in section .ksym.",
    implementation = _ksym_blob_impl,
    attrs = {
        "elf": attr.label(allow_single_file = True, mandatory = True),
        "_ksym": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "//tools/ksym:ksym.py",
            executable = True,
        ),
    },
)

def _ksym_checked_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run_shell(
        command = '"$1" "$2" --check "$3" && cp -L "$2" "$4"',
        arguments = [ctx.executable._ksym.path, ctx.file.elf.path, ctx.file.blob.path, out.path],
        inputs = [ctx.file.elf, ctx.file.blob],
        tools = [ctx.executable._ksym],
        outputs = [out],
        mnemonic = "KsymCheck",
        progress_message = "Checking symbols of " + ctx.file.elf.short_path,
    )
    return [DefaultInfo(files = depset([out]))]

ksym_checked = rule(
    doc = "A copy of `elf`, the second link, if its symbols are those of `blob`.",
    implementation = _ksym_checked_impl,
    attrs = {
        "blob": attr.label(allow_single_file = True, mandatory = True),
        "elf": attr.label(allow_single_file = True, mandatory = True),
        "_ksym": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "//tools/ksym:ksym.py",
            executable = True,
        ),
    },
)
