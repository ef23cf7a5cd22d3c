//! The bench starts this package's server, finds every answer right, and tells what it measured.

#![allow(clippy::unwrap_used, reason = "whatever goes wrong here fails the test")]

use clap::Parser as _;
use phlo_bench::Options;

#[tokio::test]
async fn the_bench_measures_this_server() {
    let server = env!("CARGO_BIN_EXE_phlo-http");
    let arguments = ["bench", "--server", server, "--seconds=1", "--rounds=1", "--connections=2"];
    let one = ["--scenario=row_security"];
    let options = Options::try_parse_from(arguments.into_iter().chain(one)).unwrap();
    let report = phlo_bench::run(&options).await.unwrap().to_string();
    let rate = |line: &str| line.split('|').nth(2)?.trim().replace(',', "").parse().ok();
    let rates: Vec<f64> = report.lines().filter_map(rate).collect();
    assert!(rates.len() == 1 && rates.iter().all(|rate| *rate > 0.0), "{report}");
}
