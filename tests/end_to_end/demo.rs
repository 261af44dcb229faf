//! What a newcomer runs first.

use std::process::Command;

use tests::binary;

#[test]
fn the_demo_takes_one_sale_and_shows_each_step() {
    let output = Command::new(binary("tilld"))
        .args(["demo", "--once"])
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}\n{log}");
    for words in [
        "intended",
        "approved",
        "EUR 10.10",
        "80.00 outstanding",
        "69.90 outstanding",
    ] {
        assert!(shown.contains(words), "{words} is missing in:\n{shown}");
    }
}
