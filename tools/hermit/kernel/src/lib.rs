// SPDX-License-Identifier: MIT
//
// Pulls the whole Hermit kernel into one static archive.
#![no_std]
extern crate hermit;
