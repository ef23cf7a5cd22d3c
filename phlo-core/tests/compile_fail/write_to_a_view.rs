#![allow(unused_imports)]

use phlo_core::dsl::{
    delete, insert, update,
    sample::years::{self, FilmYears},
};

fn main() {
    let _ = delete(FilmYears);
    let row = years::Row { year: None, films: None };
    let _ = insert(row.clone());
    let _ = update(row);
}
