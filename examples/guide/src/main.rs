//! The program of the guide, as it stands there.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program of its own reads its environment and prints"
)]

include!(concat!(env!("OUT_DIR"), "/main.rs"));
