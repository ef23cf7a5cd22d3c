//! Reads the catalogue into a schema.
