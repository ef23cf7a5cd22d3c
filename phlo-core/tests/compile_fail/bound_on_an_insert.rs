#![allow(unused_imports)]

use phlo_core::dsl::{delete, insert, select, update, sample::{directors::{self, Directors}, films::{self, Films}}};

fn main() {
    let _ = insert(films::Insert::new("Alien")).max_affected(1);
}
