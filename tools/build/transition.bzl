# SPDX-License-Identifier: MIT
"""The way from the host's configuration to a kernel's."""

def _platform_transition_impl(settings, attr):
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:platforms": str(attr.platform),
    }

# Kernel code is always built optimized: an unoptimized build would test other
# code than the one that is shipped.
platform_transition = transition(
    implementation = _platform_transition_impl,
    inputs = [],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:platforms",
    ],
)

TRANSITION_ATTRS = {
    "platform": attr.label(mandatory = True),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

def _one(value):
    """An attribute with a transition is a list in Bazel 4 and 7 alike."""
    return value[0] if type(value) == "list" else value

def _kernel_file_impl(ctx):
    source = _one(ctx.attr.src)[DefaultInfo]
    if source.files_to_run.executable:
        target = source.files_to_run.executable
    else:
        target = source.files.to_list()[0]
    out = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.symlink(output = out, target_file = target)
    # As data of a test, too: native rules take runfiles only.
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

kernel_file = rule(
    doc = "The output of `src`, built for `platform`, as the file `out`.",
    implementation = _kernel_file_impl,
    attrs = dict(
        TRANSITION_ATTRS,
        out = attr.string(mandatory = True),
        src = attr.label(cfg = platform_transition, mandatory = True),
    ),
)
