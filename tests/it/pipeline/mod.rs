//! The pipelined executor against a real server: trips, errors, isolation, lost connections.

mod dropped;
mod errors;
mod isolation;
mod login;
mod lost;
mod nonsense;
mod pooling;
mod proxy;
mod rows;
mod schema_change;
mod support;
mod trips;
mod units;
