//! `kind = "ivvy"`

use std::collections::BTreeMap;

use payment::Method;

use super::{
    super::{Names, section::Section},
    Options,
};
use crate::Secret;

/// iVvy's numbers: 3 Direct Deposit, 5 Cheque, 6 Cash, 11 Point of Sale.
const METHODS: [(Method, u8); 5] = [
    (Method::Card, 11),
    (Method::Cash, 6),
    (Method::Cheque, 5),
    (Method::BankTransfer, 3),
    (Method::Other, 11),
];

/// The options of `kind = "ivvy"`.
#[derive(Debug, Clone)]
pub struct IvvyOptions {
    /// The public half of the key.
    pub api_key: String,
    /// The secret half.
    pub secret: Secret,
    /// `paymentMethod` for each method; see the iVvy page of the documentation.
    pub methods: BTreeMap<Method, u8>,
}

impl Options for IvvyOptions {
    const KEYS: &'static [&'static str] = &["api_key", "secret", "methods"];

    fn read(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> Option<Self> {
        let api_key = section.required_text("api_key", "…");
        if api_key.is_some_and(|key| !key.bytes().all(|b| b.is_ascii_graphic())) {
            // It becomes a part of an HTTP header.
            section.note(
                "api_key",
                "holds a space or another character that no key has; copy it again",
            );
        }
        if !section.has("secret") {
            let text =
                "is missing; write secret = { credential = \"name\" } or { file = \"/path\" }";
            section.note("secret", text);
        }
        let secret = section.secret("secret", names.secrets);
        let methods = methods(section);
        Some(Self {
            api_key: api_key?.to_owned(),
            secret: secret?,
            methods,
        })
    }

    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.secret]
    }
}

/// The defaults, and over them what the file says.
fn methods(section: &mut Section<'_, '_, '_>) -> BTreeMap<Method, u8> {
    let mut methods = BTreeMap::from(METHODS);
    let words = Method::ALL.map(Method::as_str);
    let Some(mut section) = section.inner("methods", &words) else {
        return methods;
    };
    for method in Method::ALL {
        match section.byte(method.as_str()) {
            Some(7) => section.note(
                method.as_str(),
                "7 is for card gateways of iVvy's own, which refuse payments from outside; \
                 write 11 for a terminal",
            ),
            Some(13) => section.note(
                method.as_str(),
                "13 needs the number of a custom method, which cannot be given yet; write another",
            ),
            Some(number) => {
                methods.insert(method, number);
            }
            None => {}
        }
    }
    methods
}
