//! Takes the code out of the guide: its script, its program, and everything that follows, each piece
//! within the scope of those before it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a guide without its code ends the build")]

use std::{env, fmt::Write as _, fs, path::PathBuf};

const GUIDE: &str = "../../docs/guide.md";

fn main() {
    println!("cargo::rerun-if-changed={GUIDE}");
    let guide = fs::read_to_string(GUIDE).unwrap();
    let blocks = blocks(&guide);
    let mut rust = blocks.iter().enumerate().filter(|(_, block)| block.language == "rust");
    let (_, build) = rust.next().unwrap();
    assert!(build.text.contains("phlo_schema_gen::Generator::new().build()"), "{}", build.text);
    phlo_schema_gen::Generator::new().build();

    let (at, main) = rust.next().unwrap();
    let mut rest = String::new();
    let mut depth = 0;
    let mut told = String::new();
    for (at, block) in rust {
        writeln!(rest, "{{\n{}", block.text).unwrap();
        depth += 1;
        told += shown(&blocks, at);
    }
    rest += &"}\n".repeat(depth);
    write("main.rs", &main.text);
    write("main.txt", shown(&blocks, at));
    write("rest.rs", &format!("{{\n{rest}}}\n"));
    write("rest.txt", &told);
    write("films.sql", &blocks.iter().find(|block| block.language == "sql").unwrap().text);
}

fn write(name: &str, text: &str) {
    let directory = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    fs::write(directory.join(name), text).unwrap();
}

struct Block {
    language: String,
    text: String,
}

/// The blocks of code, in their order.
fn blocks(guide: &str) -> Vec<Block> {
    let parts = guide.split("```").skip(1).step_by(2);
    parts
        .map(|part| {
            let (language, text) = part.split_once('\n').unwrap();
            Block { language: language.to_owned(), text: text.to_owned() }
        })
        .collect()
}

/// What a block of Rust prints: the text after it, with nothing between them but commands.
fn shown(blocks: &[Block], at: usize) -> &str {
    let next = blocks.iter().skip(at + 1).find(|block| block.language != "sh");
    next.filter(|block| block.language == "text").map_or("", |block| &block.text)
}
