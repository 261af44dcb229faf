//! How the released programs are linked.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

/// What runs from the start until a desk is idle, as `tests/start-order` saw it.
const START: &str = "start.functions";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={START}");
    let is = |name, value| env::var(name).is_ok_and(|found| found == value);
    let gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !gnu || !is("PROFILE", "release") {
        return Ok(());
    }
    // Relocations are read at each start, and stay in memory. Packed they are two pages instead of some
    // 170; glibc reads them since 2.36 (Debian 12).
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    // The kernel maps 64 kB around each page that is used: what runs at all lies together, so that this
    // is not most of the program. A name that is no more puts nothing anywhere.
    let mut script = String::from("SECTIONS { .text.start : {\n");
    for name in fs::read_to_string(START)?.lines() {
        writeln!(script, "*(.text.{name} .text.unlikely.{name})")?;
    }
    script.push_str("} } INSERT BEFORE .text;\n");
    let path = Path::new(&env::var("OUT_DIR")?).join("start.ld");
    fs::write(&path, script)?;
    println!("cargo::rustc-link-arg-bins=-T{}", path.display());
    Ok(())
}
