//! The roll of paper: what hangs out of the printer, and what was cut off it.

use super::paper::{Cut, Paper};

/// Pages kept; the oldest are thrown away.
const PAGES: usize = 200;
/// Rows of dots on the pages kept: fifty metres, a roll.
const ROLL: usize = 400_000;
/// What a page has at most, else it is cut here: lines, rows of dots, and characters and images.
const LINES: usize = 2000;
const ROWS: usize = 40_000;
const MARKS: usize = 200_000;

/// Paper as text and as dots.
#[derive(Debug)]
pub(super) struct Roll {
    width: usize,
    /// The pages that were cut off, as text and as dots, oldest first.
    pages: Vec<String>,
    papers: Vec<Paper>,
    cut: u64,
    text: Vec<String>,
    paper: Paper,
    lines: u32,
    rows: u64,
}

impl Roll {
    /// `width` in dots.
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            pages: Vec::new(),
            papers: Vec::new(),
            cut: 0,
            text: Vec::new(),
            paper: Paper::new(width),
            lines: 0,
            rows: 0,
        }
    }

    pub(super) fn pages(&self) -> &[String] {
        &self.pages
    }

    pub(super) fn papers(&self) -> &[Paper] {
        &self.papers
    }

    /// Pages cut off since the beginning, also those that were thrown away.
    pub(super) fn pages_cut(&self) -> u64 {
        self.cut
    }

    pub(super) fn uncut(&self) -> String {
        join(&self.text)
    }

    /// Nothing hangs out.
    pub(super) fn is_cut(&self) -> bool {
        self.text.is_empty() && self.paper.height() == 0
    }

    pub(super) fn uncut_paper(&self) -> &Paper {
        &self.paper
    }

    /// The paper below the head, to print on.
    pub(super) fn paper(&mut self) -> &mut Paper {
        &mut self.paper
    }

    /// Lines printed so far.
    pub(super) fn lines(&self) -> u32 {
        self.lines
    }

    /// Rows of dots moved so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// A line is done: its text, and how far the paper goes on.
    pub(super) fn line(&mut self, text: String, rows: usize) {
        self.text.push(text);
        self.lines = self.lines.saturating_add(1);
        self.feed(rows);
    }

    /// Moves the paper without a line.
    pub(super) fn feed(&mut self, rows: usize) {
        self.paper.feed(rows);
        self.rows += rows as u64;
        if self.text.len() >= LINES || self.paper.height() >= ROWS || self.paper.marks() >= MARKS {
            self.cut(Cut::Torn);
        }
    }

    pub(super) fn cut(&mut self, cut: Cut) {
        let text = std::mem::take(&mut self.text);
        let mut paper = std::mem::replace(&mut self.paper, Paper::new(self.width));
        paper.end(cut);
        self.pages.push(join(&text));
        self.papers.push(paper);
        self.cut += 1;
        while self.pages.len() > PAGES || (self.pages.len() > 1 && self.height() > ROLL) {
            self.pages.remove(0);
            self.papers.remove(0);
        }
    }

    fn height(&self) -> usize {
        self.papers.iter().map(Paper::height).sum()
    }
}

fn join(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}
