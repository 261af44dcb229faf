//! A recorded conversation, played again: the terminal's side of a trace that people read and write.
//!
//! A line `> hex` is a message of the till, `< hex` one of the terminal; the length byte is part of
//! the message, framing and ACK are not. `??` in a message of the till is any byte. `@ 1.5s` is a
//! pause before what follows. `# name: …` says what the trace is; other lines with `#` are remarks.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use drivers::{Input, Machine, Mono, Output, terminal::zvt::apdu::Apdu};

use super::{Framing, wire::Wire};

/// A terminal that says what the trace says, as long as the till does too.
#[derive(Debug)]
pub struct Replay {
    name: String,
    steps: VecDeque<(usize, Step)>,
    pub(super) wire: Wire,
    paused: Option<Mono>,
    linked: bool,
    mismatch: Option<Mismatch>,
    /// The number of the line after the last.
    end: usize,
}

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The till says this; `None` is any byte.
    Hear(Vec<Option<u8>>),
    Say(Apdu),
    Pause(Duration),
}

/// A line of a trace that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ReplayError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: ReplayProblem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayProblem {
    /// No known sign at its beginning.
    #[error("begin it with “>”, “<”, “@” or “#”")]
    Sign,
    /// Not pairs of hexadecimal digits.
    #[error("write bytes as pairs of hexadecimal digits; “??” is any byte of the till")]
    Hex,
    /// The length byte does not fit.
    #[error("the length in the message is not the length of its data")]
    Length,
    /// Not a time.
    #[error("write a pause as seconds, such as “@ 1.5s”")]
    Pause,
}

/// Where till and trace part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: the till said {heard}, and not what the trace says")]
pub struct Mismatch {
    /// The line of the trace, from 1; one after the last when the trace was over.
    pub line: usize,
    /// What the till said: command and length, and the first byte that differs. Its data may hold a
    /// password.
    pub heard: String,
}

impl Replay {
    /// Reads a trace.
    ///
    /// # Errors
    /// Names the first line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, ReplayError> {
        let mut name = String::new();
        let mut steps = VecDeque::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            let number = at + 1;
            if let Some(remark) = line.strip_prefix('#') {
                if let Some(told) = remark.trim().strip_prefix("name:") {
                    told.trim().clone_into(&mut name);
                }
            } else if !line.is_empty() {
                let step = step(line).map_err(|problem| ReplayError {
                    line: number,
                    problem,
                })?;
                steps.push_back((number, step));
            }
        }
        Ok(Self {
            name,
            steps,
            wire: Wire::new(Framing::Tcp),
            paused: None,
            linked: false,
            mismatch: None,
            end: text.lines().count() + 1,
        })
    }

    /// With the framing of a link; bare messages unless told.
    #[must_use]
    pub fn framed(mut self, framing: Framing) -> Self {
        self.wire = Wire::new(framing);
        self
    }

    /// What the trace calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether everything was said and heard.
    pub fn is_over(&self) -> bool {
        self.steps.is_empty() && self.mismatch.is_none()
    }

    /// Where till and trace parted first. From there on nothing is said.
    pub fn mismatch(&self) -> Option<&Mismatch> {
        self.mismatch.as_ref()
    }

    fn hear(&mut self, apdu: &Apdu) {
        if self.mismatch.is_some() {
            return;
        }
        let bytes = apdu.encode();
        let differs = |expected: &[Option<u8>]| {
            let pairs = expected.iter().zip(&bytes);
            let mut fits = pairs.map(|(expected, byte)| expected.is_none_or(|e| e == *byte));
            let first = fits.position(|fits| !fits);
            first.or((expected.len() != bytes.len()).then(|| expected.len().min(bytes.len())))
        };
        let (line, place) = match self.steps.front() {
            Some((line, Step::Hear(expected))) => (*line, differs(expected)),
            Some((line, Step::Say(_) | Step::Pause(_))) => (*line, Some(0)),
            None => (self.end, Some(0)),
        };
        match place {
            None => drop(self.steps.pop_front()),
            Some(place) => {
                let heard = format!("{apdu:?}, which differs at byte {}", place + 1);
                tracing::warn!(line, %heard, "the till does not follow the trace");
                self.mismatch = Some(Mismatch { line, heard });
            }
        }
    }

    fn advance(&mut self, now: Mono) {
        while self.linked && self.mismatch.is_none() {
            if self.paused.is_some_and(|until| now < until) {
                return;
            }
            self.paused = None;
            match self.steps.front() {
                Some((_, Step::Say(apdu))) => self.wire.send(now, apdu),
                Some((_, Step::Pause(length))) => self.paused = Some(now + *length),
                Some((_, Step::Hear(_))) | None => return,
            }
            self.steps.pop_front();
        }
    }
}

fn step(line: &str) -> Result<Step, ReplayProblem> {
    let (sign, rest) = line.split_at_checked(1).ok_or(ReplayProblem::Sign)?;
    match sign {
        ">" => {
            let bytes = bytes(rest).ok_or(ReplayProblem::Hex)?;
            // Wildcards may stand for anything but a length.
            let plain: Vec<u8> = bytes.iter().map(|byte| byte.unwrap_or(0)).collect();
            Apdu::decode(&plain).map_err(|_| ReplayProblem::Length)?;
            Ok(Step::Hear(bytes))
        }
        "<" => {
            let bytes: Option<Vec<u8>> = bytes(rest).and_then(|b| b.into_iter().collect());
            let apdu = Apdu::decode(&bytes.ok_or(ReplayProblem::Hex)?);
            apdu.map(Step::Say).map_err(|_| ReplayProblem::Length)
        }
        "@" => pause(rest.trim())
            .map(Step::Pause)
            .ok_or(ReplayProblem::Pause),
        _ => Err(ReplayProblem::Sign),
    }
}

fn bytes(text: &str) -> Option<Vec<Option<u8>>> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let byte = |pair: &[char; 2]| match pair.map(|digit| digit.to_digit(16)) {
        _ if *pair == ['?', '?'] => Some(None),
        [Some(high), Some(low)] => u8::try_from(high * 16 + low).ok().map(Some),
        _ => None,
    };
    pairs.iter().map(byte).collect()
}

/// Seconds with at most three decimals, below a day.
fn pause(text: &str) -> Option<Duration> {
    let (whole, part) = {
        let number = text.strip_suffix('s')?.trim();
        number.split_once('.').unwrap_or((number, "0"))
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return None;
    }
    let seconds: u64 = whole.parse().ok().filter(|seconds| *seconds < 86_400)?;
    let millis: u64 = format!("{part:0<3}").parse().ok()?;
    Some(Duration::from_secs(seconds) + Duration::from_millis(millis))
}

impl Machine for Replay {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        match input {
            Input::LinkUp | Input::LinkDown => {
                self.linked = matches!(input, Input::LinkUp);
                self.wire.clear();
            }
            Input::Bytes(bytes) => self.wire.receive(now, bytes),
            Input::Timeout | Input::Stored(_) => self.wire.timeout(now),
        }
        self.advance(now);
        while let Some(apdu) = self.wire.hear() {
            self.hear(&apdu);
            self.advance(now);
        }
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        if let Some(bytes) = self.wire.poll() {
            return Output::Send(bytes);
        }
        let pause = self.paused.filter(|_| self.linked);
        Output::Wait([pause, self.wire.deadline()].into_iter().flatten().min())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_line_and_what_is_wrong() {
        let check = |text: &str, line: usize, problem: ReplayProblem| {
            let error = Replay::parse(text).unwrap_err();
            assert_eq!(error, ReplayError { line, problem }, "{text}");
        };
        check("# name: x\n\n06 00 00", 3, ReplayProblem::Sign);
        check("> 06 0", 1, ReplayProblem::Hex);
        check("> 06 0x 00", 1, ReplayProblem::Hex);
        check("< 06 0F ??", 1, ReplayProblem::Hex);
        check("# a\n< 06 0F 01", 2, ReplayProblem::Length);
        check("> 06 01 03 04 ??", 1, ReplayProblem::Length);
        for pause in [
            "@",
            "@ 1",
            "@ s",
            "@ 1.s",
            "@ -1s",
            "@ 1.2345s",
            "@ 86400s",
            "@ 1.5 min",
        ] {
            check(pause, 1, ReplayProblem::Pause);
        }
        check("é", 1, ReplayProblem::Sign);
    }

    #[test]
    fn pauses_are_exact() {
        for (text, millis) in [
            ("1.5s", 1500),
            ("0.05s", 50),
            ("2s", 2000),
            ("0.125 s", 125),
        ] {
            assert_eq!(pause(text), Some(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn a_till_that_says_something_else_is_reported_without_its_data() {
        let trace = "# name: pay\n> 06 01 02 ?? 01\n@ 1s\n< 80 00 00\n";
        let mut replay = Replay::parse(trace).unwrap();
        assert_eq!(replay.name(), "pay");
        let say = |replay: &mut Replay, bytes: &[u8]| {
            replay.handle(Mono::default(), Input::LinkUp);
            replay.handle(Mono::default(), Input::Bytes(bytes));
        };
        say(&mut replay, &[0x06, 0x01, 0x02, 0x77, 0x01]);
        assert_eq!(replay.mismatch(), None);
        assert_eq!(
            replay.poll(),
            Output::Wait(Some(Mono::new(Duration::from_secs(1))))
        );
        replay.handle(Mono::new(Duration::from_secs(1)), Input::Timeout);
        assert_eq!(replay.poll(), Output::Send(vec![0x80, 0, 0]));
        assert!(replay.is_over());

        let mut replay = Replay::parse(trace).unwrap();
        say(&mut replay, &[0x06, 0x01, 0x02, 0x77, 0x02]);
        let mismatch = replay.mismatch().unwrap();
        assert_eq!(
            mismatch.to_string(),
            "line 2: the till said 06 01 (2 bytes), which differs at byte 5, and not what the trace says"
        );
        assert!(!replay.is_over());
    }
}
