//! `till`: the command-line client. Here each command meets its words and how `till` ends; what is
//! asked and said is in the modules below, one for each subject.

use std::{io::Write, process::ExitCode};

use serde_json::Value;

mod args;
mod copies;
mod pay;
mod payments;
mod printer;
mod reconcile;
mod request;
mod show;
mod sync;
mod terminal;
mod worklist;

pub use args::Args;

use args::Command;
use show::text;

use super::client::{Address, CallError, Client, NOT_RECORDED};

/// How `till` ends, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Done = 0,
    NotTaken = 1,
    InDoubt = 3,
    NoAnswer = 4,
}

/// Runs the command.
pub async fn run(args: Args) -> ExitCode {
    let mut out = std::io::stdout();
    let exit = match command(&args, &mut out).await {
        Ok(exit) => exit,
        Err(error) => {
            tell(&mut std::io::stderr(), &format!("till: {error}"));
            match error {
                CallError::Refused { kind, .. } if kind == NOT_RECORDED => Exit::InDoubt,
                CallError::Refused { .. } => Exit::NotTaken,
                CallError::Token(_)
                | CallError::NeverRan(_)
                | CallError::Unreachable { .. }
                | CallError::Broken(_)
                | CallError::File(_)
                | CallError::Strange(_) => Exit::NoAnswer,
            }
        }
    };
    ExitCode::from(exit as u8)
}

fn address(args: &Args) -> Address {
    if let Some(socket) = &args.socket {
        return Address::Socket(socket.clone());
    }
    // Only the place is needed, so a configuration with errors elsewhere is good enough.
    Client::find(&config::daemon_section(&args.config))
}

async fn command(args: &Args, out: &mut impl Write) -> Result<Exit, CallError> {
    if let Some(file) = spreadsheet(args).await? {
        tell(out, file.trim_end());
        return Ok(Exit::Done);
    }
    let answer = answer(args).await?;
    let text = if args.json {
        format!("{:#}", answer.value)
    } else {
        (answer.plain)(&answer.value)
    };
    tell(out, &text);
    Ok(answer.exit)
}

/// The commands that ask for a file for spreadsheets.
async fn spreadsheet(args: &Args) -> Result<Option<String>, CallError> {
    let client = || Client::new(&address(args));
    Ok(match &args.command {
        Command::Worklist(wish) if wish.csv && wish.command.is_none() => {
            Some(worklist::csv(&client()?, wish).await?)
        }
        Command::Reconcile(wish) if wish.csv => Some(reconcile::csv(&client()?, wish).await?),
        _ => None,
    })
}

/// What a command comes to.
struct Answer {
    value: Value,
    /// The same for people.
    plain: fn(&Value) -> String,
    exit: Exit,
}

impl Answer {
    fn done(value: Value, plain: fn(&Value) -> String) -> Self {
        let exit = Exit::Done;
        Self { value, plain, exit }
    }

    fn payment(value: Value) -> Self {
        let exit = exit_of(&value);
        let plain = show::payment_text;
        Self { value, plain, exit }
    }

    fn closing(value: Value) -> Self {
        let closed = text(&value, "state") == "closed";
        let exit = if closed { Exit::Done } else { Exit::NotTaken };
        let plain = show::closing_text;
        Self { value, plain, exit }
    }

    fn examined(value: Value) -> Self {
        let whole = value.get("whole") == Some(&Value::Bool(true));
        let exit = if whole { Exit::Done } else { Exit::NotTaken };
        let plain = copies::examined_text;
        Self { value, plain, exit }
    }

    fn report(value: Value) -> Self {
        let exit = reconcile::exit_of(&value);
        let plain = reconcile::shown;
        Self { value, plain, exit }
    }
}

async fn answer(args: &Args) -> Result<Answer, CallError> {
    // Some commands need no daemon, and so no token of one.
    let client = || Client::new(&address(args));
    Ok(match &args.command {
        Command::Pay(wish) => Answer::payment(pay::pay(&client()?, wish).await?),
        Command::Cancel(wish) => Answer::payment(payments::cancel(&client()?, wish).await?),
        Command::Refund(wish) => Answer::payment(payments::refund(&client()?, wish).await?),
        Command::Resolve(word) => Answer::payment(payments::resolve(&client()?, word).await?),
        Command::Handled(word) => Answer::payment(payments::handled(&client()?, word).await?),
        Command::Show { payment } => Answer::payment(payments::one(&client()?, payment).await?),
        Command::Payments(wish) => {
            Answer::done(payments::list(&client()?, wish).await?, show::payments_text)
        }
        Command::Abort { payment } => {
            let payment = payments::abort(&client()?, payment).await?;
            Answer::done(payment, payments::stopping_text)
        }
        Command::Copy { payment } => {
            let job = payments::copy(&client()?, payment).await?;
            Answer::done(job, payments::copied_text)
        }
        Command::Invoice { invoice } => {
            Answer::done(pay::open_of(&client()?, invoice).await?, show::invoice_text)
        }
        Command::Recover { device } => {
            let asked = terminal::recover(&client()?, device).await?;
            Answer::done(asked, terminal::recover_text)
        }
        Command::Close(wish) => Answer::closing(terminal::close(&client()?, wish).await?),
        Command::Terminal(wish) => {
            let served = terminal::serve(&client()?, wish).await?;
            Answer::done(served, |served| text(served, "text"))
        }
        Command::Printer(wish) => {
            let (answer, plain) = printer::run(&client()?, wish).await?;
            Answer::done(answer, plain)
        }
        Command::Drawer(wish) => {
            let opened = printer::open_drawer(&client()?, wish).await?;
            Answer::done(opened, printer::opened_text)
        }
        Command::Status => Answer::done(printer::whole_desk(&client()?).await?, show::status_text),
        Command::Sync(wish) => Answer::done(sync::ask(&client()?, wish).await?, sync::shown),
        Command::Worklist(wish) => {
            Answer::done(worklist::ask(&client()?, wish).await?, worklist::shown)
        }
        Command::Reconcile(wish) => Answer::report(reconcile::ask(&client()?, wish).await?),
        Command::Backup { file } => {
            let copied = copies::backup(&client()?, file).await?;
            Answer::done(copied, copies::examined_text)
        }
        Command::Verify { file: Some(file) } => Answer::examined(copies::verify(file)),
        Command::Verify { file: None } => Answer::examined(client()?.get("/v1/verify").await?),
        Command::Restore(wish) => {
            let restored = copies::restore_copy(&args.config, wish)?;
            Answer::done(restored, copies::restored_text)
        }
    })
}

fn exit_of(payment: &Value) -> Exit {
    match text(payment, "state").as_str() {
        "declined" | "cancelled" => Exit::NotTaken,
        "in_doubt" => Exit::InDoubt,
        _ => Exit::Done,
    }
}

/// A closed pipe is no reason to fail: `till payments | head` is fine.
fn tell(out: &mut impl Write, text: &str) {
    if writeln!(out, "{text}").is_err() {
        tracing::debug!("nobody reads the output");
    }
}
