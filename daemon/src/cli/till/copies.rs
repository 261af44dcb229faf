//! `till backup`, `till verify FILE` and `till restore`

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use payment::{DeviceId, ReceiptNumber, RestorationId};
use serde_json::{Value, json};
use sync::queue::{Examined, Reader, Restored, VerifyError, Wish, restore};

use super::show::{list, text};
use crate::{
    api::examined_json,
    cli::client::{CallError, Client},
    shell::database_file,
};

/// What `till restore` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// The copy.
    file: PathBuf,
    /// The last receipt number that a device gave, such as desk1-000123, from its newest receipt. Without
    /// it, so many numbers are left out that none can be given twice.
    #[arg(long = "last", value_name = "RECEIPT")]
    last: Vec<ReceiptNumber>,
    /// Return to the copy although the database that is there is whole and knows more.
    #[arg(long)]
    even_if_older: bool,
}

/// Copies the running daemon's database into a new file. Only what was examined and is on the disk
/// gets the name.
pub(super) async fn backup(client: &Client, file: &Path) -> Result<Value, CallError> {
    if file.exists() {
        let why = "exists already; a copy is never written over another. Name a new file";
        return Err(refused(file, why));
    }
    let part = part_of(file)?;
    let copied = fetch(client, file, &part).await;
    if copied.is_err() {
        fs::remove_file(&part).map_err(|error| refused(&part, error))?;
    }
    copied
}

async fn fetch(client: &Client, file: &Path, part: &Path) -> Result<Value, CallError> {
    let io = |error: io::Error| refused(part, error);
    let target = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(part)
        .map_err(io)?;
    client.download("/v1/backup", &target).await?;
    target.sync_all().map_err(io)?;
    let examined = examine(part).map_err(|error| refused(part, error))?;
    fs::rename(part, file).map_err(io)?;
    let parent = file.parent().filter(|p| *p != Path::new(""));
    File::open(parent.unwrap_or(Path::new(".")))
        .and_then(|directory| directory.sync_all())
        .map_err(io)?;
    Ok(of_file(file, &examined))
}

/// Beside the file, under a name that nobody else uses.
fn part_of(file: &Path) -> Result<PathBuf, CallError> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}.part", hex::encode(random()?)));
    Ok(name.into())
}

/// Examines a copy; no daemon is needed.
pub(super) fn verify(file: &Path) -> Value {
    match examine(file) {
        Ok(examined) => of_file(file, &examined),
        Err(error) => json!({
            "file": file, "whole": false, "next_step": format!("{error}."),
        }),
    }
}

fn examine(file: &Path) -> Result<Examined, VerifyError> {
    Reader::of_file(file)?.examine()
}

fn of_file(file: &Path, examined: &Examined) -> Value {
    let mut value = examined_json(examined);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("file".to_owned(), json!(file));
    }
    value
}

/// Puts a copy in the place of the database of a daemon that does not run.
pub(super) fn restore_copy(config: &Path, args: &RestoreArgs) -> Result<Value, CallError> {
    let now = now();
    let last: BTreeMap<DeviceId, u64> = args
        .last
        .iter()
        .map(|number| (number.device().clone(), number.seq()))
        .collect();
    let wish = Wish {
        copy: args.file.clone(),
        devices: config::device_ids(config),
        last,
        even_if_older: args.even_if_older,
        id: RestorationId::new(now, random()?),
        at: now,
    };
    let database = database_file(&config::daemon_section(config).state_dir);
    let restored = restore(&database, &wish).map_err(|error| CallError::Refused {
        kind: "restore".to_owned(),
        detail: format!("{error}."),
    })?;
    Ok(restored_json(&database, &args.file, &restored))
}

fn restored_json(database: &Path, copy: &Path, restored: &Restored) -> Value {
    let numbers: Vec<Value> = restored
        .opened
        .numbers
        .iter()
        .map(|(device, numbers)| {
            let number = |seq| ReceiptNumber::new(device.clone(), seq).to_string();
            let left_out = numbers
                .range()
                .map(|(first, last)| [number(first), number(last)]);
            json!({ "device": device, "left_out": left_out, "next": number(numbers.next) })
        })
        .collect();
    json!({
        "file": copy,
        "database": database,
        "entries": restored.examined.entries,
        "copy_ends": restored.copy_ends,
        "aside": restored.aside,
        "in_doubt": restored.opened.payments,
        "read_back": restored.opened.deliveries,
        "not_printed": restored.opened.jobs,
        "numbers": numbers,
    })
}

/// What was examined, as text.
pub(super) fn examined_text(value: &Value) -> String {
    let file = text(value, "file");
    let subject = if file.is_empty() {
        "The database"
    } else {
        &file
    };
    if value.get("whole") != Some(&Value::Bool(true)) {
        return format!("{subject} is not whole.\n{}", text(value, "next_step"));
    }
    let mut lines = vec![format!(
        "{subject} is whole: {} journal entries, the last of {}.",
        text(value, "entries"),
        text(value, "last_at"),
    )];
    for row in list(value, "restorations") {
        lines.push(format!(
            "{}: restored from a copy on {}; the receipt numbers after {} and before {} were left out.",
            text(row, "device"),
            text(row, "at"),
            text(row, "after"),
            text(row, "next"),
        ));
    }
    lines.push(format!("head: {}", text(value, "head")));
    lines.join("\n")
}

/// What was restored, as text.
pub(super) fn restored_text(value: &Value) -> String {
    let mut lines = vec![format!(
        "Restored from {}, whose last entry is of {}.",
        text(value, "file"),
        text(value, "copy_ends"),
    )];
    let aside = text(value, "aside");
    if !aside.is_empty() {
        lines.push(format!("What was there before is in {aside}."));
    }
    for row in list(value, "numbers") {
        let left_out = row.get("left_out").and_then(Value::as_array);
        let left_out = left_out.map_or_else(
            || "no receipt number is left out".to_owned(),
            |range| {
                let shown: Vec<&str> = range.iter().filter_map(Value::as_str).collect();
                format!("receipt numbers {} are left out", shown.join(" to "))
            },
        );
        lines.push(format!(
            "{}: {left_out}; the next is {}.",
            text(row, "device"),
            text(row, "next")
        ));
    }
    for payment in list(value, "in_doubt") {
        let payment = payment.as_str().unwrap_or_default();
        lines.push(format!(
            "In doubt, for a person to settle: payment {payment}."
        ));
    }
    lines.push(format!(
        "{} deliveries are read back before they are sent; {} receipts are not printed by themselves.",
        text(value, "read_back"),
        text(value, "not_printed"),
    ));
    lines.push(
        "Whatever happened after the copy was made is not known here. Read “After a restore” in \
         docs/operations.md before you start tilld."
            .to_owned(),
    );
    lines.join("\n")
}

fn refused(file: &Path, why: impl std::fmt::Display) -> CallError {
    CallError::Refused {
        kind: "copy".to_owned(),
        detail: format!("{}: {why}.", file.display()),
    }
}

fn random() -> Result<[u8; 10], CallError> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| CallError::Refused {
        kind: "random".to_owned(),
        detail: format!("The system gives no random numbers ({error}). Try again."),
    })?;
    Ok(random)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a command of its own, outside of the engine"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
