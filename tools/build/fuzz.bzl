# SPDX-License-Identifier: MIT
"""fuzz_binary: a libFuzzer program with all its code instrumented."""

def _fuzz_transition_impl(settings, attr):
    features = settings["//command_line_option:features"]
    ours = ["asan", "ubsan", "fuzzer"]
    others = [f for f in features if f not in ours + ["tsan"]]
    return {"//command_line_option:features": others + ours}

# Coverage feedback, ASan and UBSan in everything that the target needs, not
# only where `--config` would put them.
_fuzz_transition = transition(
    implementation = _fuzz_transition_impl,
    inputs = ["//command_line_option:features"],
    outputs = ["//command_line_option:features"],
)

def _fuzz_binary_impl(ctx):
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

fuzz_binary = rule(
    implementation = _fuzz_binary_impl,
    executable = True,
    attrs = {
        "binary": attr.label(cfg = _fuzz_transition, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
