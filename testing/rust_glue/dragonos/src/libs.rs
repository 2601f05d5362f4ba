// SPDX-License-Identifier: MIT
pub mod casting {
    use alloc::sync::Arc;
    use core::any::Any;

    pub trait DowncastArc {
        fn downcast_arc<T: Any + Send + Sync>(self: Arc<Self>) -> Option<Arc<T>>;
    }
}

pub mod mutex {
    pub struct MutexGuard<'a, T>(pub &'a mut T);

    impl<T> Drop for MutexGuard<'_, T> {
        fn drop(&mut self) {}
    }
}

pub mod rand {
    pub fn rand_bytes<const N: usize>() -> [u8; N] {
        [9; N]
    }
}

pub mod wait_queue {
    use system_error::SystemError;

    pub struct WaitQueue;

    impl WaitQueue {
        #[allow(clippy::should_implement_trait)]
        pub const fn default() -> Self {
            Self
        }
        pub fn wait_event_interruptible<F, B>(
            &self, mut condition: F, _before_sleep: Option<B>,
        ) -> Result<(), SystemError>
        where
            F: FnMut() -> bool,
            B: FnMut(),
        {
            calls::called!("wait {}", condition());
            Ok(())
        }
        pub fn wake_all(&self) -> usize {
            calls::called!("wake_all");
            1
        }
    }
}
