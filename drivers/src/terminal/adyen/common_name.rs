//! Whose certificate a terminal may show. Terminals are reached by address, so their certificates
//! name the terminal and not the host: `V400m-123456789.test.terminal.adyen.com`.

/// Whether it is a terminal's that takes real money.
pub(super) fn is_live(common_name: &str) -> bool {
    is_terminal(common_name, ".live.terminal.adyen.com")
}

/// Whether it is a test terminal's.
pub(super) fn is_test(common_name: &str) -> bool {
    is_terminal(common_name, ".test.terminal.adyen.com")
}

fn is_terminal(common_name: &str, domain: &str) -> bool {
    let Some(name) = common_name.strip_suffix(domain) else {
        return false;
    };
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    name == "legacy-terminal-certificate"
        || name
            .split_once('-')
            .is_some_and(|(model, serial)| plain(model) && plain(serial))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_terminals_of_the_right_kind_are_let_in() {
        for (name, live, test) in [
            ("V400m-123456789.live.terminal.adyen.com", true, false),
            ("V400m-123456789.test.terminal.adyen.com", false, true),
            (
                "legacy-terminal-certificate.live.terminal.adyen.com",
                true,
                false,
            ),
            (
                "legacy-terminal-certificate.test.terminal.adyen.com",
                false,
                true,
            ),
            ("V400m-123-4.test.terminal.adyen.com", false, false),
            ("V400m.test.terminal.adyen.com", false, false),
            ("-1.test.terminal.adyen.com", false, false),
            ("V400m-1.test.terminal.adyen.com.example", false, false),
            ("x.V400m-1.test.terminal.adyen.com", false, false),
            ("V400m-1.test.terminal.adyen.com\0", false, false),
            ("V400m-1Xtest.terminal.adyen.com", false, false),
            ("", false, false),
        ] {
            assert_eq!((is_live(name), is_test(name)), (live, test), "{name}");
        }
    }
}
