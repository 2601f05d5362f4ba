# SPDX-License-Identifier: MIT
"""The targets: code generation flags and constraints of each CPU."""

# What makes objects that a kernel can link, whatever its CPU, with either
# compiler: tools/build/gcc.bzl and a vendored port say the same.
KERNEL_COMPILE = [
    "-ffreestanding",
    "-fPIE",
    "-fvisibility=hidden",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-fno-common",
    "-fno-strict-aliasing",
    # Backtraces.
    "-fno-omit-frame-pointer",
    "-ffunction-sections",
    "-fdata-sections",
    # On the way of a breakpoint nothing may be reached by a pointer.
    "-fno-jump-tables",
]
KERNEL_CPP = [
    "-std=c++20",
    "-nostdinc++",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-threadsafe-statics",
    "-fno-use-cxa-atexit",
]

# No target may use floating-point or vector registers: a kernel does not save
# them on entry. `gcc` and `gcc_flags` are the second compiler and how it is
# told the same (tools/build/gcc.bzl).
KERNEL_TARGETS = {
    "x86_64": struct(
        target = "x86_64-none-elf",
        link_target = "x86_64-unknown-linux-gnu",
        compile_flags = ["-mno-red-zone", "-mgeneral-regs-only"],
        gcc = "x86_64-linux-gnu-g++-12",
        gcc_flags = ["-mno-red-zone", "-mgeneral-regs-only"],
    ),
    # lp64d is the calling convention of Rust's riscv64gc-unknown-none-elf: the
    # linker refuses to mix it with another. Alien's linker script has no room
    # for relaxation. Without small data no section needs a line of its own in a
    # script: without one GNU ld puts .sbss behind what the kernel clears.
    "riscv64": struct(
        target = "riscv64-none-elf",
        link_target = "riscv64-unknown-linux-gnu",
        compile_flags = [
            "-march=rv64gc",
            "-mabi=lp64d",
            "-mcmodel=medany",
            "-mno-relax",
            "-msmall-data-limit=0",
            "-mno-implicit-float",
        ],
        gcc = "riscv64-linux-gnu-g++-12",
        gcc_flags = [
            "-march=rv64gc",
            "-mabi=lp64d",
            "-mcmodel=medany",
            "-mno-relax",
            "-msmall-data-limit=0",
        ],
    ),
    "aarch64": struct(
        target = "aarch64-none-elf",
        link_target = "aarch64-unknown-linux-gnu",
        compile_flags = [
            "-march=armv8-a",
            "-mgeneral-regs-only",
            "-mno-outline-atomics",
        ],
        gcc = "aarch64-linux-gnu-g++-12",
        gcc_flags = ["-march=armv8-a", "-mgeneral-regs-only", "-mno-outline-atomics"],
    ),
}

def platform_constraints(cpu):
    return ["@platforms//cpu:" + cpu, "@platforms//os:none"]

# Linux on other CPUs than the host's, for tests that qemu-user runs. The C
# library and libstdc++ are those of the second compiler.
LINUX_TARGETS = {
    "aarch64": struct(
        target = "aarch64-linux-gnu",
        compile_flags = ["-march=armv8-a", "-mno-outline-atomics"],
    ),
    "riscv64": struct(
        target = "riscv64-linux-gnu",
        compile_flags = ["-march=rv64gc", "-mabi=lp64d"],
    ),
    "x86_64": struct(
        target = "x86_64-linux-gnu",
        compile_flags = [],
    ),
}

def linux_constraints(cpu):
    return ["@platforms//cpu:" + cpu, "@platforms//os:linux"]
