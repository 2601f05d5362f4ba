# SPDX-License-Identifier: MIT
"""optimized_binary: a program of the host that is always built optimized."""

# As kernels are: neither stack protector nor frame pointers.
_COPTS = ["-fno-stack-protector", "-fomit-frame-pointer"]

def _optimized_transition_impl(settings, attr):
    copts = settings["//command_line_option:copt"]
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:copt": [c for c in copts if c not in _COPTS] + _COPTS,
    }

_optimized_transition = transition(
    implementation = _optimized_transition_impl,
    inputs = ["//command_line_option:copt"],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:copt",
    ],
)

def _optimized_binary_impl(ctx):
    binary = ctx.attr.binary
    if type(binary) == "list":
        binary = binary[0]
    info = binary[DefaultInfo]
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = out,
        target_file = info.files_to_run.executable,
        is_executable = True,
    )
    return [DefaultInfo(executable = out, runfiles = info.default_runfiles)]

# Not `-c opt` on the command line: changing that back and forth makes Bazel
# forget what it knows of the whole tree.
optimized_binary = rule(
    doc = "`binary` and all that it needs, optimized whatever is asked for.",
    implementation = _optimized_binary_impl,
    executable = True,
    attrs = {
        "binary": attr.label(cfg = _optimized_transition, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
