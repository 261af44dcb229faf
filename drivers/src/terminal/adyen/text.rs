//! Receipts: pieces of `name=value` pairs into lines, and the way such pairs are written.

use payment::Text;

use super::message::{Receipt, ReceiptText};
use crate::terminal::{Slip, SlipCopy, SlipLine};

/// A receipt has no more lines.
const MAX_LINES: usize = 200;
/// Pairs of a card that are nobody's business, by the beginning of their key.
const DROPPED: [&str; 3] = ["expir", "panseq", "token"];

/// The pairs of `name=value&name=value`, URL-encoded.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let split = text.split('&').filter(|pair| !pair.is_empty());
    split
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Terminal receipts as slips for our printer, card numbers masked.
pub(super) fn slips(receipts: &[Receipt]) -> Vec<Slip> {
    receipts.iter().filter_map(slip).collect()
}

fn slip(receipt: &Receipt) -> Option<Slip> {
    let copy = match receipt.document_qualifier.as_str() {
        "CashierReceipt" => SlipCopy::Merchant,
        "CustomerReceipt" => SlipCopy::Customer,
        _ => return None,
    };
    let pieces = receipt.output_content.output_text.iter();
    let lines: Vec<SlipLine> = pieces.filter_map(line).take(MAX_LINES).collect();
    (!lines.is_empty()).then_some(Slip {
        copy,
        lines,
        signature: asks_for_signature(&receipt.required_signature_flag),
    })
}

/// Terminals write truth values in quotes.
fn asks_for_signature(flag: &serde_json::Value) -> bool {
    flag.as_bool() == Some(true) || flag.as_str() == Some("true")
}

fn line(piece: &ReceiptText) -> Option<SlipLine> {
    let (mut name, mut value, mut key) = (String::new(), String::new(), String::new());
    for (word, said) in pairs(&piece.text) {
        match word.as_str() {
            "name" => name = said,
            "value" => value = said,
            "key" => key = said.to_ascii_lowercase(),
            _ => {}
        }
    }
    if DROPPED.iter().any(|dropped| key.starts_with(dropped)) {
        return None;
    }
    let text = match (name.is_empty(), value.is_empty()) {
        (false, false) => format!("{}: {value}", name.trim_end_matches(':')),
        (false, true) => name,
        (true, _) => value,
    };
    let is = |said: &Option<String>, word: &str| said.as_deref() == Some(word);
    Some(SlipLine {
        text: Text::new(&text),
        centred: is(&piece.alignment, "Centred"),
        wide: is(&piece.character_width, "DoubleWidth"),
        high: is(&piece.character_height, "DoubleHeight"),
    })
}

/// `%2E` and `+`; what is wrong stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let digit = char::from(digit).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Vec<Slip> {
        slips(&serde_json::from_str::<Vec<Receipt>>(json).unwrap())
    }

    #[test]
    fn receipts_become_slips_without_card_data() {
        let json = r#"[
            {"DocumentQualifier":"CashierReceipt","RequiredSignatureFlag":"false","OutputContent":{"OutputFormat":"Text","OutputText":[
                {"Text":"key=header1","EndOfLineFlag":true},
                {"Text":"name=MERCHANT%20COPY&key=merchantTitle","CharacterStyle":"Bold","Alignment":"Centred","CharacterHeight":"DoubleHeight"},
                {"Text":"name=Date&value=13%2F09%2F19&key=txdate"},
                {"Text":"name=Card&value=4111111111111111&key=pan"},
                {"Text":"name=PAN+seq.&value=01&key=panSeq"},
                {"Text":"name=Exp&value=12%2F30&key=expiryDate"},
                {"Text":"name=TOTAL&value=%E2%82%AC%2010.10&key=totalAmount"}]}},
            {"DocumentQualifier":"Voucher","OutputContent":{}},
            {"DocumentQualifier":"CustomerReceipt","OutputContent":{"OutputText":[{"Text":"name=Thanks%2"}]}}]"#;
        let found = read(json);
        let shown: Vec<(SlipCopy, Vec<&str>)> = found
            .iter()
            .map(|slip| {
                (
                    slip.copy,
                    slip.lines.iter().map(|l| l.text.as_str()).collect(),
                )
            })
            .collect();
        let merchant = vec![
            "",
            "MERCHANT COPY",
            "Date: 13/09/19",
            "Card: ************1111",
            "TOTAL: € 10.10",
        ];
        assert_eq!(
            shown,
            [
                (SlipCopy::Merchant, merchant),
                (SlipCopy::Customer, vec!["Thanks%2"]),
            ]
        );
        assert!(found[0].lines[1].centred && found[0].lines[1].high);
    }

    #[test]
    fn a_signature_is_asked_for_by_the_flag_alone() {
        for (flag, expected) in [
            (r#""RequiredSignatureFlag":"true","#, true),
            (r#""RequiredSignatureFlag":true,"#, true),
            (r#""RequiredSignatureFlag":"false","#, false),
            (r#""RequiredSignatureFlag":[1],"#, false),
            ("", false),
        ] {
            let json = format!(
                r#"[{{"DocumentQualifier":"CashierReceipt",{flag}"OutputContent":{{"OutputText":[{{"Text":"name=x"}}]}}}}]"#
            );
            assert_eq!(read(&json)[0].signature, expected, "{flag}");
        }
    }
}
