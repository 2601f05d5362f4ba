// SPDX-License-Identifier: MIT
//! The clients of a kernel with processes, made once.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::client::UserClient;
use crate::errno::{Errno, Result};
use crate::kernel_client::KernelClient;

/// Who calls: every process, and the kernel itself.
#[derive(Debug)]
pub struct Clients {
    /// See [`UserClient::for_callers`].
    pub callers: UserClient,
    /// For file layers, which read to memory of the kernel.
    pub kernel: KernelClient,
}

struct Once(UnsafeCell<MaybeUninit<Clients>>);

// Written by who takes STATE from NONE, read by who finds it READY.
unsafe impl Sync for Once {}

static CLIENTS: Once = Once(UnsafeCell::new(MaybeUninit::uninit()));
static STATE: AtomicU32 = AtomicU32::new(NONE);
const NONE: u32 = 0;
const TAKEN: u32 = 1;
const READY: u32 = 2;

impl Clients {
    /// Makes them, for good. EEXIST, ENOMEM. Context: task, behind `ebpf_init`.
    pub fn start() -> Result<()> {
        STATE
            .compare_exchange(NONE, TAKEN, Ordering::Relaxed, Ordering::Relaxed)
            .map_err(|_| Errno::EEXIST)?;
        let made = (|| {
            Ok(Clients {
                callers: UserClient::for_callers()?,
                kernel: KernelClient::new()?,
            })
        })();
        match made {
            Ok(clients) => {
                unsafe { (*CLIENTS.0.get()).write(clients) };
                // Pairs with the acquire in get().
                STATE.store(READY, Ordering::Release);
                Ok(())
            }
            Err(errno) => {
                STATE.store(NONE, Ordering::Relaxed);
                Err(errno)
            }
        }
    }

    /// ENOSYS before there are any. Context: any.
    pub fn get() -> Result<&'static Clients> {
        if STATE.load(Ordering::Acquire) != READY {
            return Err(Errno::ENOSYS);
        }
        Ok(unsafe { (*CLIENTS.0.get()).assume_init_ref() })
    }
}
