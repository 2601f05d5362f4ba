# SPDX-License-Identifier: MIT
"""qemu_test: an image is booted and judged by testing/qemu/run_qemu.py."""

def _qemu_test_impl(ctx):
    image = ctx.file.image
    runner = ctx.executable._runner
    arguments = [
        "--arch=" + ctx.attr.arch,
        "--image=" + image.short_path,
        "--memory=" + ctx.attr.memory,
        "--cpus=%d" % ctx.attr.cpus,
    ]
    for arg in ctx.attr.qemu_args:
        arguments.append("--qemu-arg=" + ctx.expand_location(arg, ctx.attr.data))
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        output = script,
        is_executable = True,
        content = "#!/bin/sh\nexec %s %s \"$@\"\n" % (
            runner.short_path,
            " ".join(["'%s'" % a for a in arguments]),
        ),
    )
    return [
        DefaultInfo(
            executable = script,
            runfiles = ctx.runfiles(files = [image, runner] + ctx.files.data),
        ),
    ]

qemu_test = rule(
    doc = "Boots `image` in QEMU and judges its serial output and exit code.",
    implementation = _qemu_test_impl,
    test = True,
    attrs = {
        "arch": attr.string(mandatory = True, values = ["aarch64", "riscv64", "x86_64"]),
        "cpus": attr.int(default = 1),
        "data": attr.label_list(allow_files = True, doc = "Files that `qemu_args` name by $(rootpath)."),
        "image": attr.label(allow_single_file = True, mandatory = True),
        "memory": attr.string(default = "128M"),
        "qemu_args": attr.string_list(doc = "More arguments for QEMU, one word each."),
        "_runner": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "//testing/qemu:run_qemu.py",
            executable = True,
        ),
    },
)
