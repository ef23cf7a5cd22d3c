#![allow(unused_imports)]

use phlo_core::dsl::sample::films::{self, Films};

phlo_core::record! {
    struct Listed: Films {
        year: i32 = films::YEAR,
    }
}

fn main() {}
