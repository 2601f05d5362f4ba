# SPDX-License-Identifier: MIT
"""@hermit_kernel: what tools/hermit/build_kernel.sh has built, if it has.

tools/bazel tells where, in EBPF_HERMIT_<CPU>. A kernel that is not there is no
error: the tests that would boot it are then skipped, by name.
"""

_CPUS = ["aarch64", "riscv64", "riscv64_smp", "x86_64", "x86_64_smp"]

def _hermit_kernel_impl(ctx):
    found = []
    for cpu in _CPUS:
        archive = ctx.os.environ.get("EBPF_HERMIT_" + cpu.upper())
        if archive and ctx.path(archive).exists:
            ctx.symlink(archive, cpu + "/libhermit_app.a")
            found.append(cpu)
        else:
            # buildifier: disable=print
            print("The Hermit kernel for %s is not built: its tests are " % cpu +
                  "skipped. tools/hermit/ensure.sh builds it.")
    ctx.file("kernels.bzl", "HERMIT_KERNELS = %r\n" % found)
    ctx.file("BUILD.bazel", "exports_files(%r, visibility = [\"//visibility:public\"])\n" % [
        cpu + "/libhermit_app.a"
        for cpu in found
    ])

hermit_kernel_repository = repository_rule(
    implementation = _hermit_kernel_impl,
    environ = ["EBPF_HERMIT_" + cpu.upper() for cpu in _CPUS],
    local = True,
)
