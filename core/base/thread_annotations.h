// SPDX-License-Identifier: MIT
//
// Clang's thread safety attributes, checked by -Wthread-safety; nothing with
// other compilers.
#pragma once

#if defined(__clang__)
#define EBPF_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define EBPF_THREAD_ATTRIBUTE(x)
#endif

#define EBPF_CAPABILITY(name) EBPF_THREAD_ATTRIBUTE(capability(name))
#define EBPF_SCOPED_CAPABILITY EBPF_THREAD_ATTRIBUTE(scoped_lockable)
#define EBPF_GUARDED_BY(x) EBPF_THREAD_ATTRIBUTE(guarded_by(x))
#define EBPF_POINTER_GUARDED_BY(x) EBPF_THREAD_ATTRIBUTE(pt_guarded_by(x))
#define EBPF_REQUIRES(...) \
  EBPF_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EBPF_ACQUIRE(...) EBPF_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define EBPF_TRY_ACQUIRE(...) \
  EBPF_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define EBPF_RELEASE(...) EBPF_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define EBPF_EXCLUDES(...) EBPF_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define EBPF_NO_THREAD_SAFETY_ANALYSIS \
  EBPF_THREAD_ATTRIBUTE(no_thread_safety_analysis)
