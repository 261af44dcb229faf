//! What stands on a simulated receipt, and what is told of the card.

/// The card, as a terminal tells it; with fields that nobody may keep.
pub(super) fn card(unmasked: bool) -> String {
    let pan = if unmasked {
        "4111111111111111"
    } else {
        "411111 **** 1111"
    };
    format!(
        r#""PaymentAcquirerData":{{"ApprovalCode":"123456","MerchantID":"SIM"}},"PaymentInstrumentData":{{"PaymentInstrumentType":"Card","CardData":{{"MaskedPan":"{pan}","PaymentBrand":"visa","EntryMode":["Contactless"],"SensitiveCardData":{{"CardSeqNumb":"33","ExpiryDate":"1230"}}}}}}"#
    )
}

/// The merchant's and the customer's.
pub(super) fn both(amount: &str, currency: &str, unmasked: bool) -> String {
    let pan = if unmasked {
        "4111111111111111"
    } else {
        "**%20**%20**%201111"
    };
    let text = |title: &str| {
        format!(
            r#"{{"Text":"name={title}&key=title","CharacterStyle":"Bold","EndOfLineFlag":true}},{{"Text":"name=Card&value={pan}&key=pan","EndOfLineFlag":true}},{{"Text":"name=TOTAL&value={currency}%20{amount}&key=totalAmount","EndOfLineFlag":true}}"#
        )
    };
    let receipt = |kind: &str, title: &str| {
        format!(
            r#"{{"DocumentQualifier":"{kind}","RequiredSignatureFlag":"false","OutputContent":{{"OutputFormat":"Text","OutputText":[{}]}}}}"#,
            text(title)
        )
    };
    format!(
        "{},{}",
        receipt("CashierReceipt", "MERCHANT%20COPY"),
        receipt("CustomerReceipt", "CARDHOLDER%20COPY")
    )
}
