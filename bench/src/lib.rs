//! Measures `phlo-http` end to end, side by side with pgbench on the same SQL.
//!
//! Options in, a table out. `docs/performance.md` says what is measured and what the numbers mean.

mod api;
mod check;
mod database;
mod error;
mod http;
mod load;
mod machine;
mod options;
mod pgbench;
mod report;
mod run;
mod scenario;

pub use crate::{
    error::{Error, Result},
    options::Options,
    report::Report,
    run::run,
};
