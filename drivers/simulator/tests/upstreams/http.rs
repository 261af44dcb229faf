//! An HTTP API that the configuration describes: one that can be asked, one that remembers keys,
//! and one that can neither.

use std::{fs, path::Path};

use simulator::invoicing::HttpApi;

use crate::kit::{Subject, conformance};

const TOKEN: &str = "not-a-real-token";
const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const KEY: &[u8] = &[
    49, 242, 144, 246, 191, 6, 41, 138, 171, 79, 8, 212, 60, 63, 8, 44, 246, 72, 163, 98, 218, 45,
    164, 176,
];

/// What all three have.
const API: &str = r#"
message = "/error/message"
[upstream.secrets]
token = { credential = "token" }
[upstream.headers]
Authorization = "Bearer {{ secret.token }}"
[upstream.create]
path = "/v1/invoices/{{ invoice }}/payments"
body = '{"reference":{{ receipt }},"amount":{{ amount }},"group":{{ device }},"note":"{{ note }}"}'
[upstream.success]
status = "201"
remote_id = "/payment/id"
[[upstream.answer]]
status = "401"
pointer = "/error/code"
equals = "stale"
class = "clock"
[[upstream.answer]]
status = "404"
pointer = "/error/code"
equals = "no_invoice"
class = "refused"
"#;

const LOOK_UP: &str = r#"
[upstream.look_up]
path = "/v1/payments?reference={{ receipt }}"
list = "/items"
receipt = "/reference"
amount = "/amount"
remote_id = "/id"
total = "/total"
[upstream.cancel]
path = "/v1/cancels"
body = '{"invoice":{{ invoice }},"reference":{{ receipt }},"of":{{ original }},"amount":{{ amount }}}'
[upstream.refund]
path = "/v1/refunds"
body = '{"invoice":{{ invoice }},"reference":{{ receipt }},"of":{{ original }},"amount":{{ amount }}}'
"#;

fn section(url: &str, head: &str, tail: &str) -> config::Upstream {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("token"), TOKEN).unwrap();
    fs::write(dir.path().join("signing"), SIGNING).unwrap();
    let text = format!(
        "[[till]]\nid = \"desk1\"\ncurrency = \"EUR\"\n\
         [[upstream]]\nid = \"pms\"\nkind = \"http\"\nurl = \"{url}\"\n{head}{API}{tail}"
    );
    let secrets = config::SecretSource::new(Some(dir.path().to_owned()));
    let config = config::parse(&text, Path::new("tilld.toml"), &secrets, &[]).unwrap();
    config.upstreams.into_iter().next().unwrap()
}

/// It is signed, and asked what is booked.
mod asked {
    use super::*;

    struct Subjected;

    impl Subject for Subjected {
        type System = HttpApi;

        const SETTLES: bool = true;
        const MINDS_THE_CLOCK: bool = true;
        const TAKES_RETURNS: bool = true;
        const SECRETS: &'static [&'static str] = &[TOKEN, SIGNING];

        fn system() -> HttpApi {
            HttpApi::new(TOKEN).with_signing(KEY)
        }

        fn config(url: &str) -> config::Upstream {
            section(url, "signing = { credential = \"signing\" }\n", LOOK_UP)
        }
    }

    conformance!(Subjected);
}

/// It takes the same key only once.
mod remembering {
    use super::*;

    struct Subjected;

    impl Subject for Subjected {
        type System = HttpApi;

        const SETTLES: bool = true;
        const MINDS_THE_CLOCK: bool = false;
        const TAKES_RETURNS: bool = false;
        const SECRETS: &'static [&'static str] = &[TOKEN];

        fn system() -> HttpApi {
            HttpApi::new(TOKEN).with_memory()
        }

        fn config(url: &str) -> config::Upstream {
            section(url, "idempotent = true\nidempotency_key = \"bare\"\n", "")
        }
    }

    conformance!(Subjected);
}

/// It cannot be asked, and books twice what is sent twice: a person looks.
mod blind {
    use super::*;

    struct Subjected;

    impl Subject for Subjected {
        type System = HttpApi;

        const SETTLES: bool = false;
        const MINDS_THE_CLOCK: bool = false;
        const TAKES_RETURNS: bool = false;
        const SECRETS: &'static [&'static str] = &[TOKEN];

        fn system() -> HttpApi {
            HttpApi::new(TOKEN)
        }

        fn config(url: &str) -> config::Upstream {
            section(url, "", "")
        }
    }

    conformance!(Subjected);
}
