#![allow(unused_imports)]

use phlo_core::dsl::{select, sample::{directors::{self, Directors}, films::{self, Films}, screenings::{self, Screenings}}};

fn main() {
    let _ = select(Directors).filter(directors::NOTES.at(1.5).is_null());
}
