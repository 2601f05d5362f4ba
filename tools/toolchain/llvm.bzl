# SPDX-License-Identifier: MIT
"""@llvm: the installed clang and lld, and the C++ toolchains made of them.

The newest of the versions that this tree is tested with is taken from PATH.
--repo_env=EBPF_LLVM=/some/llvm/bin names another one.
"""

load(":targets.bzl", "LINUX_TARGETS")

_VERSIONS = ["19", "20", "21", "22", "18", "17"]

# Name in the @llvm repository -> names in an LLVM bin directory.
_TOOLS = {
    "clang": ["clang"],
    "clang++": ["clang++"],
    "clang-format": ["clang-format"],
    "clang-tidy": ["clang-tidy"],
    "ld.lld": ["ld.lld"],
    "llvm-ar": ["llvm-ar"],
    "llvm-cov": ["llvm-cov"],
    "llvm-nm": ["llvm-nm"],
    "llvm-objcopy": ["llvm-objcopy"],
    "llvm-objdump": ["llvm-objdump"],
    "llvm-profdata": ["llvm-profdata"],
    "llvm-readelf": ["llvm-readelf"],
    "llvm-strip": ["llvm-strip"],
    "llvm-symbolizer": ["llvm-symbolizer"],
}

# A machine without these can still build and test.
_OPTIONAL = ["clang-format", "clang-tidy", "llvm-cov", "llvm-profdata", "llvm-symbolizer"]

def _run(ctx, args):
    r = ctx.execute(args, environment = {"LANG": "C"})
    if r.return_code:
        fail("%s failed:\n%s%s" % (" ".join([str(a) for a in args]), r.stdout, r.stderr))
    return r

def _find_bin(ctx):
    """Returns the LLVM bin directory, found through clang's own report."""
    given = ctx.os.environ.get("EBPF_LLVM")
    if given:
        return given
    for suffix in ["-" + v for v in _VERSIONS] + [""]:
        clang = ctx.which("clang" + suffix)
        if not clang:
            continue
        for line in (_run(ctx, [clang, "--version"]).stdout).split("\n"):
            if line.startswith("InstalledDir: "):
                bin = line[len("InstalledDir: "):]
                if ctx.path(bin + "/ld.lld").exists:
                    return bin
    fail("no clang with lld found: install clang-19, lld-19 and llvm-19 " +
         "(tools/setup-debian.sh), or pass --repo_env=EBPF_LLVM=/path/to/llvm/bin")

def _include_dirs(ctx, clang, flags):
    """The directories that the compiler searches for C++ headers."""
    err = _run(ctx, [clang] + flags + ["-E", "-xc++", "-v", "/dev/null"]).stderr
    dirs = []
    inside = False
    for line in err.split("\n"):
        if line.startswith("#include <...>"):
            inside = True
        elif line.startswith("End of search list"):
            inside = False
        elif inside:
            dirs.append(str(ctx.path(line.strip())))
    return dirs

def _system_module_map(dirs):
    """Says of the system's headers that every library may include them.

    layering_check refuses what belongs to no module that a library uses.
    """
    umbrellas = ["  module \"%s\" {\n    umbrella \"%s\"\n  }" % (d, d) for d in dirs]
    return "module \"crosstool\" [system] {\n%s\n}\n" % "\n".join(umbrellas)

def _llvm_impl(ctx):
    bin = _find_bin(ctx)
    clang = bin + "/clang"
    version = _run(ctx, [clang, "-dumpversion"]).stdout.strip()
    resource = str(ctx.path(_run(ctx, [clang, "-print-resource-dir"]).stdout.strip()))
    machine = _run(ctx, ["uname", "-m"]).stdout.strip()
    if machine not in ["x86_64", "aarch64"]:
        fail("hosts of kind %s are not supported" % machine)

    for name, candidates in _TOOLS.items():
        for c in candidates:
            if ctx.path(bin + "/" + c).exists:
                ctx.symlink(bin + "/" + c, "bin/" + name)
                break
        if not ctx.path("bin/" + name).exists:
            if name not in _OPTIONAL:
                fail("%s/%s is missing" % (bin, name))
            ctx.file("bin/" + name, "#!/bin/sh\necho '%s is not installed' >&2\nexit 1\n" % name)

    dirs = {machine: _include_dirs(ctx, clang, []) + [resource]}
    ctx.file("system.cppmap", _system_module_map(dirs[machine]))
    for cpu, t in LINUX_TARGETS.items():
        if cpu != machine:
            flags = ["--target=" + t.target]
            dirs[cpu] = _include_dirs(ctx, clang, flags) + [resource]
            ctx.file("system-%s.cppmap" % cpu, _system_module_map(dirs[cpu]))
    ctx.file("BUILD.bazel", """
load("@ebpf//tools/toolchain:toolchains.bzl", "llvm_toolchain_targets")

package(default_visibility = ["//visibility:public"])

exports_files(glob(["bin/*", "*.cppmap"]))

llvm_toolchain_targets(
    bin = {bin},
    host_cpu = {cpu},
    include_dirs = {dirs},
    resource_dir = {resource},
    version = {version},
)
""".format(
        bin = repr(bin),
        cpu = repr(machine),
        dirs = repr(dirs),
        resource = repr(resource),
        version = repr(version),
    ))

llvm_toolchains = repository_rule(
    implementation = _llvm_impl,
    configure = True,
    environ = ["EBPF_LLVM", "PATH"],
)
