//! The tags of a template, such as `[bold]`, and the lines that come of them.

use payment::{
    Text,
    receipt::{Align, Block, Line, Style},
};

/// Marks around a value. No text has them: Unicode has no characters there.
pub(super) const BEGIN: char = '\u{fdd0}';
pub(super) const END: char = '\u{fdd1}';
/// Stands at the end of a line that has only `{% … %}` around what may be on it.
pub(super) const TAGS_ONLY: char = '\u{fdd2}';

/// All tags, for messages.
const TAGS: &str = "[centre], [right], [bold], [wide], [high], [small], [rule], [feed 2], [logo], \
                    [qr], [terminal] and [signature]";
/// Most empty lines at once.
const FEED: u8 = 20;

/// What is wrong, and the words by which its place is found.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) at: String,
    pub(super) text: String,
}

/// A character, and whether the template itself has it. What comes from a value is never read as a
/// tag.
type Char = (char, bool);

/// The blocks of a text in which the values are marked.
pub(super) fn blocks(marked: &str) -> Result<Vec<Block>, Wrong> {
    let lines = marked.lines().map(line);
    lines.filter_map(Result::transpose).collect()
}

/// What a line says it is, besides text.
enum Kind {
    Text,
    Qr,
    Alone(Block),
}

/// What a line becomes; none where nothing is left of it.
fn line(marked: &str) -> Result<Option<Block>, Wrong> {
    if marked.trim_end_matches([' ', TAGS_ONLY]).is_empty() {
        let empty = !marked.contains(TAGS_ONLY);
        return Ok(empty.then_some(Block::Line(Line::Feed(1))));
    }
    let characters = characters(marked);
    let mut rest = characters.as_slice();
    let (mut style, mut kind) = (Style::PLAIN, Kind::Text);
    while let Some((('[', true), after)) = rest.split_first() {
        let end = after.iter().position(|c| *c == (']', true));
        let (tag, after) = end.and_then(|end| after.split_at_checked(end)).ok_or_else(|| Wrong {
            at: "[".to_owned(),
            text: "a “[” at the beginning of a line begins a tag, but no “]” ends it; write “\\[” for the sign itself".to_owned(),
        })?;
        let tag: String = tag.iter().map(|(c, _)| *c).collect();
        rest = after.get(1..).unwrap_or(&[]);
        match tag.as_str() {
            "centre" => style.align = Align::Centre,
            "right" => style.align = Align::Right,
            "bold" => style.bold = true,
            "wide" => style.wide = true,
            "high" => style.high = true,
            "small" => style.small = true,
            "qr" => kind = Kind::Qr,
            other => kind = Kind::Alone(alone(other)?),
        }
    }
    let (left, right) = columns(rest)?;
    match (kind, right) {
        (Kind::Alone(_) | Kind::Qr, Some(_)) => Err(misplaced(marked)),
        (Kind::Alone(block), None) if left.is_empty() => Ok(Some(block)),
        (Kind::Alone(_), None) => Err(misplaced(marked)),
        (Kind::Qr, None) => Ok((!left.is_empty()).then_some(Block::Line(Line::Qr(left)))),
        (Kind::Text, None) if left.trim().is_empty() => Ok(None),
        (Kind::Text, None) => Ok(Some(Block::Line(Line::Text(Text::new(&left), style)))),
        (Kind::Text, Some(right)) => {
            let (left, right) = (Text::new(left.trim()), Text::new(right.trim()));
            Ok(Some(Block::Line(Line::Columns(left, right, style))))
        }
    }
}

/// A tag that has a line for itself.
fn alone(tag: &str) -> Result<Block, Wrong> {
    let feed = tag.strip_prefix("feed ");
    let feed = feed
        .and_then(|n| n.parse().ok())
        .filter(|n| (1..=FEED).contains(n));
    Ok(match (tag, feed) {
        ("rule", _) => Block::Line(Line::Rule),
        ("logo", _) => Block::Logo,
        ("terminal", _) => Block::Terminal,
        ("signature", _) => Block::Signature,
        (_, Some(lines)) => Block::Line(Line::Feed(lines)),
        _ => {
            return Err(Wrong {
                at: format!("[{tag}"),
                text: format!(
                    "“[{tag}]” is not a tag; the tags are {TAGS}; write “\\[” for the sign itself"
                ),
            });
        }
    })
}

fn misplaced(marked: &str) -> Wrong {
    let tag = marked.split_inclusive(']').next().unwrap_or(marked);
    Wrong {
        at: tag.to_owned(),
        text: format!("“{tag}” stands alone on its line, without text and columns beside it"),
    }
}

fn characters(marked: &str) -> Vec<Char> {
    let mut literal = true;
    let mut out = Vec::with_capacity(marked.len());
    for character in marked.chars() {
        match character {
            BEGIN => literal = false,
            END => literal = true,
            TAGS_ONLY => {}
            _ => out.push((character, literal)),
        }
    }
    out
}

/// The text, and what stands at the right edge behind a `|`.
fn columns(characters: &[Char]) -> Result<(String, Option<String>), Wrong> {
    let (mut left, mut right) = (String::new(), None);
    let mut escaped = false;
    for (character, literal) in characters {
        match (character, literal, escaped) {
            ('\\', true, false) => {
                escaped = true;
                continue;
            }
            ('|', true, false) if right.is_none() => right = Some(String::new()),
            ('|', true, false) => {
                return Err(Wrong {
                    at: "|".to_owned(),
                    text: "a line has two columns at most; write “\\|” for the sign itself"
                        .to_owned(),
                });
            }
            _ => right.as_mut().unwrap_or(&mut left).push(*character),
        }
        escaped = false;
    }
    Ok((left, right))
}
