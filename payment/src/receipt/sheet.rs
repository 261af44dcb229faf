//! What no template may leave out.

use super::{Language, Line, Receipt, Style};
use crate::Text;

/// A part of a receipt's layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A line that a template wrote.
    Line(Line),
    /// Here is the logo, if there is one.
    Logo,
    /// Here the terminal's own lines begin.
    Terminal,
    /// Here the cardholder signs, if that is asked for.
    Signature,
}

impl Receipt {
    /// The lines on paper: a template's layout, and what it left out.
    ///
    /// A reprint says COPY and its number before all else and after all else (law 8). The
    /// terminal's lines are all there, once and in their order, and so is the line for a signature.
    /// The number, which names the device (law 9), and the amount stand on every receipt.
    pub fn sheet(&self, layout: Vec<Block>, language: Language) -> Vec<Line> {
        let mut lines = self.copy_mark(language);
        let (mut terminal, mut signature) = (false, false);
        for block in layout {
            match block {
                Block::Line(line) => lines.push(line),
                Block::Logo => lines.extend(self.letterhead.logo.clone().map(Line::Logo)),
                Block::Terminal if !terminal => {
                    terminal = true;
                    lines.extend(self.terminal_lines.iter().cloned().map(Line::Verbatim));
                }
                Block::Signature if !signature => {
                    signature = true;
                    lines.extend(self.signature_line(language));
                }
                Block::Terminal | Block::Signature => {}
            }
        }
        self.add_facts(&mut lines, language);
        if !terminal && !self.terminal_lines.is_empty() {
            lines.push(Line::Rule);
            lines.extend(self.terminal_lines.iter().cloned().map(Line::Verbatim));
        }
        if !signature {
            lines.extend(self.signature_line(language));
        }
        lines.extend(self.reprint_note(language));
        lines.extend(self.copy_mark(language));
        lines.extend([Line::Feed(1), Line::Cut]);
        lines
    }

    fn copy_mark(&self, language: Language) -> Vec<Line> {
        let mark = |number| Text::new(&format!("{} {number}", language.words().copy));
        let reprint = self.reprint.iter();
        reprint
            .map(|reprint| Line::Text(mark(reprint.number), Style::TITLE))
            .collect()
    }

    /// When it was printed for the first time, which is when it was paid, and when again.
    fn reprint_note(&self, language: Language) -> Vec<Line> {
        let Some(reprint) = self.reprint else {
            return Vec::new();
        };
        let words = language.words();
        let note = |word: &str, at| {
            let text = format!("{word} {}", language.moment(at));
            Line::Text(Text::new(&text), Style::CENTRED)
        };
        vec![
            Line::Rule,
            note(words.original, self.paid_at),
            note(words.reprinted, reprint.at),
        ]
    }

    fn signature_line(&self, language: Language) -> Vec<Line> {
        if !self.signature {
            return Vec::new();
        }
        let word = Line::Text(language.words().signature.into(), Style::CENTRED);
        vec![Line::Feed(3), Line::Rule, word]
    }

    /// Adds the number and the amount where they are not there.
    fn add_facts(&self, lines: &mut Vec<Line>, language: Language) {
        let words = language.words();
        for (word, value) in [
            (words.number, self.number.to_string()),
            (words.amount, language.money(self.money)),
        ] {
            let says = |text: &Text| text.as_str().contains(&value);
            let is_there = lines.iter().any(|line| match line {
                Line::Text(text, _) => says(text),
                Line::Columns(left, right, _) => says(left) || says(right),
                // What a terminal or a code says is not ours.
                Line::Verbatim(_)
                | Line::Rule
                | Line::Feed(_)
                | Line::Qr(_)
                | Line::Logo(_)
                | Line::Cut => false,
            });
            if !is_there {
                lines.push(Line::Columns(word.into(), Text::new(&value), Style::PLAIN));
            }
        }
    }
}
