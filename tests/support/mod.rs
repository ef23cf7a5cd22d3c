//! The parts of the harness, from the server below to what is asked of it above.

pub(crate) mod answer;
pub(crate) mod ask;
pub(crate) mod cluster;
pub(crate) mod database;
pub(crate) mod proxy;
pub(crate) mod service;
pub(crate) mod socket;
