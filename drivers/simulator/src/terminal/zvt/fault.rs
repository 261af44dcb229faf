//! What can go wrong with a terminal.

use crate::terminal::armed::faults;

faults! {
    Decline "decline" "The issuer declines. Not charged."
    DeclineThenApprove "decline-then-approve" "A wrong PIN, then the right one: two 04 0F. Charged."
    AbortByCustomer "abort-by-customer" "The customer presses Stop: 6C. Not charged."
    Refuse "refuse" "The command is refused by 84 FF. Not charged."
    Busy "busy" "The command is refused by 84 9C. Not charged."
    EndOfDayRequired "end-of-day-required" "Refused with F0 until an End-of-Day. Not charged."
    LoseAnswerBeforeCard "lose-answer-before-card" "Hangs up after 80 00 00, before a card. Not charged."
    LoseAnswerAfterApproval "lose-answer-after-approval" "Books the payment, then hangs up before 04 0F. Charged."
    HangUpAfterApproval "hang-up-after-approval" "Sends 04 0F and hangs up at once. Reversed."
    HangUpBeforeCompletion "hang-up-before-completion" "Hangs up after the acknowledged approval, before 06 0F. Charged."
    PowerLossAfterApproval "power-loss-after-approval" "Dead for 30 s after the acknowledged approval, without 06 0F. Charged."
    AbortAfterApproval "abort-after-approval" "Reverses after the acknowledged 04 0F and says 06 1E. Reversed."
    LateApproval "late-approval" "Silent for 200 s, then approves, even on a new connection. Charged if acknowledged."
    Silent "silent" "Says nothing at all for 30 s. Not charged."
    Slow "slow" "Silent for 150 s at the PIN prompt. Charged."
    Garbage "garbage" "Sends noise in place of 04 0F, then nothing for 30 s. Reversed."
    Nak "nak" "Serial: answers the next frame of the till by NAK. Charged."
    BadCrc "bad-crc" "Serial: the first frame has a wrong CRC, and comes again. Charged."
    DleNoise "dle-noise" "Serial: noise between the frames. Charged."
    DuplicateStatus "duplicate-status" "Sends 04 0F twice. Charged once."
    StaleStatus "stale-status" "Sends the last transaction's 04 0F again, and hangs up. Not charged."
    OtherAmount "other-amount" "Charges one unit less than asked for."
    NoAmount "no-amount" "04 0F without an amount. Charged."
    PartialSegments "partial-segments" "Every byte in a segment of its own. Charged."
    Coalesce "coalesce" "80 00 00 and the next message in one segment. Charged."
    Swapped "swapped" "Hangs up after 80 00 00, and another terminal with an empty memory comes back. Not charged."
    NoStoredTransaction "no-stored-transaction" "Books the payment, hangs up before 04 0F, and has no receipt to repeat. Charged."
    LastIsReversal "last-is-reversal" "Hangs up before 04 0F and reverses by itself, with a receipt for that. Reversed."
    AutoReversal "auto-reversal" "Hangs up before 04 0F and reverses by itself; only that has a receipt. Reversed."
    LastIsEndOfDay "last-is-end-of-day" "Books the payment, hangs up before 04 0F, and ends its day. Charged."
    Maintenance "maintenance" "The next end of day completes with 27 E0, and then nothing answers for two minutes. Payments are charged."
    HangUpInDiagnosis "hang-up-in-diagnosis" "Hangs up after 80 00 00 of the next diagnosis. Payments are charged."
    RepeatBusy "repeat-busy" "The next 06 20 is refused by 84 9C. Payments are charged."
    RepeatHangsUp "repeat-hangs-up" "The next 06 20 is answered by hanging up. Payments are charged."
    RepeatUnknown "repeat-unknown" "The next 06 20 is refused by 84 83. Payments are charged."
    StaleAmount "stale-amount" "An earlier till's amount is on the display: 84 9C, and status 9C until 06 B0. Not charged."
    UnknownFields "unknown-fields" "04 0F with a tag and a bitmap that no specification has. Charged."
    OverLong "over-long" "In place of 04 0F a frame of 60000 bytes without an end, then nothing for 30 s. Reversed."
    UnmaskedPan "unmasked-pan" "The test card number 4111111111111111 wherever one fits. Charged."
}

/// What a fault goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A payment, a reversal or a refund.
    Money,
    /// 06 50.
    EndOfDay,
    /// 06 20.
    Repeat,
    /// 06 70.
    Diagnosis,
}

impl Occasion {
    /// Which faults go with it.
    pub(super) fn goes(self) -> impl Fn(Fault) -> bool {
        move |fault| fault.occasion() == self
    }
}

impl Fault {
    fn occasion(self) -> Occasion {
        match self {
            Self::Maintenance => Occasion::EndOfDay,
            Self::HangUpInDiagnosis => Occasion::Diagnosis,
            Self::RepeatBusy | Self::RepeatHangsUp | Self::RepeatUnknown => Occasion::Repeat,
            _ => Occasion::Money,
        }
    }
}
