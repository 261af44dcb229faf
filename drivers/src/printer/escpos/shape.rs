//! Text as dots: shaped, in the right order, broken into lines.
//!
//! For what no code page has. Letters join and stack as their script wants (HarfBuzz's rules, by
//! `harfrust`), and run in the direction that they are read (the Unicode bidirectional algorithm).

use std::{collections::BTreeMap, ops::Range};

use harfrust::{Buffer, Direction, Script, ShapeOptions, ShaperFont, unicode};
use unicode_bidi::{BidiInfo, Level, ParagraphInfo};

use super::{
    font::Fonts,
    outline::{self, Glyph, Scale},
    raster::Bitmap,
    text::{is_joiner, is_mark},
};

/// Dots of an em, so that letters are as big as those of font A.
const EM: i32 = 24;
/// Rows above the baseline, and below it: room for every script, cut away again.
const ABOVE: usize = 42;
const BELOW: usize = 26;
/// Empty rows below each line.
const GAP: usize = 5;
/// Positions are in 64ths of a dot.
const PART: i32 = 64;

/// How drawn text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) wide: bool,
    pub(super) high: bool,
    pub(super) bold: bool,
}

/// Draws a paragraph, in at most `most` lines of `dots`. The last says whether there were more.
pub(super) fn draw(
    text: &str,
    fonts: &Fonts,
    look: Look,
    dots: usize,
    most: usize,
) -> (Vec<Bitmap>, bool) {
    let drawing = Drawing { text, fonts, look };
    let bidi = BidiInfo::new(text, None);
    let mut lines = Vec::new();
    for paragraph in &bidi.paragraphs {
        for line in drawing.broken(&bidi, paragraph, dots) {
            if lines.len() == most {
                return (lines, true);
            }
            lines.push(drawing.line(&bidi, paragraph, line, dots));
        }
    }
    (lines, false)
}

struct Drawing<'a> {
    text: &'a str,
    fonts: &'a Fonts,
    look: Look,
}

/// Characters of one font, script and direction.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    range: Range<usize>,
    font: Option<usize>,
    script: Script,
    level: Level,
}

/// A glyph that has its place behind the one before.
#[derive(Debug, Clone, Copy)]
struct Placed {
    glyph: Option<Glyph>,
    /// Where its characters begin in the text.
    at: usize,
    advance: i32,
}

impl Drawing<'_> {
    /// The lines of a paragraph, as places in the text.
    fn broken(
        &self,
        bidi: &BidiInfo<'_>,
        paragraph: &ParagraphInfo,
        dots: usize,
    ) -> Vec<Range<usize>> {
        let most = i64::try_from(dots).unwrap_or(0) * i64::from(PART);
        let mut widths: BTreeMap<usize, i64> = BTreeMap::new();
        for run in self.runs(bidi, paragraph.range.clone()) {
            for placed in self.shaped(&run) {
                *widths.entry(placed.at).or_default() += i64::from(placed.advance);
            }
        }
        let mut lines = Vec::new();
        // Where this line and its last word begin, and the widths from there.
        let (mut start, mut word) = (paragraph.range.start, paragraph.range.start);
        let (mut width, mut word_width) = (0, 0);
        let mut before = ' ';
        for (at, advance) in widths {
            let Some(character) = self.text.get(at..).and_then(|rest| rest.chars().next()) else {
                continue;
            };
            if character != ' ' && (before == ' ' || is_block(before) || is_block(character)) {
                (word, word_width) = (at, 0);
            }
            if width + advance > most && character != ' ' && at > start {
                // A word that is longer than a line is broken where the line ends.
                let end = if word > start { word } else { at };
                lines.push(start..end);
                (start, width) = (end, if end == at { 0 } else { word_width });
                (word, word_width) = (start, width);
            }
            width += advance;
            word_width += advance;
            before = character;
        }
        lines.push(start..paragraph.range.end);
        lines
    }

    fn line(
        &self,
        bidi: &BidiInfo<'_>,
        paragraph: &ParagraphInfo,
        line: Range<usize>,
        dots: usize,
    ) -> Bitmap {
        let trimmed = self.text.get(line.clone()).unwrap_or("").trim_end().len();
        let line = line.start..line.start + trimmed;
        let scale = self.scale();
        let tall = if self.look.high { 2 } else { 1 };
        let wide = if self.look.wide { 2 } else { 1 };
        let mut bitmap = Bitmap::new(dots, (ABOVE + BELOW) * tall);
        if line.is_empty() {
            return Bitmap::new(8, EM.unsigned_abs() as usize);
        }
        let (levels, visual) = bidi.visual_runs(paragraph, line);
        let mut x = 0;
        for range in visual {
            let level = levels.get(range.start).copied().unwrap_or(Level::ltr());
            let mut runs = self.runs(bidi, range);
            if level.is_rtl() {
                runs.reverse();
            }
            for placed in runs.iter().flat_map(|run| self.shaped(run)) {
                match placed.glyph {
                    Some(glyph) => {
                        outline::draw(self.fonts, glyph, x, ABOVE * tall, scale, &mut bitmap);
                    }
                    None => hollow(x, ABOVE * tall, tall, wide, &mut bitmap),
                }
                x += placed.advance;
            }
        }
        bitmap.cropped(GAP)
    }

    fn scale(&self) -> Scale {
        Scale {
            em: EM,
            across: if self.look.wide { 2 } else { 1 },
            down: if self.look.high { 2 } else { 1 },
            bold: self.look.bold,
        }
    }

    /// Parts a piece of text wherever font, script or direction change, in the order of reading.
    fn runs(&self, bidi: &BidiInfo<'_>, range: Range<usize>) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let text = self.text.get(range.clone()).unwrap_or("");
        for (offset, character) in text.char_indices() {
            let at = range.start + offset;
            let end = at + character.len_utf8();
            let level = bidi.levels.get(at).copied().unwrap_or(Level::ltr());
            let script = unicode::script(character.into());
            let shared = matches!(script, Script::COMMON | Script::INHERITED | Script::UNKNOWN);
            if let Some(run) = runs.last_mut().filter(|run| run.level == level) {
                let belongs = is_mark(character) || is_joiner(character);
                let drawn = run
                    .font
                    .is_some_and(|font| self.fonts.draws(font, character));
                if belongs || drawn && (shared || script == run.script) {
                    run.range.end = end;
                    continue;
                }
            }
            runs.push(Run {
                range: at..end,
                font: self.fonts.find(character),
                script,
                level,
            });
        }
        runs
    }

    /// The glyphs of a run, from left to right.
    fn shaped(&self, run: &Run) -> Vec<Placed> {
        let text = self.text.get(run.range.clone()).unwrap_or("");
        let missing = || {
            let characters = text.char_indices().map(|(offset, _)| Placed {
                glyph: None,
                at: run.range.start + offset,
                advance: EM / 2 * PART * self.scale().across,
            });
            characters.collect()
        };
        let Some((place, font)) = run.font.and_then(|f| Some((f, self.fonts.get(f)?))) else {
            return missing();
        };
        let scale = EM * PART * self.scale().across;
        let shaper = ShaperFont::new(font).with_scale_separate(scale, EM * PART);
        let mut buffer = Buffer::new();
        buffer.push_str(text);
        buffer.set_direction(if run.level.is_rtl() {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        });
        buffer.guess_segment_properties();
        if harfrust::shape(&shaper, &mut buffer, ShapeOptions::new()).is_err() {
            return missing();
        }
        let glyphs = buffer.glyph_infos().iter().zip(buffer.glyph_positions());
        let placed = glyphs.map(|(info, position)| Placed {
            glyph: (info.glyph_id != 0).then_some(Glyph {
                font: place,
                id: info.glyph_id,
                right: position.x_offset,
                up: position.y_offset,
            }),
            at: run.range.start + usize::try_from(info.cluster).unwrap_or(0),
            advance: position.x_advance,
        });
        placed.collect()
    }
}

/// Written without spaces, so that a line may end at it: Chinese, Japanese, and symbols.
fn is_block(character: char) -> bool {
    matches!(
        character,
        '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{1f000}'..='\u{3ffff}'
    )
}

/// The mark for a character that no font has: an empty box on the baseline.
fn hollow(x: i32, baseline: usize, down: usize, across: usize, bitmap: &mut Bitmap) {
    let left = usize::try_from(x / PART).unwrap_or(0) + across;
    let (width, height) = (9 * across, 17 * down);
    for row in 0..height {
        for column in 0..width {
            let edge = row < down || row >= height - down;
            if edge || column < across || column >= width - across {
                bitmap.set(left + column, baseline - height + row);
            }
        }
    }
}

#[cfg(test)]
mod tests;
