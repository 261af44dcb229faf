//! Any bytes into every parser that meets the outside: one function for each target.
//!
//! `cargo fuzz` calls them with libFuzzer (`fuzz_targets`), and `cargo test` with a bounded number
//! of mutations of the seeds in `corpus` (`tests/bounded.rs`). A function panics when a law is broken.

mod adyen;
mod documents;
mod ecr17;
mod files;
mod french;
mod machines;
pub mod mutate;
mod wire;

pub use adyen::{adyen_answer, adyen_driver};
pub use documents::{
    config_file, escpos_receipt, http_answer, ivvy_answer, payment_words, text_mask, tryton_answer,
};
pub use ecr17::{ecr17_driver, ecr17_frame, ecr17_message};
pub use files::{
    database_copy, printer_profiles, receipt_logo, receipt_template, request_template, signing_key,
    trace_file,
};
pub use french::{
    caisse_ap_answer, caisse_ap_driver, concert_driver, concert_line, simulated_caisse_ap,
    simulated_concert,
};
pub use machines::{escpos_driver, simulated_printer, simulated_terminal, zvt_driver};
pub use wire::{zvt_apdu, zvt_bmp, zvt_line, zvt_message, zvt_rs232, zvt_tlv};

/// A target takes any bytes.
pub type Target = fn(&[u8]);

/// Targets that take long for each input: they run less often where time is short.
pub const SLOW: &[&str] = &["database_copy", "escpos_receipt", "receipt_template"];

/// Every target by the name of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("zvt_apdu", zvt_apdu),
    ("zvt_rs232", zvt_rs232),
    ("zvt_line", zvt_line),
    ("zvt_bmp", zvt_bmp),
    ("zvt_tlv", zvt_tlv),
    ("zvt_message", zvt_message),
    ("zvt_driver", zvt_driver),
    ("concert_line", concert_line),
    ("concert_driver", concert_driver),
    ("caisse_ap_answer", caisse_ap_answer),
    ("caisse_ap_driver", caisse_ap_driver),
    ("ecr17_frame", ecr17_frame),
    ("ecr17_message", ecr17_message),
    ("ecr17_driver", ecr17_driver),
    ("adyen_answer", adyen_answer),
    ("adyen_driver", adyen_driver),
    ("escpos_driver", escpos_driver),
    ("escpos_receipt", escpos_receipt),
    ("simulated_terminal", simulated_terminal),
    ("simulated_concert", simulated_concert),
    ("simulated_caisse_ap", simulated_caisse_ap),
    ("simulated_printer", simulated_printer),
    ("ivvy_answer", ivvy_answer),
    ("http_answer", http_answer),
    ("tryton_answer", tryton_answer),
    ("config_file", config_file),
    ("receipt_template", receipt_template),
    ("request_template", request_template),
    ("receipt_logo", receipt_logo),
    ("trace_file", trace_file),
    ("printer_profiles", printer_profiles),
    ("signing_key", signing_key),
    ("database_copy", database_copy),
    ("text_mask", text_mask),
    ("payment_words", payment_words),
];
