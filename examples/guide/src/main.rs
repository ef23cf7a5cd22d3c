//! The program of the guide, as it stands there.

#![allow(clippy::print_stdout, reason = "it is what the program is for")]

include!(concat!(env!("OUT_DIR"), "/main.rs"));
