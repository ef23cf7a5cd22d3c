#![allow(unused_imports)]

use phlo_core::dsl::{select, sample::{directors::{self, Directors}, films::{self, Films}, screenings::{self, Screenings}}};

fn main() {
    let _ = select(Films).filter(films::YEAR.like_any(["19%", "20%"]));
}
