#![allow(unused_imports)]

use phlo_core::dsl::{insert, sample::{directors::{self, Directors}, films::{self, Films}}};

fn main() {
    let _ = insert(films::Insert { id: 7, ..films::Insert::new("Alien") });
}
