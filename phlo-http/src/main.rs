//! The `phlo-http` command.

fn main() {}
