// SPDX-License-Identifier: MIT
//
//! Compiles the C++ that this crate is the face of, for the CPU that the crate
//! is compiled for, into an archive which becomes part of it.
//!
//! The compiler and flags of the kernel are what the crate `cc` takes from the
//! environment: CXX, CXXFLAGS and AR, or CXX_<target> and so on. EBPF_SOURCE is
//! where the C++ is, if it is not the tree that this file lies in.
//! EBPF_ARCHIVES is a folder of archives that were made before, by another
//! build: those that are there are taken as they are.
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

/// The last Rust in which `asm!` with labels is not stable.
const LAST_WITHOUT_ASM_GOTO: u32 = 86;

/// How a CPU's objects are made, so that any kernel can link them:
/// tools/toolchain/targets.bzl has the same flags with their reasons.
struct Cpu {
    folder: &'static str,
    clang_target: &'static str,
    flags: &'static [&'static str],
}

const CPUS: [Cpu; 3] = [
    Cpu {
        folder: "x86_64",
        clang_target: "x86_64",
        flags: &["-mno-red-zone", "-mgeneral-regs-only"],
    },
    Cpu {
        folder: "aarch64",
        clang_target: "aarch64",
        flags: &[
            "-march=armv8-a",
            "-mgeneral-regs-only",
            "-mno-outline-atomics",
        ],
    },
    Cpu {
        folder: "riscv64",
        clang_target: "riscv64",
        flags: &[
            "-march=rv64gc",
            "-mabi=lp64d",
            "-mcmodel=medany",
            "-mno-relax",
            "-msmall-data-limit=0",
        ],
    },
];

const EVERYWHERE: [&str; 9] = [
    "-std=c++20",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-threadsafe-statics",
    "-fno-strict-aliasing",
    "-fno-jump-tables",
    "-fno-omit-frame-pointer",
    "-ffunction-sections",
    "-fdata-sections",
];

const IN_KERNELS: [&str; 7] = [
    "-ffreestanding",
    "-nostdinc++",
    "-fPIE",
    "-fvisibility=hidden",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fno-common",
];

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo did not set {name}"))
}

/// `.cc` and `.S` files in `folder` that are no tests, sorted. The cases of
/// `ebpf_port_selftest` are none: kernels run them.
fn sources_in(folder: &Path) -> Vec<PathBuf> {
    let is_source = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let of_tests = ["_test.cc", "_fuzz.cc", "_bench.cc", "_cases.cc"];
        let is_case = folder.ends_with("core/selftest") && name.ends_with("_port_test.cc");
        (name.ends_with(".cc") || name.ends_with(".S"))
            && (is_case || !of_tests.iter().any(|end| name.ends_with(end)))
    };
    let mut found: Vec<_> = entries_of(folder).into_iter().filter(is_source).collect();
    found.sort();
    found
}

fn entries_of(folder: &Path) -> Vec<PathBuf> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    }
}

/// Those of core/ and of one CPU.
fn kernel_sources(root: &Path, cpu: &Cpu) -> Vec<PathBuf> {
    let mut sources = Vec::new();
    for module in entries_of(&root.join("core")) {
        // What stands in for features that are left out.
        if module.ends_with("without") {
            continue;
        }
        sources.extend(sources_in(&module));
        // The Rust face of core/capi has C++ for its own tests only.
        for part in entries_of(&module) {
            if !part.ends_with("capi/rust") && !part.ends_with("testdata") {
                sources.extend(sources_in(&part));
            }
        }
    }
    let arch = root.join("arch").join(cpu.folder);
    sources.extend(sources_in(&arch));
    sources.extend(sources_in(&arch.join("machine")));
    sources
}

/// The fake kernel that `cargo test` runs on.
fn host_port_sources(root: &Path, cpu: &Cpu) -> Vec<PathBuf> {
    let mut sources = sources_in(&root.join("testing/host_port"));
    sources.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Descriptors, what they show to processes and who waits for them are the
        // tests' own.
        !["host_files.cc", "host_mappable.cc", "host_wake.cc"].contains(&&*name)
            && (!name.starts_with("host_machine_") || name.contains(cpu.folder))
    });
    sources
}

/// A compiler where nobody has named one: the tree's own, if there is one.
fn choose_compiler(build: &mut cc::Build, target: &str) {
    let named = ["CXX".into(), "TARGET_CXX".into(), format!("CXX_{target}")];
    let underscored = format!("CXX_{}", target.replace('-', "_"));
    if named
        .iter()
        .chain([&underscored])
        .any(|n| env::var_os(n).is_some())
    {
        return;
    }
    for compiler in ["clang++-19", "clang++"] {
        if Command::new(compiler).arg("--version").output().is_ok() {
            build.compiler(compiler);
            return;
        }
    }
}

fn configured(root: &Path, cpu: &Cpu, hosted: bool) -> cc::Build {
    let target = variable("TARGET");
    let mut build = cc::Build::new();
    build.cpp(true).warnings(false).no_default_flags(true);
    choose_compiler(&mut build, &target);
    if build.get_compiler().is_like_clang() {
        let system = if hosted { "linux-gnu" } else { "none-elf" };
        build.flag(format!("--target={}-{system}", cpu.clang_target));
        if cpu.folder == "riscv64" && !hosted {
            build.flag("-mno-implicit-float"); // GCC has no such thing
        }
    }
    // Whatever the profile: a kernel's C++ is no slower for a debugged kernel, and
    // tests need not wait for what they do not measure.
    build.flag(if hosted { "-O1" } else { "-O2" });
    build.flag("-g1").include(root);
    build.include(root.join("arch").join(cpu.folder).join("facade"));
    if !hosted {
        for flag in cpu.flags.iter().chain(&IN_KERNELS) {
            build.flag(flag);
        }
    } else {
        build.flag("-fPIE");
    }
    build
}

/// What the compiler wrote down of an object: the files that it was made of.
fn inputs_of(object: &Path) -> Option<Vec<PathBuf>> {
    let rule = fs::read_to_string(object.with_extension("d")).ok()?;
    let (_, inputs) = rule.split_once(':')?;
    let words = inputs.split_whitespace().filter(|word| *word != "\\");
    Some(words.map(PathBuf::from).collect())
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// Whether an object is what this command would make once more.
fn is_fresh(object: &Path, command: &str) -> bool {
    let made = changed(object);
    let same = fs::read_to_string(object.with_extension("command"));
    made.is_some()
        && same.is_ok_and(|same| same == command)
        && inputs_of(object).is_some_and(|inputs| {
            inputs
                .iter()
                .all(|i| changed(i).is_some() && changed(i) < made)
        })
}

/// Compiles one source, unless nothing of it has changed.
fn compile_one(build: &cc::Build, source: &Path, object: &Path) {
    let mut command = build.get_compiler().to_command();
    if source.extension().is_some_and(|ending| ending == "cc") {
        command.args(EVERYWHERE);
    }
    command.args(["-MMD", "-c"]).arg(source);
    command.arg("-o").arg(object);
    let text = format!("{command:?}");
    if is_fresh(object, &text) {
        return;
    }
    let status = command.status();
    if !status.as_ref().is_ok_and(|status| status.success()) {
        eprintln!("{text}");
        eprintln!("{} cannot be compiled: {status:?}", source.display());
        eprintln!("CXX names a compiler of C++20: clang 17 or later, or gcc 12");
        process::exit(1);
    }
    fs::write(object.with_extension("command"), text).expect("OUT_DIR can be written");
}

/// Compiles them by as many compilers at once as cargo allows.
fn compile(build: &cc::Build, sources: &[PathBuf], name: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(variable("OUT_DIR")).join(name);
    fs::create_dir_all(&folder).expect("OUT_DIR can be written");
    let object_of = |(index, source): (usize, &PathBuf)| {
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        folder.join(format!("{stem}.{index}.o"))
    };
    let objects: Vec<PathBuf> = sources.iter().enumerate().map(object_of).collect();
    let jobs: usize = variable("NUM_JOBS").parse().unwrap_or(1);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(source) = sources.get(index) else {
                    break;
                };
                compile_one(build, source, &objects[index]);
            });
        }
    });
    objects
}

/// Makes an archive of sources, unless there is one.
fn archive(build: &cc::Build, sources: &[PathBuf], name: &str) {
    if let Some(folder) = env::var_os("EBPF_ARCHIVES").map(PathBuf::from) {
        let made = folder.join(format!("lib{name}.a"));
        if made.exists() {
            println!("cargo:rerun-if-changed={}", made.display());
            println!("cargo:rustc-link-search=native={}", folder.display());
            return;
        }
    }
    let mut build = build.clone();
    build.cargo_metadata(false).cpp_link_stdlib(None);
    for object in compile(&build, sources, name) {
        build.object(object);
    }
    build.compile(name);
}

fn rust_minor_version() -> u32 {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let said = Command::new(rustc).arg("--version").output();
    let text = said.map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
    let minor = text.ok().and_then(|t| t.split('.').nth(1)?.parse().ok());
    minor.unwrap_or(u32::MAX)
}

fn main() {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let root = match env::var_os("EBPF_SOURCE") {
        Some(root) => PathBuf::from(root),
        None => here.join("../../.."),
    };
    let root = fs::canonicalize(&root).unwrap_or(root);
    println!("cargo:rerun-if-env-changed=EBPF_SOURCE");
    println!("cargo:rerun-if-env-changed=EBPF_ARCHIVES");
    println!("cargo:rerun-if-changed={}", root.join("core").display());
    println!("cargo:rerun-if-changed={}", root.join("arch").display());
    if rust_minor_version() <= LAST_WITHOUT_ASM_GOTO {
        println!("cargo:rustc-cfg=ebpf_asm_goto_is_unstable");
    }

    let arch = variable("CARGO_CFG_TARGET_ARCH");
    let Some(cpu) = CPUS.iter().find(|cpu| cpu.folder == arch) else {
        panic!("ext_ebpf has no code for the CPU {arch}: x86_64, aarch64, riscv64");
    };
    let sources = kernel_sources(&root, cpu);
    if sources.is_empty() {
        panic!(
            "no C++ of ext_ebpf below {}; EBPF_SOURCE names its folder",
            root.display()
        );
    }
    let hosted = variable("CARGO_CFG_TARGET_OS") == "linux";
    let out = PathBuf::from(variable("OUT_DIR"));
    println!("cargo:rustc-link-search=native={}", out.display());
    let build = configured(&root, cpu, hosted);
    archive(&build, &sources, "ebpf_core");
    println!("cargo:rustc-link-lib=static=ebpf_core");

    let host_port = root.join("testing/host_port");
    if hosted && host_port.exists() {
        println!("cargo:rerun-if-changed={}", host_port.display());
        archive(&build, &host_port_sources(&root, cpu), "ebpf_host_port");
        println!("cargo:rerun-if-changed=tests/cpp");
        archive(&build, &sources_in(Path::new("tests/cpp")), "ebpf_test");
    }
}
