//! Generates typed resources from a schema snapshot.
