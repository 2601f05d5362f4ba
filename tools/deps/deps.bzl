# SPDX-License-Identifier: MIT
"""External dependencies.

Each is taken from the Debian package where its probe path exists, and is
fetched from its pinned release otherwise. --repo_env=EBPF_DEPS=system or
=fetch forces one of the two.
"""

load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")

def _from_system(ctx):
    mode = ctx.os.environ.get("EBPF_DEPS", "auto")
    if mode not in ["auto", "system", "fetch"]:
        fail("EBPF_DEPS must be auto, system or fetch, not '%s'" % mode)
    if mode != "auto":
        return mode == "system"
    return ctx.path(ctx.attr.probe).exists

def _write_build(ctx, label):
    for f in ["BUILD", "BUILD.bazel"]:
        if ctx.path(f).exists:
            ctx.delete(f)
    ctx.symlink(ctx.path(label), "BUILD.bazel")

def _system_or_http_impl(ctx):
    if _from_system(ctx):
        for link, target in ctx.attr.symlinks.items():
            ctx.symlink(target, link)
        if ctx.attr.system_build_file:
            _write_build(ctx, ctx.attr.system_build_file)
        for path, content in ctx.attr.system_packages.items():
            ctx.file(path + "/BUILD.bazel", content)
    else:
        ctx.download_and_extract(
            url = ctx.attr.urls,
            sha256 = ctx.attr.sha256,
            stripPrefix = ctx.attr.strip_prefix,
        )
        if ctx.attr.fetch_build_file:
            _write_build(ctx, ctx.attr.fetch_build_file)

system_or_http = repository_rule(
    implementation = _system_or_http_impl,
    environ = ["EBPF_DEPS"],
    attrs = {
        "fetch_build_file": attr.label(doc = "Replaces the release's top BUILD file."),
        "probe": attr.string(mandatory = True, doc = "Path that shows the Debian package is installed."),
        "sha256": attr.string(),
        "strip_prefix": attr.string(),
        "symlinks": attr.string_dict(doc = "Link in the repository to path on the system."),
        "system_build_file": attr.label(),
        "system_packages": attr.string_dict(doc = "Package path to BUILD content."),
        "urls": attr.string_list(),
    },
)

def _rules_cc_impl(ctx):
    if not _from_system(ctx):
        ctx.download_and_extract(
            url = "https://github.com/bazelbuild/rules_cc/releases/download/0.0.9/rules_cc-0.0.9.tar.gz",
            sha256 = "2037875b9a4456dce4a79d112a8ae885bbc4aad968e6587dca6e64f3a0900cdf",
            stripPrefix = "rules_cc-0.0.9",
        )
        return
    r = ctx.execute(["cp", "-rL", ctx.attr.probe + "/.", "."])
    if r.return_code:
        fail(r.stderr)

    # bookworm's rules_cc 0.0.4 asks for a symbol that its Bazel 4.2.3 lacks.
    utils = ctx.read(ctx.path(Label("@bazel_tools//tools/cpp:toolchain_utils.bzl")))
    if "use_cpp_toolchain" not in utils:
        for f in ["compiler_flag.bzl", "cc_flags_supplier.bzl"]:
            f = "cc/private/rules_impl/" + f
            text = ctx.read(f)
            text = text.replace(', "use_cpp_toolchain"', "")
            text = text.replace("use_cpp_toolchain()", '["@bazel_tools//tools/cpp:toolchain_type"]')
            ctx.delete(f)
            ctx.file(f, text)

rules_cc_repository = repository_rule(
    implementation = _rules_cc_impl,
    environ = ["EBPF_DEPS"],
    attrs = {"probe": attr.string(default = "/usr/share/bazel/rules/cc")},
)

def _coverage_tools_impl(ctx):
    ctx.file("BUILD.bazel", """
[alias(
    name = n,
    actual = "@ebpf//tools/coverage:lcov_merger",
    visibility = ["//visibility:public"],
) for n in ["lcov_merger", "coverage_report_generator"]]
""")

coverage_tools_repository = repository_rule(implementation = _coverage_tools_impl)

# Abseil targets that tests may use. The Debian package is one library here:
# the linker takes what it needs from the archives.
_ABSL_PACKAGES = {
    "absl/algorithm": ["container"],
    "absl/base": ["core_headers"],
    "absl/container": ["fixed_array", "flat_hash_map", "flat_hash_set", "inlined_vector"],
    "absl/flags": ["flag", "parse"],
    "absl/functional": ["function_ref"],
    "absl/memory": ["memory"],
    "absl/numeric": ["bits", "int128"],
    "absl/random": ["random"],
    "absl/status": ["status", "statusor"],
    "absl/strings": ["cord", "str_format", "strings"],
    "absl/synchronization": ["synchronization"],
    "absl/time": ["time"],
    "absl/types": ["optional", "span"],
}

def _absl_system_packages():
    pkgs = {}
    for path, names in _ABSL_PACKAGES.items():
        pkgs[path] = "\n".join([
            'alias(name = "%s", actual = "//:absl", visibility = ["//visibility:public"])' % n
            for n in names
        ])
    return pkgs

def _libbpf_impl(ctx):
    if not ctx.path(ctx.attr.headers).exists:
        fail("%s is missing: install libbpf-dev (tools/setup-debian.sh)" % ctx.attr.headers)
    for header in ctx.path(ctx.attr.headers).readdir():
        ctx.symlink(header, "include/bpf/" + header.basename)
    ctx.file("BUILD.bazel", """
filegroup(
    name = "headers",
    srcs = glob(["include/bpf/*.h"]),
    visibility = ["//visibility:public"],
)
""")

# The headers that eBPF programs include as <bpf/bpf_helpers.h>.
libbpf_repository = repository_rule(
    implementation = _libbpf_impl,
    attrs = {"headers": attr.string(default = "/usr/include/bpf")},
)

def _zydis_impl(ctx):
    if not ctx.path(ctx.attr.headers).exists:
        fail("%s is missing: install libzydis-dev (tools/setup-debian.sh)" % ctx.attr.headers)
    for folder in ["Zycore", "Zydis"]:
        ctx.symlink(ctx.attr.headers + "/" + folder, "include/" + folder)
    ctx.file("BUILD.bazel", """
cc_library(
    name = "zydis",
    hdrs = glob(["include/**/*.h"]),
    includes = ["include"],
    linkopts = ["-lZydis", "-lZycore"],
    visibility = ["//visibility:public"],
)
""")

# A decoder of x86 instructions, against which ours is tested.
zydis_repository = repository_rule(
    implementation = _zydis_impl,
    attrs = {"headers": attr.string(default = "/usr/include")},
)

def _llvm_c_impl(ctx):
    if not ctx.path(ctx.attr.headers).exists:
        fail("%s is missing: install llvm-19-dev (tools/setup-debian.sh)" % ctx.attr.headers)
    ctx.symlink(ctx.attr.headers, "include/llvm-c")
    ctx.file("BUILD.bazel", """
cc_library(
    name = "llvm_c",
    hdrs = glob(["include/llvm-c/*.h"]),
    includes = ["include"],
    visibility = ["//visibility:public"],
)
""")

# LLVM's C interface, its declarations only: who uses it loads the library.
llvm_c_repository = repository_rule(
    implementation = _llvm_c_impl,
    attrs = {"headers": attr.string(default = "/usr/lib/llvm-19/include/llvm-c")},
)

def _system_library_impl(ctx):
    if not ctx.path(ctx.attr.probe).exists:
        fail("%s is missing: install %s (tools/setup-debian.sh)" % (ctx.attr.probe, ctx.attr.package))
    ctx.file("BUILD.bazel", """
cc_library(
    name = "%s",
    linkopts = %s,
    visibility = ["//visibility:public"],
)
""" % (ctx.attr.library or ctx.name, ctx.attr.linkopts))

# A library whose headers the compiler finds by itself, in /usr/include.
system_library_repository = repository_rule(
    implementation = _system_library_impl,
    attrs = {
        "library": attr.string(doc = "The target, where not called as the repository."),
        "linkopts": attr.string_list(),
        "package": attr.string(mandatory = True, doc = "Debian's name of it."),
        "probe": attr.string(mandatory = True, doc = "Path that shows it is installed."),
    },
)

def ebpf_deps():
    libbpf_repository(name = "libbpf")
    llvm_c_repository(name = "llvm_c")
    system_library_repository(
        name = "cli11",
        package = "libcli11-dev",
        probe = "/usr/include/CLI/CLI.hpp",
    )
    system_library_repository(
        name = "fmt",
        linkopts = ["-lfmt"],
        package = "libfmt-dev",
        probe = "/usr/include/fmt/format.h",
    )
    # What reads the trace events of Linux.
    system_library_repository(
        name = "libtraceevent",
        library = "traceevent",
        linkopts = ["-ltraceevent"],
        package = "libtraceevent-dev",
        probe = "/usr/include/traceevent/event-parse.h",
    )
    system_library_repository(
        name = "nlohmann_json",
        package = "nlohmann-json3-dev",
        probe = "/usr/include/nlohmann/json.hpp",
    )
    system_library_repository(
        name = "benchmark",
        linkopts = ["-lbenchmark"],
        package = "libbenchmark-dev",
        probe = "/usr/include/benchmark/benchmark.h",
    )
    zydis_repository(name = "zydis")
    maybe(rules_cc_repository, name = "rules_cc")

    maybe(
        system_or_http,
        name = "com_google_googletest",
        probe = "/usr/src/googletest/googletest/src/gtest-all.cc",
        symlinks = {
            "googlemock": "/usr/src/googletest/googlemock",
            "googletest": "/usr/src/googletest/googletest",
        },
        system_build_file = Label("//tools/deps:googletest.BUILD"),
        fetch_build_file = Label("//tools/deps:googletest.BUILD"),
        urls = ["https://github.com/google/googletest/archive/refs/tags/v1.14.0.tar.gz"],
        sha256 = "8ad598c73ad796e0d8280b082cebd82a630d73e73cd3c70057938a6501bba5d7",
        strip_prefix = "googletest-1.14.0",
    )

    maybe(
        system_or_http,
        name = "com_google_absl",
        probe = "/usr/include/absl/strings/string_view.h",
        system_build_file = Label("//tools/deps:absl.BUILD"),
        system_packages = _absl_system_packages(),
        urls = ["https://github.com/abseil/abseil-cpp/releases/download/20240116.2/abseil-cpp-20240116.2.tar.gz"],
        sha256 = "733726b8c3a6d39a4120d7e45ea8b41a434cdacde401cba500f14236c49b39dc",
        strip_prefix = "abseil-cpp-20240116.2",
    )

    # Bazel 4 (Debian bookworm) loads these two for every build with tests and
    # would fetch them. Bazel 7 brings its own.
    if not native.bazel_version or native.bazel_version.startswith("4.") or native.bazel_version.startswith("no"):
        native.local_repository(name = "rules_java", path = "/usr/share/bazel/rules/java")
        coverage_tools_repository(name = "remote_coverage_tools")
