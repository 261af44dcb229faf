//! What was measured, as a table for people, as Markdown for the README, and as JSON.

use std::{fmt::Write as _, fs, path::Path};

use serde_json::{Value, json};

/// The lines of the README that a run replaces lie between these.
const BEGIN: &str = "<!-- figures of tests/bench: begin -->";
const END: &str = "<!-- figures of tests/bench: end -->";

/// A number and what it counts.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

pub(crate) fn figure(value: f64, unit: &'static str) -> Figure {
    Figure { value, unit }
}

impl Figure {
    fn text(&self) -> String {
        let decimals = match self.value.abs() {
            v if v >= 100.0 => 0,
            v if v >= 10.0 => 1,
            _ => 2,
        };
        let number = format!("{:.decimals$}", self.value);
        format!("{} {}", grouped(&number), self.unit)
            .trim_end()
            .to_owned()
    }
}

/// Thousands apart, as `12 345`.
pub(crate) fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    let mut text = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) && digit.is_ascii_digit() {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    if rest.is_empty() {
        text
    } else {
        format!("{text}.{rest}")
    }
}

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// The ratio is at most this.
    RatioAtMost(f64),
    /// The ratio is at least this.
    RatioAtLeast(f64),
    /// The figure itself is at most this.
    AtMost(f64),
    /// The figure itself is at least this.
    AtLeast(f64),
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) ours: Figure,
    /// The peer or the physical floor of the same run.
    pub(crate) beside: Option<(String, Figure)>,
    /// Of the first to the second, unless the line says another.
    pub(crate) ratio: Option<f64>,
    pub(crate) target: Option<Target>,
}

impl Line {
    pub(crate) fn new(what: impl Into<String>, ours: Figure) -> Self {
        Self {
            what: what.into(),
            ours,
            beside: None,
            ratio: None,
            target: None,
        }
    }

    /// Beside what; the ratio is between the two, unless that is nothing.
    pub(crate) fn beside(mut self, name: impl Into<String>, other: Figure) -> Self {
        self.ratio = (other.value > 0.0).then(|| self.ours.value / other.value);
        self.beside = Some((name.into(), other));
        self
    }

    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    fn kept(&self) -> Option<bool> {
        Some(match self.target? {
            Target::RatioAtMost(most) => self.ratio? <= most,
            Target::RatioAtLeast(least) => self.ratio? >= least,
            Target::AtMost(most) => self.ours.value <= most,
            Target::AtLeast(least) => self.ours.value >= least,
        })
    }

    fn cells(&self) -> [String; 5] {
        let beside = self.beside.as_ref();
        let beside = beside.map(|(name, figure)| format!("{name}: {}", figure.text()));
        let ratio = self.ratio.map(|ratio| format!("{ratio:.2}"));
        let target = self.target.map(|target| match target {
            Target::RatioAtMost(most) => format!("ratio ≤ {most}"),
            Target::RatioAtLeast(least) => format!("ratio ≥ {least}"),
            Target::AtMost(most) => format!("≤ {most} {}", self.ours.unit),
            Target::AtLeast(least) => format!("≥ {least} {}", self.ours.unit),
        });
        let kept = self.kept();
        let target = target.map(|target| match kept {
            Some(true) => format!("{target}: kept"),
            Some(false) => format!("{target}: **missed**"),
            None => target,
        });
        [
            self.what.clone(),
            self.ours.text(),
            beside.unwrap_or_default(),
            ratio.unwrap_or_default(),
            target.unwrap_or_default(),
        ]
    }

    fn json(&self) -> Value {
        let figure = |f: &Figure| json!({ "value": f.value, "unit": f.unit });
        json!({
            "what": self.what,
            "measured": figure(&self.ours),
            "beside": self.beside.as_ref().map(|(name, f)| json!({ "what": name, "figure": figure(f) })),
            "ratio": self.ratio,
            "target": self.target.map(|t| format!("{t:?}")),
            "kept": self.kept(),
        })
    }
}

const HEAD: [&str; 5] = [
    "what",
    "measured",
    "beside it, in the same run",
    "ratio",
    "target",
];

/// All that a run found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) lines: Vec<Line>,
    /// What a reader must know of this run.
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// For a terminal.
    pub(crate) fn table(&self) -> String {
        let rows: Vec<[String; 5]> = self.lines.iter().map(Line::cells).collect();
        let rows = std::iter::once(HEAD.map(str::to_owned)).chain(rows);
        let rows: Vec<_> = rows.map(|row| row.map(|c| c.replace("**", ""))).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
        let mut text = format!("{}\n\n", self.machine);
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let pad = " ".repeat(width - cell.chars().count() + 2);
                line.push_str(cell);
                line.push_str(&pad);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for note in &self.notes {
            writeln!(text, "\n{note}").ok();
        }
        text
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.machine);
        writeln!(text, "| {} |", HEAD.join(" | ")).ok();
        text.push_str("|---|---:|---|---:|---|\n");
        for line in &self.lines {
            writeln!(text, "| {} |", line.cells().join(" | ")).ok();
        }
        for note in &self.notes {
            writeln!(text, "\n{note}").ok();
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        let lines: Vec<Value> = self.lines.iter().map(Line::json).collect();
        json!({ "machine": self.machine, "lines": lines, "notes": self.notes })
    }

    /// Puts the table between the README's two marks.
    pub(crate) fn fill(&self, readme: &Path) -> Result<(), String> {
        let text = fs::read_to_string(readme).map_err(|e| e.to_string())?;
        let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(END)?;
            Some((before, after))
        });
        let (before, after) = parts.ok_or("the README lacks the marks for the figures")?;
        let table = self.markdown();
        let text = format!("{before}{BEGIN}\n{}\n{END}{after}", table.trim_end());
        fs::write(readme, text).map_err(|e| e.to_string())
    }
}
