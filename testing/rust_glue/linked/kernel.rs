// SPDX-License-Identifier: MIT
//! What any kernel in Rust has that is linked: nothing here ever runs.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

const HEAP_SIZE: usize = 1 << 20;

struct Heap(UnsafeCell<[u8; HEAP_SIZE]>, AtomicUsize);

unsafe impl Sync for Heap {}

unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size() + layout.align();
        let used = self.1.fetch_add(size, Ordering::Relaxed);
        if used + size > HEAP_SIZE {
            return null_mut();
        }
        let begin = unsafe { self.0.get().cast::<u8>().add(used) };
        unsafe { begin.add(begin.align_offset(layout.align())) }
    }
    unsafe fn dealloc(&self, _memory: *mut u8, _layout: Layout) {}
}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new([0; HEAP_SIZE]), AtomicUsize::new(0));

#[panic_handler]
fn panic(_info: &PanicInfo) -> ! {
    loop {}
}

// Of the crate `unwinding`, which both kernels have.
#[lang = "eh_personality"]
fn personality() {}

#[no_mangle]
extern "C" fn _Unwind_Resume() -> ! {
    loop {}
}
