// SPDX-License-Identifier: MIT
//! Names of services for the type system: what `export_platform!` was told.

macro_rules! services {
    ($($name:ident = $feature:literal,)*) => {$(
        #[doc = concat!("Of the trait of that name.")]
        pub enum $name {}

        impl $name {
            /// Its bit of `core/platform/features.h`, or 0.
            pub const FEATURE: u32 = $feature;
        }
    )*};
}

services! {
    Platform = 0,
    Interrupts = 0,
    Preemption = 0,
    ThisCpu = 0,
    Context = 0,
    CallOnCpu = 0,
    User = 0,
    Text = 0,
    SavedPcs = 0,
    Followable = 0,
    Override = 256,
    Detours = 0,
    TrapStub = 0,
    ExecMemory = 0,
    Nofault = 0,
    NofaultRanges = 0,
    UserNofault = 1,
    Defer = 0,
    Symbols = 0,
    Variables = 128,
    Files = 0,
    Mappable = 0,
    Wake = 0,
    Tasks = 0,
    TaskPid = 0,
    TaskNames = 0,
    TaskUsers = 0,
    TaskView = 16,
    PidNamespaces = 0,
    TaskCgroups = 0,
    TaskPause = 0,
    TaskClients = 0,
    Signals = 2,
    Timers = 4,
    InterruptedRegs = 0,
    TaiClock = 8,
    Stacks = 32,
    StackBounds = 0,
    Cgroups = 64,
}
