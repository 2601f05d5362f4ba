// SPDX-License-Identifier: MIT
//! Programs that the kernel loads itself.

use core::ffi::CStr;
use core::mem::size_of;

use crate::client::Fd;
use crate::errno::{Errno, Result};
use crate::kernel_client::{command, name_of, KernelClient};

/// What a program is.
#[derive(Clone, Copy, Debug)]
pub struct ProgramSpec<'a> {
    /// Linux's number: 2 KPROBE, 5 TRACEPOINT, 17 RAW_TRACEPOINT and so on.
    pub program_type: u32,
    /// Its instructions, as clang writes them.
    pub insns: &'a [u64],
    /// Up to 15 characters.
    pub name: &'a str,
    /// Helpers ask for "GPL".
    pub license: &'a CStr,
}

impl<'a> ProgramSpec<'a> {
    /// One for kprobes.
    pub const KPROBE: u32 = 2;
    /// One for the records of events.
    pub const TRACEPOINT: u32 = 5;
    /// One for the arguments of tracepoints.
    pub const RAW_TRACEPOINT: u32 = 17;

    /// Without a name.
    pub const fn new(program_type: u32, insns: &'a [u64]) -> ProgramSpec<'a> {
        ProgramSpec {
            program_type,
            insns,
            name: "",
            license: c"GPL",
        }
    }
}

/// A loaded program, until this is dropped and it is attached nowhere.
#[derive(Debug)]
pub struct Program<'c> {
    client: &'c KernelClient,
    fd: Fd,
}

impl Program<'_> {
    /// For other calls.
    pub fn fd(&self) -> Fd {
        self.fd
    }

    /// Runs it once on `context`, as BPF_PROG_TEST_RUN does for types that can
    /// (RAW_TRACEPOINT: its arguments); what it returned.
    pub fn run(&self, context: &[u64]) -> Result<u32> {
        #[repr(C)]
        #[derive(Default)]
        struct Attr {
            prog_fd: u32,
            retval: u32,
            data_size_in: u32,
            data_size_out: u32,
            data_in: u64,
            data_out: u64,
            repeat: u32,
            duration: u32,
            ctx_size_in: u32,
            ctx_size_out: u32,
            ctx_in: u64,
            ctx_out: u64,
            flags: u32,
            cpu: u32,
            batch_size: u32,
            reserved: u32,
        }
        let mut attr = Attr {
            prog_fd: self.fd.0 as u32,
            ctx_size_in: u32::try_from(size_of_val(context)).map_err(|_| Errno::E2BIG)?,
            // A context of no bytes is none.
            ctx_in: context
                .first()
                .map_or(0, |first| first as *const u64 as u64),
            ..Attr::default()
        };
        unsafe { self.client.bpf(command::PROG_TEST_RUN, &mut attr) }?;
        Ok(attr.retval)
    }
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        let _ = self.client.close(self.fd);
    }
}

impl KernelClient {
    /// Verifies a program and takes it in. `log` gets what the verifier says of
    /// one that it refuses, ended by a zero. EINVAL, EACCES, E2BIG; ENOSPC where
    /// the log was too short.
    pub fn load_program(
        &self,
        spec: &ProgramSpec<'_>,
        log: Option<&mut [u8]>,
    ) -> Result<Program<'_>> {
        #[repr(C)]
        struct Attr {
            prog_type: u32,
            insn_cnt: u32,
            insns: u64,
            license: u64,
            log_level: u32,
            log_size: u32,
            log_buf: u64,
            kern_version: u32,
            prog_flags: u32,
            prog_name: [u8; 16],
        }
        const { assert!(size_of::<Attr>() == 64) };
        let (log_level, log_size, log_buf) = match log {
            Some(log) => (1, log.len(), log.as_mut_ptr() as u64),
            None => (0, 0, 0),
        };
        let mut attr = Attr {
            prog_type: spec.program_type,
            insn_cnt: u32::try_from(spec.insns.len()).map_err(|_| Errno::E2BIG)?,
            insns: spec.insns.as_ptr() as u64,
            license: spec.license.as_ptr() as u64,
            log_level,
            log_size: u32::try_from(log_size).map_err(|_| Errno::EINVAL)?,
            log_buf,
            kern_version: 0,
            prog_flags: 0,
            prog_name: name_of(spec.name)?,
        };
        let fd = unsafe { self.bpf(command::PROG_LOAD, &mut attr) }?;
        Ok(Program {
            client: self,
            fd: Fd::from_result(fd)?,
        })
    }
}
