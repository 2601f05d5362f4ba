# SPDX-License-Identifier: MIT
"""sources_aspect: what a library and all that it needs is made of."""

SourcesInfo = provider(
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
    deps = [d[SourcesInfo] for d in getattr(ctx.rule.attr, "deps", []) if SourcesInfo in d]
    return [SourcesInfo(
        defines = depset(transitive = [context.defines]),
        headers = context.headers,
        includes = depset(transitive = [context.quote_includes, context.includes, context.system_includes]),
        srcs = depset(own, transitive = [d.srcs for d in deps]),
    )]

sources_aspect = aspect(
    implementation = _sources_aspect_impl,
    attr_aspects = ["deps"],
)
