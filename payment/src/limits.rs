//! A bound on everything that comes from outside.

/// Longest device, printer or upstream ID, in bytes.
pub const ID_BYTES: usize = 32;
/// Longest `Idempotency-Key`, in bytes.
pub const KEY_BYTES: usize = 255;
/// Longest invoice reference, in bytes.
pub const INVOICE_BYTES: usize = 64;
/// Longest note of a payment, in characters.
pub const NOTE_CHARS: usize = 500;
/// Most items of a payment's services.
pub const ITEMS: usize = 50;
/// Longest text of an item, in characters.
pub const ITEM_CHARS: usize = 100;
/// Longest text for a terminal's display, in characters: eight lines of twenty.
pub const DISPLAY_CHARS: usize = 160;
/// Longest text taken over from a device or a person, in characters.
pub const TEXT_CHARS: usize = 500;
/// Largest amount in minor units: what six BCD bytes hold, less two digits of headroom.
pub const MINOR_UNITS: i64 = 9_999_999_999;
/// Longest body of an HTTP request, in bytes.
pub const BODY_BYTES: usize = 64 * 1024;
/// Most payments in one page of a list.
pub const PAGE: u16 = 500;
