// SPDX-License-Identifier: MIT
//! The functions `ebpf_port_*` of `core/platform`, made of traits.

/// Makes the functions that core calls of a type's [`crate::platform::Platform`]
/// and of the services that are named behind it. Once in a kernel.
#[macro_export]
macro_rules! export_platform {
    ($type:ty $(: $($service:ident),* $(,)?)?) => {
        $crate::__export_service!($type, Platform);
        $($($crate::__export_service!($type, $service);)*)?

        const _: () = {
            /// Cannot say more or less than what is there.
            #[unsafe(no_mangle)]
            extern "C" fn ebpf_port_features() -> u32 {
                0 $($(| $crate::platform::service::$service::FEATURE)*)?
            }

            /// Its face is that of the core beside it.
            #[unsafe(no_mangle)]
            static ebpf_port_written_for: u32 = $crate::platform::PORT_API;

            unsafe impl $crate::platform::Exported for $type {
                const EXPORTS: &'static [&'static [$crate::platform::Export]] = &[
                    &[$crate::platform::Export(ebpf_port_features as *const ())],
                    <$type as $crate::platform::Exports<
                        $crate::platform::service::Platform,
                    >>::FUNCTIONS,
                    $($(<$type as $crate::platform::Exports<
                        $crate::platform::service::$service,
                    >>::FUNCTIONS,)*)?
                ];
            }
        };
    };
}

/// The same for single services of a port that is written in C++, which says
/// itself what it has ([`crate::platform::service`]'s `FEATURE`).
#[macro_export]
macro_rules! export_services {
    ($type:ty: $($service:ident),* $(,)?) => {
        $($crate::__export_service!($type, $service);)*
    };
}

/// C functions of a kernel in Rust that a port in C++ calls, as a line or two
/// each: `fn name(argument: type) -> type { ... }`. Their bodies are unsafe, as
/// is whoever calls them.
#[macro_export]
macro_rules! export_functions {
    ($(fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {
        $(#[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($arg: $type),*) $(-> $result)? {
            #[allow(unused_unsafe)]
            unsafe { $body }
        })*
    };
}

/// The same for functions of the contract, `ebpf_port_*`, which such a port does
/// not define: what is the kernel's own as it stands. Core's headers say what
/// each is. (A test that has them beside those of another port names that
/// feature.)
#[macro_export]
macro_rules! export_port_functions {
    ($($(#[$attribute:meta])*
        fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    )*) => {
        // The kernel's manifest need not know of that feature. (On the functions
        // themselves the attribute would come too late.)
        #[allow(unexpected_cfgs)]
        const _: () = {
            $($(#[$attribute])*
            #[cfg_attr(not(feature = "ebpf_beside_another_port"), unsafe(no_mangle))]
            #[cfg_attr(
                feature = "ebpf_beside_another_port",
                unsafe(export_name = concat!("glue_", stringify!($name)))
            )]
            unsafe extern "C" fn $name($($arg: $type),*) $(-> $result)? {
                #[allow(unused_unsafe)]
                unsafe { $body }
            })*
        };
    };
}

/// Functions of the contract that are alike in each kernel in Rust, by their
/// names, for such a port: memory is the global allocator's, a panic is Rust's.
#[macro_export]
macro_rules! export_port_functions_of_rust {
    ($($name:ident)*) => {
        $($crate::__export_of_rust!($name);)*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_of_rust {
    (ebpf_port_alloc) => {
        $crate::export_port_functions! {
            fn ebpf_port_alloc(size: usize, align: usize) -> *mut u8 {
                $crate::platform::global_alloc(size, align)
            }
        }
    };
    (ebpf_port_free) => {
        $crate::export_port_functions! {
            fn ebpf_port_free(memory: *mut u8, size: usize, align: usize) {
                $crate::platform::global_free(memory, size, align)
            }
        }
    };
    (ebpf_port_panic) => {
        $crate::export_port_functions! {
            fn ebpf_port_panic(what: *const core::ffi::c_char) -> ! {
                panic!("{}", $crate::text_of_c(what))
            }
        }
    };
}

/// One service's functions, as its header in `core/platform` declares them.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_functions {
    ($type:ty, $service:ident:
        $(fn $name:ident($($arg:ident: $arg_type:ty),*) $(-> $result:ty)? $body:block)*
    ) => {
        const _: () = {
            #[allow(unused_imports)]
            use core::{
                alloc::Layout,
                ffi::{c_char, c_int, c_void, CStr},
                mem::MaybeUninit,
                ptr::{null, null_mut, NonNull},
            };
            #[allow(unused_imports)]
            use $crate::platform::{
                ebpf_address_range, ebpf_deferred, ebpf_symbol, ebpf_timer, from_raw_parts,
                from_raw_parts_mut, to_c,
            };
            #[allow(unused_imports)]
            use $crate::{frame::PtRegs, platform};

            $(
                #[unsafe(no_mangle)]
                unsafe extern "C" fn $name($($arg: $arg_type),*) $(-> $result)? {
                    #[allow(unused_unsafe)]
                    unsafe { $body }
                }
            )*

            unsafe impl platform::Exports<platform::service::$service> for $type {
                const FUNCTIONS: &'static [platform::Export] =
                    &[$(platform::Export($name as *const ())),*];
            }
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_service {
    ($t:ty, Platform) => {
        $crate::__export_functions! { $t, Platform:
            fn ebpf_port_alloc(size: usize, align: usize) -> *mut u8 {
                match Layout::from_size_align(size, align) {
                    Ok(layout) => <$t as platform::Platform>::alloc(layout)
                        .map_or(null_mut(), NonNull::as_ptr),
                    Err(_) => null_mut(),
                }
            }
            fn ebpf_port_free(memory: *mut u8, size: usize, align: usize) {
                // As at ebpf_port_alloc, which succeeded.
                let layout = Layout::from_size_align_unchecked(size, align);
                <$t as platform::Platform>::free(NonNull::new_unchecked(memory), layout)
            }
            fn ebpf_port_cpu_id() -> u32 { <$t as platform::Platform>::cpu_id() }
            fn ebpf_port_cpu_count() -> u32 { <$t as platform::Platform>::cpu_count() }
            fn ebpf_port_time_ns() -> u64 { <$t as platform::Platform>::time_ns() }
            fn ebpf_port_random() -> u64 { <$t as platform::Platform>::random() }
            fn ebpf_port_log(text: *const u8, size: usize) {
                <$t as platform::Platform>::log(from_raw_parts(text, size))
            }
            fn ebpf_port_panic(what: *const c_char) -> ! {
                <$t as platform::Platform>::panic(CStr::from_ptr(what))
            }
        }
    };
    ($t:ty, Interrupts) => {
        $crate::__export_functions! { $t, Interrupts:
            fn ebpf_port_irq_save() -> usize { <$t as platform::Interrupts>::irq_save() }
            fn ebpf_port_irq_restore(state: usize) {
                <$t as platform::Interrupts>::irq_restore(state)
            }
            fn ebpf_port_relax() { <$t as platform::Interrupts>::relax() }
        }
    };
    ($t:ty, Preemption) => {
        $crate::__export_functions! { $t, Preemption:
            fn ebpf_port_preempt_disable() -> usize { <$t as platform::Preemption>::disable() }
            fn ebpf_port_preempt_enable(state: usize) {
                <$t as platform::Preemption>::enable(state)
            }
        }
    };
    ($t:ty, ThisCpu) => {
        const _: () = {
            #[unsafe(no_mangle)]
            #[allow(non_upper_case_globals)]
            static ebpf_port_this_cpu: $crate::platform::ebpf_this_cpu =
                <$t as $crate::platform::ThisCpu>::THIS_CPU;

            unsafe impl $crate::platform::Exports<$crate::platform::service::ThisCpu> for $t {
                const FUNCTIONS: &'static [$crate::platform::Export] = &[$crate::platform::Export(
                    &raw const ebpf_port_this_cpu as *const (),
                )];
            }
        };
    };
    ($t:ty, Context) => {
        const _: () = {
            #[unsafe(no_mangle)]
            #[allow(non_upper_case_globals)]
            static ebpf_port_context: $crate::platform::ebpf_context =
                <$t as $crate::platform::Context>::CONTEXT;

            unsafe impl $crate::platform::Exports<$crate::platform::service::Context> for $t {
                const FUNCTIONS: &'static [$crate::platform::Export] = &[$crate::platform::Export(
                    &raw const ebpf_port_context as *const (),
                )];
            }
        };
    };
    ($t:ty, CallOnCpu) => {
        $crate::__export_functions! { $t, CallOnCpu:
            fn ebpf_port_call_on_cpu(
                cpu: u32,
                function: unsafe extern "C" fn(*mut c_void),
                argument: *mut c_void
            ) -> c_int {
                to_c(<$t as platform::CallOnCpu>::call_on_cpu(cpu, function, argument))
            }
        }
    };
    ($t:ty, User) => {
        $crate::__export_functions! { $t, User:
            fn ebpf_port_copy_from_user(to: *mut MaybeUninit<u8>, from: u64, size: usize) -> bool {
                <$t as platform::User>::copy_from_user(from_raw_parts_mut(to, size), from)
            }
            fn ebpf_port_copy_to_user(to: u64, from: *const u8, size: usize) -> bool {
                <$t as platform::User>::copy_to_user(to, from_raw_parts(from, size))
            }
            fn ebpf_port_capable(capability: c_int) -> bool {
                <$t as platform::User>::capable(capability)
            }
        }
    };
    ($t:ty, Text) => {
        $crate::__export_functions! { $t, Text:
            fn ebpf_port_stop_machine(
                function: unsafe extern "C" fn(*mut c_void) -> c_int,
                argument: *mut c_void,
                result: *mut c_int
            ) -> c_int {
                match <$t as platform::Text>::stop_machine(&mut || function(argument)) {
                    Ok(value) => {
                        *result = value;
                        0
                    }
                    Err(errno) => to_c(Err(errno)),
                }
            }
            fn ebpf_port_text_write(to: usize, bytes: *const u8, size: usize) -> c_int {
                to_c(<$t as platform::Text>::write_text(to, from_raw_parts(bytes, size)))
            }
            fn ebpf_port_may_probe(address: usize, size: usize) -> bool {
                <$t as platform::Text>::may_probe(address, size)
            }
        }
    };
    ($t:ty, SavedPcs) => {
        $crate::__export_functions! { $t, SavedPcs:
            fn ebpf_port_preemption() -> platform::PreemptionModel {
                <$t as platform::SavedPcs>::preemption()
            }
            fn ebpf_port_saved_pcs(
                see: unsafe extern "C" fn(*mut c_void, usize),
                argument: *mut c_void
            ) -> c_int {
                to_c(<$t as platform::SavedPcs>::saved_pcs(&mut |pc| see(argument, pc)))
            }
        }
    };
    ($t:ty, Followable) => {
        $crate::__export_functions! { $t, Followable:
            fn ebpf_port_may_follow(function: usize) -> bool {
                <$t as platform::Followable>::may_follow(function)
            }
        }
    };
    ($t:ty, Override) => {
        $crate::__export_functions! { $t, Override:
            fn ebpf_port_may_override(function: usize) -> bool {
                <$t as platform::Override>::may_override(function)
            }
        }
    };
    ($t:ty, Detours) => {
        $crate::__export_functions! { $t, Detours:
            fn ebpf_port_may_detour(address: usize, size: usize) -> bool {
                <$t as platform::Detours>::may_detour(address, size)
            }
        }
    };
    ($t:ty, TrapStub) => {
        $crate::__export_functions! { $t, TrapStub:
            fn ebpf_port_trap_stub() -> u32 {
                <$t as platform::TrapStub>::SETS_SP as u32
                    | (<$t as platform::TrapStub>::LEAVES_GAP as u32) << 1
            }
        }
    };
    ($t:ty, ExecMemory) => {
        $crate::__export_functions! { $t, ExecMemory:
            fn ebpf_port_exec_alloc(size: usize, near: usize, reach: u64) -> *mut u8 {
                <$t as platform::ExecMemory>::exec_alloc(size, near, reach)
                    .map_or(null_mut(), NonNull::as_ptr)
            }
            fn ebpf_port_exec_free(memory: *mut u8, size: usize) {
                <$t as platform::ExecMemory>::exec_free(NonNull::new_unchecked(memory), size)
            }
            fn ebpf_port_exec_write(to: *mut u8, bytes: *const u8, size: usize) -> c_int {
                to_c(<$t as platform::ExecMemory>::exec_write(to, from_raw_parts(bytes, size)))
            }
        }
    };
    ($t:ty, Nofault) => {
        $crate::__export_functions! { $t, Nofault:
            fn ebpf_port_read_nofault(to: *mut MaybeUninit<u8>, from: usize, size: usize) -> bool {
                <$t as platform::Nofault>::read_nofault(from_raw_parts_mut(to, size), from)
            }
            fn ebpf_port_write_nofault(to: usize, from: *const u8, size: usize) -> c_int {
                to_c(<$t as platform::Nofault>::write_nofault(to, from_raw_parts(from, size)))
            }
        }
    };
    ($t:ty, NofaultRanges) => {
        $crate::__export_functions! { $t, NofaultRanges:
            fn ebpf_port_nofault_ranges(ranges: *mut [ebpf_address_range; 2]) -> usize {
                ranges.write([ebpf_address_range::default(); 2]);
                <$t as platform::NofaultRanges>::nofault_ranges(&mut *ranges)
            }
        }
    };
    ($t:ty, UserNofault) => {
        $crate::__export_functions! { $t, UserNofault:
            fn ebpf_port_read_user_nofault(
                to: *mut MaybeUninit<u8>,
                from: u64,
                size: usize
            ) -> bool {
                <$t as platform::UserNofault>::read_user_nofault(
                    from_raw_parts_mut(to, size),
                    from,
                )
            }
            fn ebpf_port_write_user_nofault(to: u64, from: *const u8, size: usize) -> bool {
                <$t as platform::UserNofault>::write_user_nofault(to, from_raw_parts(from, size))
            }
        }
    };
    ($t:ty, Defer) => {
        $crate::__export_functions! { $t, Defer:
            fn ebpf_port_defer(work: *mut ebpf_deferred) -> bool {
                <$t as platform::Defer>::defer(NonNull::new_unchecked(work))
            }
        }
    };
    ($t:ty, Symbols) => {
        $crate::__export_functions! { $t, Symbols:
            fn ebpf_port_symbol_by_name(
                name: *const u8,
                size: usize,
                to: *mut ebpf_symbol
            ) -> bool {
                let found = <$t as platform::Symbols>::symbol_by_name(from_raw_parts(name, size));
                found.map(|symbol| to.write(symbol)).is_some()
            }
            fn ebpf_port_symbol_by_address(address: usize, to: *mut ebpf_symbol) -> bool {
                let found = <$t as platform::Symbols>::symbol_by_address(address);
                found.map(|symbol| to.write(symbol)).is_some()
            }
            fn ebpf_port_symbol_next(position: *mut u64, to: *mut ebpf_symbol) -> bool {
                let found = <$t as platform::Symbols>::symbol_next(&mut *position);
                found.map(|symbol| to.write(symbol)).is_some()
            }
            fn ebpf_port_symbol_name(
                symbol: *const ebpf_symbol,
                to: *mut MaybeUninit<u8>,
                size: usize
            ) -> usize {
                <$t as platform::Symbols>::symbol_name(&*symbol, from_raw_parts_mut(to, size))
            }
        }
    };
    ($t:ty, Variables) => {
        $crate::__export_functions! { $t, Variables:
            fn ebpf_port_variable(name: *const u8, size: usize, address: *mut usize) -> bool {
                let found = <$t as platform::Variables>::variable(from_raw_parts(name, size));
                found.map(|at| address.write(at)).is_some()
            }
            fn ebpf_port_per_cpu_address(address: usize, cpu: u32) -> usize {
                <$t as platform::Variables>::per_cpu_address(address, cpu)
            }
        }
    };
    ($t:ty, Files) => {
        $crate::__export_functions! { $t, Files:
            fn ebpf_port_fd_install(file: *mut $crate::sys::ebpf_file) -> c_int {
                // The caller's until it has a number.
                $crate::sys::ebpf_file_keep(file);
                let kept = $crate::File::from_raw(NonNull::new_unchecked(file));
                match <$t as platform::Files>::install(kept) {
                    Ok(fd) => {
                        $crate::sys::ebpf_file_put(file);
                        fd
                    }
                    Err(errno) => to_c(Err(errno)),
                }
            }
            fn ebpf_port_fd_get(fd: c_int) -> *mut $crate::sys::ebpf_file {
                <$t as platform::Files>::get(fd)
                    .map_or(null_mut(), |file| file.into_raw().as_ptr())
            }
        }
    };
    ($t:ty, Mappable) => {
        $crate::__export_functions! { $t, Mappable:
            fn ebpf_port_mappable_alloc(size: usize) -> *mut u8 {
                <$t as platform::Mappable>::alloc(size).map_or(null_mut(), NonNull::as_ptr)
            }
            fn ebpf_port_mappable_free(memory: *mut u8, size: usize) {
                <$t as platform::Mappable>::free(NonNull::new_unchecked(memory), size)
            }
        }
    };
    ($t:ty, Wake) => {
        $crate::__export_functions! { $t, Wake:
            fn ebpf_port_wake(file: *mut c_void) { <$t as platform::Wake>::wake(file) }
        }
    };
    ($t:ty, Tasks) => {
        $crate::__export_functions! { $t, Tasks:
            fn ebpf_port_task_ids(pid: *mut u32, tgid: *mut u32) {
                let ids = <$t as platform::Tasks>::task_ids();
                pid.write(ids.0);
                tgid.write(ids.1);
            }
        }
    };
    ($t:ty, TaskPid) => {
        $crate::__export_functions! { $t, TaskPid:
            fn ebpf_port_task_pid() -> u32 { <$t as platform::TaskPid>::task_pid() }
        }
    };
    ($t:ty, TaskNames) => {
        $crate::__export_functions! { $t, TaskNames:
            fn ebpf_port_task_comm(name: *mut u8, size: usize) -> bool {
                name.write_bytes(0, size);
                <$t as platform::TaskNames>::task_name(from_raw_parts_mut(name, size))
            }
        }
    };
    ($t:ty, TaskUsers) => {
        $crate::__export_functions! { $t, TaskUsers:
            fn ebpf_port_task_user(uid: *mut u32, gid: *mut u32) {
                let user = <$t as platform::TaskUsers>::task_user();
                uid.write(user.0);
                gid.write(user.1);
            }
        }
    };
    ($t:ty, TaskView) => {
        $crate::__export_functions! { $t, TaskView:
            fn ebpf_port_task_view() -> u64 { <$t as platform::TaskView>::task_view() }
        }
    };
    ($t:ty, PidNamespaces) => {
        $crate::__export_functions! { $t, PidNamespaces:
            fn ebpf_port_task_ids_in(
                device: u64,
                inode: u64,
                pid: *mut u32,
                tgid: *mut u32
            ) -> bool {
                match <$t as platform::PidNamespaces>::task_ids_in(device, inode) {
                    Some(ids) => {
                        pid.write(ids.0);
                        tgid.write(ids.1);
                        true
                    }
                    None => false,
                }
            }
        }
    };
    ($t:ty, TaskCgroups) => {
        $crate::__export_functions! { $t, TaskCgroups:
            fn ebpf_port_task_cgroup_id(level: i32) -> u64 {
                <$t as platform::TaskCgroups>::task_cgroup_id(level)
            }
        }
    };
    ($t:ty, TaskPause) => {
        $crate::__export_functions! { $t, TaskPause:
            fn ebpf_port_task_pause() -> bool { <$t as platform::TaskPause>::task_pause() }
        }
    };
    ($t:ty, TaskClients) => {
        $crate::__export_functions! { $t, TaskClients:
            fn ebpf_port_task_client_get(pid: u32) -> *mut c_void {
                <$t as platform::TaskClients>::task_client_get(pid)
            }
            fn ebpf_port_task_client_put(client: *mut c_void) {
                <$t as platform::TaskClients>::task_client_put(client)
            }
        }
    };
    ($t:ty, Signals) => {
        $crate::__export_functions! { $t, Signals:
            fn ebpf_port_send_signal(signal: c_int, whole_process: bool) -> c_int {
                to_c(<$t as platform::Signals>::send_signal(signal, whole_process))
            }
        }
    };
    ($t:ty, Timers) => {
        $crate::__export_functions! { $t, Timers:
            fn ebpf_port_timer_start(
                timer: *mut ebpf_timer,
                deadline_ns: u64,
                flags: u32
            ) -> bool {
                let timer = NonNull::new_unchecked(timer);
                <$t as platform::Timers>::timer_start(timer, deadline_ns, flags & 1 != 0)
            }
            fn ebpf_port_timer_stop(timer: *mut ebpf_timer) -> c_int {
                match <$t as platform::Timers>::timer_stop(NonNull::new_unchecked(timer)) {
                    platform::Stopped::Pending => 1,
                    platform::Stopped::Idle => 0,
                    platform::Stopped::Running => -1,
                }
            }
        }
    };
    ($t:ty, InterruptedRegs) => {
        $crate::__export_functions! { $t, InterruptedRegs:
            fn ebpf_port_interrupted_regs(in_user: *mut bool) -> *const PtRegs {
                match <$t as platform::InterruptedRegs>::interrupted_regs() {
                    Some((regs, user)) => {
                        in_user.write(user);
                        regs.as_ptr()
                    }
                    None => {
                        in_user.write(false);
                        null()
                    }
                }
            }
        }
    };
    ($t:ty, TaiClock) => {
        $crate::__export_functions! { $t, TaiClock:
            fn ebpf_port_time_tai_ns() -> u64 { <$t as platform::TaiClock>::time_tai_ns() }
        }
    };
    ($t:ty, Stacks) => {
        $crate::__export_functions! { $t, Stacks:
            fn ebpf_port_stack_walk(
                regs: *const PtRegs,
                user: bool,
                addresses: *mut MaybeUninit<u64>,
                capacity: usize
            ) -> usize {
                <$t as platform::Stacks>::stack_walk(
                    regs.as_ref(),
                    user,
                    from_raw_parts_mut(addresses, capacity),
                )
            }
        }
    };
    ($t:ty, StackBounds) => {
        $crate::__export_functions! { $t, StackBounds:
            fn ebpf_port_stack_bounds(sp: usize, begin: *mut usize, end: *mut usize) -> bool {
                match <$t as platform::StackBounds>::stack_bounds(sp) {
                    Some(bounds) => {
                        begin.write(bounds.0);
                        end.write(bounds.1);
                        true
                    }
                    None => false,
                }
            }
        }
    };
    ($t:ty, Cgroups) => {
        $crate::__export_functions! { $t, Cgroups:
            fn ebpf_port_cgroup_get(fd: c_int) -> *mut c_void {
                <$t as platform::Cgroups>::cgroup_get(fd)
            }
            fn ebpf_port_cgroup_put(group: *mut c_void) {
                <$t as platform::Cgroups>::cgroup_put(group)
            }
            fn ebpf_port_task_under_cgroup(group: *const c_void) -> bool {
                <$t as platform::Cgroups>::task_under_cgroup(group)
            }
            fn ebpf_port_cgroup_parent(group: *const c_void) -> *mut c_void {
                <$t as platform::Cgroups>::cgroup_parent(group)
            }
            fn ebpf_port_cgroup_id(group: *const c_void) -> u64 {
                <$t as platform::Cgroups>::cgroup_id(group)
            }
        }
    };
}
