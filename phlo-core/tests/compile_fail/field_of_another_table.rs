#![allow(unused_imports)]

use phlo_core::dsl::sample::{directors, films::{self, Films}};

phlo_core::record! {
    struct Listed: Films {
        name: String = directors::NAME,
    }
}

fn main() {}
