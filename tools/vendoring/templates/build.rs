// SPDX-License-Identifier: MIT
//
// Builds libebpf.a with the crate cc, and links it. CXX (or CXX_<target>, as cc
// knows it) names the compiler, clang++ otherwise; EBPF_CXXFLAGS is added behind
// the flags of flags/. EBPF_ARCHIVE=... says that the kernel links an archive that
// make or CMake built here, and nothing is built.

use std::{env, fs, process::Command};

fn lines(file: &str) -> Vec<String> {
    println!("cargo:rerun-if-changed={file}");
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"));
    text.lines().map(String::from).collect()
}

fn compiler() -> String {
    let target = env::var("TARGET").unwrap().replace('-', "_");
    for name in [format!("CXX_{target}"), "CXX".to_string()] {
        println!("cargo:rerun-if-env-changed={name}");
        if let Ok(compiler) = env::var(&name) {
            return compiler;
        }
    }
    "clang++".to_string()
}

fn main() {
    println!("cargo:rerun-if-env-changed=EBPF_ARCHIVE");
    if env::var_os("EBPF_ARCHIVE").is_some() {
        return;
    }
    let compiler = compiler();
    let version = Command::new(&compiler)
        .arg("--version")
        .output()
        .unwrap_or_else(|e| panic!("{compiler}: {e}; CXX names the C++ compiler"));
    let is_clang = String::from_utf8_lossy(&version.stdout).contains("clang");

    let mut flags = lines("flags/all.txt");
    flags.extend(lines(if is_clang { "flags/clang.txt" } else { "flags/gcc.txt" }));
    for folder in lines("includes.txt") {
        flags.extend(["-iquote".to_string(), folder]);
    }
    println!("cargo:rerun-if-env-changed=EBPF_CXXFLAGS");
    let more = env::var("EBPF_CXXFLAGS").unwrap_or_default();

    let mut build = cc::Build::new();
    build.no_default_flags(true).warnings(false).cpp(true).cpp_link_stdlib(None).compiler(&compiler);
    for flag in flags.iter().map(String::as_str).chain(more.split_whitespace()) {
        build.flag(flag);
    }
    let (assembly, cpp): (Vec<_>, Vec<_>) =
        lines("sources.txt").into_iter().partition(|source| source.ends_with(".S"));
    for path in ["core", "arch", "ports", "hidden.h"] {
        println!("cargo:rerun-if-changed={path}");
    }
    // All of it is linked, so that a port's services win over weak defaults
    // wherever they are, and the kernel's linker takes out what nobody needs.
    build.cargo_metadata(false);
    let objects = build.clone().files(&assembly).compile_intermediates();
    for flag in lines("flags/cpp.txt") {
        build.flag(&flag);
    }
    build.files(&cpp).objects(objects).compile("ebpf");
    println!("cargo:rustc-link-search=native={}", env::var("OUT_DIR").unwrap());
    println!("cargo:rustc-link-lib=static:+whole-archive=ebpf");
}
