#![allow(unused_imports)]

use phlo_core::dsl::{update, sample::{directors::{self, Directors}, films::{self, Films}}};

fn main() {
    run(update(films::Update::default()));
}

fn run(_: impl phlo_core::dsl::Change) {}
