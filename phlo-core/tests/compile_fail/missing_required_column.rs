#![allow(unused_imports)]

use phlo_core::dsl::{insert, sample::{directors::{self, Directors}, films::{self, Films}}};

fn main() {
    let _ = insert(films::Insert { year: None, rating: None, director_id: None, added_at: None });
}
