# SPDX-License-Identifier: MIT
"""The configuration of a clang/lld toolchain, for the host or for a kernel."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "feature_set",
    "flag_group",
    "flag_set",
    "tool_path",
    "with_feature_set",
)
load("//tools/build:pch.bzl", "PCH_DIRECTORY")
load("//tools/toolchain:targets.bzl", "KERNEL_COMPILE", "KERNEL_CPP")

_CPP = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.linkstamp_compile,
]

_COMPILE = _CPP + [
    ACTION_NAMES.c_compile,
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
]

_LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

def _flags(actions, flags, **kwargs):
    return flag_set(actions = actions, flag_groups = [flag_group(flags = flags)], **kwargs)

def _mode(name):
    return [with_feature_set(features = [name])]

# Sections per function and datum, frame pointers (backtraces), reproducible
# output.
_COMMON_COMPILE = [
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-omit-frame-pointer",
    "-no-canonical-prefixes",
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
]

_KERNEL_COMPILE = KERNEL_COMPILE + [
    "-nostdinc",
    "-O2",
    "-g1",  # lines and functions: a fifth less time to compile than all of it
]

_KERNEL_CPP = KERNEL_CPP + [
    "-Werror=global-constructors",
    "-Werror=exit-time-destructors",
]

def _sanitizer(name, compile, link):
    return feature(
        name = name,
        flag_sets = [
            _flags(actions, flags)
            for actions, flags in [(_COMPILE, compile), (_LINK, link)]
            if flags
        ],
    )

def _instrumentation_features(ctx):
    """Sanitizers, whose runtimes only the host has; without effect elsewhere."""
    if ctx.attr.target:
        return [feature(name = n) for n in ["asan", "ubsan", "tsan", "fuzzer", "fuzzer_main"]]
    return [
        _sanitizer("asan", ["-fsanitize=address", "-fsanitize-address-use-after-scope"], ["-fsanitize=address"]),
        _sanitizer("ubsan", ["-fsanitize=undefined", "-fno-sanitize-recover=all"], ["-fsanitize=undefined", "-fsanitize-link-c++-runtime"]),
        _sanitizer("tsan", ["-fsanitize=thread"], ["-fsanitize=thread"]),
        # libFuzzer: instrument everything, give the main function to the
        # targets that ask for fuzzer_main.
        _sanitizer("fuzzer", ["-fsanitize=fuzzer-no-link"], ["-fsanitize=fuzzer-no-link"]),
        _sanitizer("fuzzer_main", [], ["-fsanitize=fuzzer"]),
    ]

def _host_features(ctx):
    """Of Linux: the host's, or another CPU's, for which all is one file."""
    target = ["--target=" + ctx.attr.target] if ctx.attr.target else []
    link = ["-static"] if ctx.attr.target else []
    return _instrumentation_features(ctx) + [
        feature(
            name = "default_compile_flags",
            enabled = True,
            flag_sets = [
                _flags(
                    _COMPILE,
                    target + ctx.attr.compile_flags + _COMMON_COMPILE +
                    ["-fstack-protector-strong", "-fcolor-diagnostics"],
                ),
                _flags(_CPP, ["-std=c++20"]),
                _flags(_COMPILE, ["-g1", "-O1"], with_features = _mode("fastbuild")),
                _flags(_COMPILE, ["-g", "-O0"], with_features = _mode("dbg")),
                _flags(_COMPILE, ["-g0", "-O2", "-DNDEBUG"], with_features = _mode("opt")),
            ],
        ),
        feature(
            name = "default_link_flags",
            enabled = True,
            flag_sets = [
                _flags(_LINK, target + link + ["-fuse-ld=lld", "-Wl,--gc-sections", "-Wl,-z,relro,-z,now", "-lstdc++", "-lm"]),
            ],
        ),
        # bazel coverage
        feature(name = "coverage"),
        feature(
            name = "llvm_coverage_map_format",
            requires = [],
            flag_sets = [
                _flags(_COMPILE, ["-fprofile-instr-generate", "-fcoverage-mapping"], with_features = _mode("coverage")),
                _flags(_LINK, ["-fprofile-instr-generate"], with_features = _mode("coverage")),
            ],
            enabled = True,
        ),
        feature(name = "supports_pic", enabled = True),
        feature(name = "supports_dynamic_linker", enabled = True),
        feature(name = "supports_start_end_lib", enabled = False),
    ]

def _layering_features():
    """A source may include only headers of its own library and of `deps`."""
    return [
        feature(name = "module_maps", enabled = True),
        feature(
            name = "use_module_maps",
            requires = [feature_set(features = ["module_maps"])],
            flag_sets = [
                _flags(_CPP, [
                    "-fmodule-name=%{module_name}",
                    "-fmodule-map-file=%{module_map_file}",
                ]),
            ],
        ),
        feature(
            name = "layering_check",
            implies = ["use_module_maps"],
            flag_sets = [
                flag_set(
                    actions = _CPP,
                    flag_groups = [
                        # C++20 switches modules on, which would make an
                        # include of the system's an import.
                        flag_group(flags = [
                            "-fmodules-strict-decluse",
                            "-Xclang",
                            "-fno-cxx-modules",
                        ]),
                        flag_group(
                            iterate_over = "dependent_module_map_files",
                            flags = ["-fmodule-map-file=%{dependent_module_map_files}"],
                        ),
                    ],
                ),
            ],
        ),
    ]

def _kernel_features(ctx):
    return [
        feature(
            name = "default_compile_flags",
            enabled = True,
            flag_sets = [
                _flags(
                    _COMPILE,
                    ["--target=" + ctx.attr.target] + ctx.attr.compile_flags + _KERNEL_COMPILE + _COMMON_COMPILE,
                ),
                _flags(_CPP, _KERNEL_CPP),
                _flags(_COMPILE, ["-DNDEBUG"], with_features = _mode("opt")),
            ],
        ),
        # The compiler's own headers and no others: no C library, no std.
        feature(
            name = "freestanding_headers",
            enabled = True,
            flag_sets = [_flags(_COMPILE, ["-isystem", ctx.attr.resource_dir + "/include"])],
        ),
        feature(
            name = "default_link_flags",
            enabled = True,
            flag_sets = [
                # clang 19 hands the link of x86_64-none-elf to gcc, so the
                # link names a target for which it runs ld.lld itself.
                _flags(_LINK, [
                    "--target=" + ctx.attr.link_target,
                    "-fuse-ld=lld",
                    "-nostdlib",
                    "-static",
                    "-Wl,--gc-sections",
                    "-Wl,--build-id=none",
                    "-Wl,--no-eh-frame-hdr",
                    "-Wl,-z,max-page-size=4096",
                    "-Wl,-z,noexecstack",
                ]),
            ],
        ),
    ]

def _impl(ctx):
    bin = ctx.attr.bin + "/"
    name = ctx.attr.target or "host"
    common = [
        feature(name = "opt"),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
    ]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        features = common + _layering_features() + (_kernel_features(ctx) if ctx.attr.kernel else _host_features(ctx)),
        action_configs = [],
        cxx_builtin_include_directories = ctx.attr.include_dirs + [PCH_DIRECTORY],
        toolchain_identifier = "llvm-" + name,
        host_system_name = "local",
        target_system_name = name,
        target_cpu = ctx.attr.cpu if ctx.attr.target else "k8",
        target_libc = "none" if ctx.attr.kernel else "glibc",
        compiler = "clang-" + ctx.attr.version,
        abi_version = "clang",
        abi_libc_version = "none" if ctx.attr.kernel else "glibc",
        tool_paths = [
            tool_path(name = "gcc", path = bin + "clang"),
            tool_path(name = "cpp", path = bin + "clang-cpp"),
            tool_path(name = "ar", path = bin + "llvm-ar"),
            tool_path(name = "ld", path = bin + "ld.lld"),
            tool_path(name = "nm", path = bin + "llvm-nm"),
            tool_path(name = "objcopy", path = bin + "llvm-objcopy"),
            tool_path(name = "objdump", path = bin + "llvm-objdump"),
            tool_path(name = "strip", path = bin + "llvm-strip"),
            tool_path(name = "dwp", path = bin + "llvm-dwp"),
            tool_path(name = "gcov", path = bin + "llvm-profdata"),
            tool_path(name = "llvm-cov", path = bin + "llvm-cov"),
            tool_path(name = "llvm-profdata", path = bin + "llvm-profdata"),
        ],
    )

cc_toolchain_config = rule(
    implementation = _impl,
    attrs = {
        "bin": attr.string(mandatory = True, doc = "LLVM's bin directory."),
        "compile_flags": attr.string_list(),
        "cpu": attr.string(mandatory = True),
        "include_dirs": attr.string_list(doc = "System directories that need not be declared."),
        "kernel": attr.bool(mandatory = True),
        "link_target": attr.string(),
        "resource_dir": attr.string(doc = "Where clang's own headers are."),
        "target": attr.string(),
        "version": attr.string(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)
