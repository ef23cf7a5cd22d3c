#![allow(unused_imports)]

use phlo_core::dsl::{select, sample::{directors::{self, Directors}, films::{self, Films}}};

fn main() {
    let _ = select(Directors).filter(directors::NOTES.overlaps(phlo_core::dsl::Json::Null));
}
