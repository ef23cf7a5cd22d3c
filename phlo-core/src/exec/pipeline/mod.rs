//! The executor that sends a whole transaction at once.
//!
//! A [`Pool`] has connections of its own and speaks PostgreSQL's protocol on them. A
//! [`Transaction`](crate::exec::Transaction) becomes one sequence of messages: the settings, the
//! statements, the end. It is sent with one write and answered after one `Sync`, so that it costs
//! one trip over the network. Only a write whose end depends on its own rows costs two.
//!
//! ```no_run
//! # async fn run(transaction: phlo_core::exec::Transaction) -> phlo_core::Result<()> {
//! use phlo_core::exec::{Executor, pipeline::{Config, Pool, PoolOptions}};
//!
//! let config = Config::parse("postgresql://authenticator@localhost/films", &|_| None)?;
//! let pool = Pool::new(config, PoolOptions::default())?;
//! let results = pool.run(&transaction).await?;
//! println!("{} rows", results.main.len());
//! # Ok(())
//! # }
//! ```

mod binding;
mod cancel;
mod config;
mod connect;
mod connection;
mod conninfo;
mod defaults;
mod encrypt;
mod inbox;
mod passfile;
mod pool;
mod recover;
mod report;
mod roomy;
mod run;
mod script;
mod startup;
mod statements;
mod stream;
mod streaming;
mod tls;
mod unit;

pub use self::{
    config::{ChannelBinding, Config, Lookup, SslMode, TargetSession},
    pool::{Pool, PoolOptions, PoolStatus},
    unit::OpenUnit,
};
