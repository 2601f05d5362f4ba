# SPDX-License-Identifier: MIT
"""What a vendored port can leave out: files that go, and those that stand in
their place (core/without)."""

import fnmatch

from vendored_folder import VendoringError

# name: (what goes, what comes); {cpu} is the port's.
_FEATURES = {
    "jit": (
        ["core/jit/*", "arch/{cpu}/compiler.cc", "arch/{cpu}/macro_assembler*.cc"],
        ["core/without/jit.cc", "arch/{cpu}/without/jit.cc"],
    ),
    # Kernels whose processes have libbpf.
    "loader": (["core/loader/*", "core/capi/object_ffi.cc"], []),
    "perf": (
        [
            "core/perf/*",
            "core/files/event_source_texts.cc",
            "core/files/perf_event_file.cc",
            "core/syscall/perf_event_open.cc",
        ],
        ["core/without/perf.cc"],
    ),
    "trace-files": (
        ["core/files/*_texts.cc", "core/files/*_text.cc", "core/files/text_*.cc", "core/files/trace_text_util.cc"],
        ["core/without/trace_files.cc"],
    ),
}
NAMES = sorted(_FEATURES)

# What try_builds.py builds of each port: all, without one, and without any.
COMBINATIONS = [[], *([name] for name in NAMES), NAMES]


def parse(text):
    """The features of "jit,perf", in their order."""
    names = sorted(set(text.split(",")))
    for name in names:
        if name not in _FEATURES:
            raise VendoringError(f"there is no feature {name!r} to leave out; there are: {', '.join(NAMES)}")
    return names


def sources_without(sources, without, cpu):
    """The sources of a port that leaves these features out.

    The port's own come first: a linker that looks for a service in the archive
    finds them before core/platform's weak defaults.
    """
    for name in without:
        goes, comes = ([pattern.format(cpu=cpu) for pattern in patterns] for patterns in _FEATURES[name])
        left = [s for s in sources if not any(fnmatch.fnmatchcase(s, pattern) for pattern in goes)]
        sources = left + comes
    return sorted(sources, key=lambda source: (not source.startswith("ports/"), source))
