// SPDX-License-Identifier: MIT
//
//! What operations on kbpf-basic's maps cost, for testing/benchmarks/
//! helpers_bench.cc: the operations of testing/programs/map_costs.bpf.c on the
//! same keys, in a native loop. It calls the crate's helpers as programs do.

use std::ffi::{c_char, c_void, CStr};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use kbpf_basic::helper::{
    raw_map_delete_elem as delete, raw_map_lookup_elem as lookup, raw_map_pop_elem as pop,
    raw_map_push_elem as push, raw_map_update_elem as update,
};
use kbpf_basic::linux_bpf::BpfMapType;
use kbpf_basic::map::{bpf_map_create, BpfMapMeta, PerCpuVariants, PerCpuVariantsOps, UnifiedMap};
use kbpf_basic::{BpfError, BpfResult, KernelAuxiliaryOps};

const KEYS: u32 = 1024;
const ROUNDS: u32 = 10000;

/// A spin lock, as kernels give to their maps.
pub struct SpinLock(AtomicBool);

unsafe impl lock_api::RawMutex for SpinLock {
    type GuardMarker = lock_api::GuardNoSend;
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = SpinLock(AtomicBool::new(false));

    fn lock(&self) {
        while !self.try_lock() {
            std::hint::spin_loop();
        }
    }
    fn try_lock(&self) -> bool {
        !self.0.swap(true, Ordering::Acquire)
    }
    unsafe fn unlock(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The kernel around the crate, as far as these maps need one: a map's pointer
/// is that of the map.
struct Kernel;

#[derive(Clone)]
struct NoInsn;

impl kbpf_basic::preprocessor::EbpfInst for NoInsn {
    fn opc(&self) -> u8 {
        0
    }
    fn imm(&self) -> i32 {
        0
    }
    fn src(&self) -> u8 {
        0
    }
    fn set_imm(&mut self, _imm: i32) {}
    fn to_array(&self) -> [u8; 8] {
        [0; 8]
    }
}

impl KernelAuxiliaryOps for Kernel {
    type MapLock = SpinLock;

    fn get_unified_map_from_ptr<F, R>(ptr: *const u8, func: F) -> BpfResult<R>
    where
        F: FnOnce(&UnifiedMap<SpinLock>) -> BpfResult<R>,
    {
        func(unsafe { &*(ptr as *const UnifiedMap<SpinLock>) })
    }
    fn get_unified_map_from_fd<F, R>(_map_fd: u32, _func: F) -> BpfResult<R>
    where
        F: FnOnce(&UnifiedMap<SpinLock>) -> BpfResult<R>,
    {
        Err(BpfError::EPERM)
    }
    fn get_unified_map_ptr_from_fd(_map_fd: u32) -> BpfResult<*const u8> {
        Err(BpfError::EPERM)
    }
    fn translate_instruction(
        _instruction: Vec<u8>,
    ) -> BpfResult<Vec<impl kbpf_basic::preprocessor::EbpfInst>> {
        Err::<Vec<NoInsn>, BpfError>(BpfError::EPERM)
    }
    fn copy_from_user(_src: *const u8, _size: usize, _dst: &mut [u8]) -> BpfResult<()> {
        Err(BpfError::EPERM)
    }
    fn copy_to_user(_dest: *mut u8, _size: usize, _src: &[u8]) -> BpfResult<()> {
        Err(BpfError::EPERM)
    }
    fn current_cpu_id() -> u32 {
        0
    }
    fn perf_event_output(
        _ctx: *mut c_void,
        _fd: u32,
        _flags: u32,
        _data: &[u8],
    ) -> BpfResult<()> {
        Err(BpfError::EPERM)
    }
    fn string_from_user_cstr(_ptr: *const u8) -> BpfResult<String> {
        Err(BpfError::EPERM)
    }
    fn ebpf_write_str(_str: &str) -> BpfResult<()> {
        Err(BpfError::EPERM)
    }
    fn ebpf_time_ns() -> BpfResult<u64> {
        Err(BpfError::EPERM)
    }
    fn alloc_page() -> BpfResult<usize> {
        Err(BpfError::EPERM)
    }
    fn free_page(_phys_addr: usize) {}
    fn vmap(_phys_addrs: &[usize]) -> BpfResult<usize> {
        Err(BpfError::EPERM)
    }
    fn vunmap(_vaddr: usize, _num_pages: usize) {}
}

/// One CPU's values: the least that a per-CPU map can cost.
struct OneCpu<T>(std::cell::UnsafeCell<T>);

unsafe impl<T> Sync for OneCpu<T> {}

impl<T> std::fmt::Debug for OneCpu<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneCpu")
    }
}

#[allow(clippy::mut_from_ref)]
impl<T: Clone + Sync + Send> PerCpuVariants<T> for OneCpu<T> {
    fn get(&self) -> &T {
        unsafe { &*self.0.get() }
    }
    fn get_mut(&self) -> &mut T {
        unsafe { &mut *self.0.get() }
    }
    unsafe fn force_get(&self, _cpu: u32) -> &T {
        self.get()
    }
    unsafe fn force_get_mut(&self, _cpu: u32) -> &mut T {
        self.get_mut()
    }
}

#[derive(Debug)]
struct Cpus;

impl PerCpuVariantsOps for Cpus {
    fn create<T: Clone + Sync + Send + 'static>(value: T) -> Option<Box<dyn PerCpuVariants<T>>> {
        Some(Box::new(OneCpu(std::cell::UnsafeCell::new(value))))
    }
    fn num_cpus() -> u32 {
        1
    }
}

/// A map, for as long as the process lives.
fn make(kind: BpfMapType, key_size: u32, entries: u32) -> *mut c_void {
    let meta = BpfMapMeta {
        map_type: kind,
        key_size,
        value_size: 8,
        max_entries: entries,
        ..Default::default()
    };
    let map = bpf_map_create::<Kernel, Cpus>(meta, None).expect("a map");
    Box::into_raw(Box::new(map)) as *mut c_void
}

pub struct Peer {
    array: *mut c_void,
    per_cpu_array: *mut c_void,
    hash: *mut c_void,
    hash_40: *mut c_void,
    lru: *mut c_void,
    full_lru: *mut c_void,
    queue: *mut c_void,
    stack: *mut c_void,
    next_key: u32,
    sum: u64,
}

fn at<T>(value: &T) -> *const c_void {
    value as *const T as *const c_void
}

/// The maps, filled as `fill` of map_costs.bpf.c does.
#[no_mangle]
pub extern "C" fn kbpf_peer_new() -> *mut Peer {
    use BpfMapType::*;
    let peer = Peer {
        array: make(BPF_MAP_TYPE_ARRAY, 4, KEYS),
        per_cpu_array: make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, KEYS),
        hash: make(BPF_MAP_TYPE_HASH, 4, 2 * KEYS),
        hash_40: make(BPF_MAP_TYPE_HASH, 40, KEYS),
        lru: make(BPF_MAP_TYPE_LRU_HASH, 4, 2 * KEYS),
        full_lru: make(BPF_MAP_TYPE_LRU_HASH, 4, KEYS),
        queue: make(BPF_MAP_TYPE_QUEUE, 0, KEYS),
        stack: make(BPF_MAP_TYPE_STACK, 0, KEYS),
        next_key: 1 << 20,
        sum: 0,
    };
    for key in 0..KEYS {
        let value = u64::from(key);
        let words = [value, 0, 0, 0, 0];
        for map in [peer.hash, peer.lru, peer.full_lru] {
            update::<Kernel>(map, at(&key), at(&value), 0);
        }
        update::<Kernel>(peer.hash_40, at(&words), at(&value), 0);
        if key < KEYS / 2 {
            push::<Kernel>(peer.queue, at(&value), 0);
            push::<Kernel>(peer.stack, at(&value), 0);
        }
    }
    Box::into_raw(Box::new(peer))
}

/// Nanoseconds of a round of `body`, which gets keys below KEYS in no order.
fn time(mut body: impl FnMut(u32)) -> f64 {
    let begin = Instant::now();
    for index in 0..ROUNDS {
        body(black_box(index.wrapping_mul(2654435761) >> 22));
    }
    begin.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
}

fn find<K>(map: *mut c_void, key: K) -> u64 {
    let value = lookup::<Kernel>(map, at(&black_box(key))) as *const u64;
    if value.is_null() {
        return 0;
    }
    unsafe { value.read_unaligned() }
}

/// Nanoseconds of one of the operation that the program `name` of
/// map_costs.bpf.c does; 0 where the crate has no such map.
///
/// # Safety
/// `peer` is from kbpf_peer_new, `name` a string.
#[no_mangle]
pub unsafe extern "C" fn kbpf_peer_cost(peer: *mut Peer, name: *const c_char) -> f64 {
    let peer = &mut *peer;
    let value = 1u64;
    let mut out = 0u64;
    let mut sum = 0u64;
    // The fastest of some: it is small, and whoever disturbs it is not.
    let empty = (0..5)
        .map(|_| {
            time(|key| {
                black_box(key);
            })
        })
        .fold(f64::MAX, f64::min);
    let cost = match CStr::from_ptr(name).to_bytes() {
        b"array_lookup" => time(|key| sum += find(peer.array, key)),
        b"per_cpu_array_lookup" => time(|key| sum += find(peer.per_cpu_array, key)),
        b"hash_hit" => time(|key| sum += find(peer.hash, key)),
        b"hash_miss" => time(|key| sum += find(peer.hash, key + KEYS)),
        b"hash_hit_40" => time(|key| sum += find(peer.hash_40, [u64::from(key), 0, 0, 0, 0])),
        b"hash_update" => time(|key| {
            update::<Kernel>(peer.hash, at(&key), at(&value), 0);
        }),
        b"hash_insert_delete" => time(|key| {
            let key = key + KEYS;
            update::<Kernel>(peer.hash, at(&key), at(&value), 0);
            delete::<Kernel>(peer.hash, at(&key));
        }),
        b"lru_hit" => time(|key| sum += find(peer.lru, key)),
        b"lru_update" => time(|key| {
            update::<Kernel>(peer.lru, at(&key), at(&value), 0);
        }),
        b"lru_evict" => {
            let mut key = peer.next_key;
            let cost = time(|_| {
                key += 1;
                update::<Kernel>(peer.full_lru, at(&key), at(&value), 0);
            });
            peer.next_key = key;
            cost
        }
        b"queue_push_pop" | b"stack_push_pop" => {
            let is_queue = CStr::from_ptr(name).to_bytes()[0] == b'q';
            let map = if is_queue { peer.queue } else { peer.stack };
            time(|key| {
                push::<Kernel>(map, at(&u64::from(key)), 0);
                pop::<Kernel>(map, &mut out as *mut u64 as *mut c_void);
            })
        }
        _ => return 0.0,
    };
    peer.sum = peer.sum.wrapping_add(sum).wrapping_add(out);
    cost - empty
}
