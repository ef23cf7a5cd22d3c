#![allow(unused_imports)]

use phlo_core::dsl::{insert, sample::{directors::{self, Directors}, films::{self, Films}}};

fn main() {
    let _ = insert(films::Insert::new("Alien")).or_ignore(directors::ID);
}
