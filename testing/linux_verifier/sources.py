# SPDX-License-Identifier: MIT
"""Linux's verifier tests: fetched as a Debian package, compiled for eBPF, and
kept in a cache outside of the checkout. They are GPL: run, never copied."""

import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import tarfile
import tempfile

PACKAGE = "linux-source-6.12"
# A small kernel of the same version, for its types: the newest of these.
KERNEL = "^linux-image-6[.]12[.].*-cloud-amd64-unsigned$"
TESTS = "tools/testing/selftests/bpf"
# What of the package is needed.
PARTS = ("tools/testing/selftests/bpf/", "tools/include/", "tools/lib/bpf/",
         "scripts/bpf_doc.py")


class Missing(Exception):
    """What cannot be had, and what to do about it."""


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "ext_ebpf", "linux_verifier")


def check(command, **kwargs):
    result = subprocess.run(command, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False, **kwargs)
    if result.returncode != 0:
        text = result.stdout.decode(errors="replace").strip()
        raise Missing(f"{' '.join(command)}: {text}")
    return result.stdout


def fetch_package(folder):
    """The package's file, by apt, without installing it."""
    found = glob.glob(os.path.join(folder, PACKAGE + "_*.deb"))
    if not found:
        check(["apt-get", "download", PACKAGE], cwd=folder)
        found = glob.glob(os.path.join(folder, PACKAGE + "_*.deb"))
    return found[0]


def unpack(folder):
    """The folder of the kernel's tree with PARTS."""
    tree = os.path.join(folder, PACKAGE)
    if os.path.isdir(os.path.join(tree, TESTS)):
        return tree
    package = fetch_package(folder)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        check(["dpkg-deb", "-x", package, work])
        archive = os.path.join(work, "usr", "src", PACKAGE + ".tar.xz")
        with tarfile.open(archive) as tar:
            for member in tar:
                inside = member.name.partition("/")[2]
                if inside.startswith(PARTS):
                    tar.extract(member, work, filter="data")
        shutil.move(os.path.join(work, PACKAGE), tree)
    return tree


# How a compressed kernel begins inside of its boot image, and what opens it.
COMPRESSIONS = ((b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\x00", "xz"),
                (b"\x1f\x8b\x08", "gzip"))


def unpack_kernel(image):
    """The ELF file in the bytes of a vmlinuz."""
    for magic, program in COMPRESSIONS:
        start = image.find(magic)
        while start >= 0:
            # What is behind the kernel makes it fail at the end.
            opened = subprocess.run([program, "-dc"], input=image[start:],
                                    stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, check=False)
            if opened.stdout.startswith(b"\x7fELF"):
                return opened.stdout
            start = image.find(magic, start + 1)
    raise Missing("no kernel in the boot image")


def newest(names):
    """Of package names that end alike, the one with the highest numbers."""
    return max(names, key=lambda name: [int(number) for number in
                                        re.findall("[0-9]+", name)])


def read_kernel_types(folder):
    """The .BTF of KERNEL, fetched by apt, without installing it."""
    found = check(["apt-cache", "search", "--names-only", KERNEL]).decode()
    names = [line.split()[0] for line in found.splitlines()]
    if not names:
        raise Missing(f"apt knows no package {KERNEL}")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        check(["apt-get", "download", newest(names)], cwd=work)
        package = glob.glob(os.path.join(work, "*.deb"))[0]
        check(["dpkg-deb", "-x", package, work])
        boot = glob.glob(os.path.join(work, "boot", "vmlinuz-*"))[0]
        kernel = os.path.join(work, "vmlinux")
        with open(boot, "rb") as image, open(kernel, "wb") as file:
            file.write(unpack_kernel(image.read()))
        types = os.path.join(work, "types")
        check(["llvm-objcopy-19", f"--dump-section=.BTF={types}", kernel,
               os.path.join(work, "rest")])
        with open(types, "rb") as file:
            return file.read()


def kernel_types(folder=None):
    """The path of the types of Linux 6.12, which the tests are of."""
    folder = folder or cache_folder()
    os.makedirs(folder, exist_ok=True)
    return write_once(os.path.join(folder, "linux-6.12.btf"),
                      lambda: read_kernel_types(folder))


def write_once(path, make):
    """`path`, written from `make`'s bytes if it is not there."""
    if not os.path.exists(path):
        with open(path + ".new", "wb") as file:
            file.write(make())
        os.rename(path + ".new", path)
    return path


def headers(folder, tree):
    """The folder with vmlinux.h, of the host's types, and bpf_helper_defs.h.
    """
    include = os.path.join(folder, "include")
    os.makedirs(include, exist_ok=True)
    write_once(os.path.join(include, "vmlinux.h"),
               lambda: check(["bpftool", "btf", "dump", "file",
                              "/sys/kernel/btf/vmlinux", "format", "c"]))
    write_once(os.path.join(include, "bpf_helper_defs.h"),
               lambda: check(["python3", os.path.join(tree, "scripts",
                                                      "bpf_doc.py"),
                              "--header", "--file",
                              os.path.join(tree, "tools", "include", "uapi",
                                           "linux", "bpf.h")]))
    return include


def compile_one(source, target, tree, include, clang):
    """None, or what the compiler says."""
    if os.path.exists(target):
        return None
    command = [clang, "-g", "-O2", "-mcpu=v3", "--target=bpf",
               "-D__TARGET_ARCH_x86", "-mlittle-endian",
               "-DENABLE_ATOMICS_TESTS", "-Wno-everything",
               f"-I{include}", f"-I{tree}/{TESTS}",
               f"-I{tree}/tools/include/uapi", f"-I{tree}/tools/lib",
               f"-I{tree}/tools/lib/bpf",
               "-idirafter", "/usr/include/x86_64-linux-gnu",
               "-idirafter", "/usr/include",
               "-c", source, "-o", target + ".new"]
    result = subprocess.run(command, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0:
        return result.stdout.decode(errors="replace")
    os.rename(target + ".new", target)
    return None


def objects(pattern="verifier_*.c", clang="clang-19", jobs=2, folder=None):
    """Paths of the objects of the tests that `pattern` fits, by name; Missing
    where one does not compile."""
    folder = folder or cache_folder()
    os.makedirs(os.path.join(folder, "objects"), exist_ok=True)
    tree = unpack(folder)
    include = headers(folder, tree)
    sources = sorted(glob.glob(os.path.join(tree, TESTS, "progs",
                                            pattern)))
    targets = [os.path.join(folder, "objects",
                            os.path.basename(source)[:-2] + ".o")
               for source in sources]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        failures = list(pool.map(
            lambda pair: compile_one(*pair, tree, include, clang),
            zip(sources, targets)))
    for source, failure in zip(sources, failures):
        if failure is not None:
            raise Missing(f"{source}: {failure}")
    return targets
