//! Secrets in files: who may read them, and what is in them.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use config::{Config, ConfigError, Protocol, SecretSource};

fn password_in(file: &Path) -> Result<Config, ConfigError> {
    let text = format!(
        "[[terminal]]\nid = \"desk1\"\nprotocol = \"zvt\"\nlink = \"tcp:192.0.2.20:20007\"\n\
         currency = \"EUR\"\n[terminal.zvt]\npassword = {{ file = \"{}\" }}\n",
        file.display()
    );
    config::parse(
        &text,
        Path::new("tilld.toml"),
        &SecretSource::default(),
        &[],
    )
}

#[test]
fn only_the_owner_may_read_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    fs::write(&file, "123456\n").unwrap();
    for (mode, ok) in [
        (0o600, true),
        (0o400, true),
        (0o640, false),
        (0o604, false),
        (0o660, false),
        (0o601, false),
    ] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        match password_in(&file) {
            Ok(_) => assert!(ok, "{mode:o}"),
            Err(problem) => {
                let path = file.display();
                let expected = format!(
                    "tilld.toml:7: terminal.zvt.password.file: {path} may be read by others; \
                     run: chmod 600 {path}"
                );
                assert_eq!((problem.to_string(), ok), (expected, false), "{mode:o}");
            }
        }
    }
}

#[test]
fn line_ends_are_no_part_of_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    for (content, expected) in [
        ("123456", Ok("123456")),
        ("123456\n", Ok("123456")),
        ("123456\r\n", Ok("123456")),
        (" 23456\n", Err("is not six digits")),
        ("\n", Err("is empty")),
        ("", Err("is empty")),
    ] {
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        match (password_in(&file), expected) {
            (Ok(config), Ok(password)) => {
                let Protocol::Zvt(options) = &config.terminals[0].protocol else {
                    panic!("another protocol: {config:?}");
                };
                assert_eq!(options.password.expose(), password);
            }
            (Err(problem), Err(part)) => assert!(problem.to_string().contains(part), "{problem}"),
            (found, _) => panic!("{content:?}: {found:?}"),
        }
    }
}

#[test]
fn what_is_no_text_or_too_large_is_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    for (content, part) in [
        (vec![0xff; 6], "is not text"),
        (vec![b'1'; 65_537], "is larger than 65536 bytes"),
    ] {
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let problem = password_in(&file).unwrap_err().to_string();
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn a_device_or_a_directory_is_no_secret() {
    for path in ["/dev/zero", "/"] {
        let problem = password_in(Path::new(path)).unwrap_err().to_string();
        assert!(problem.contains("is not a file"), "{problem}");
    }
}

#[test]
fn without_systemd_there_are_no_credentials() {
    let text = "[[till]]\nid = \"a\"\ncurrency = \"EUR\"\n[[upstream]]\nid = \"i\"\nkind = \"ivvy\"\n\
                url = \"https://example.org\"\napi_key = \"k\"\nsecret = { credential = \"s\" }\n";
    let problem = config::parse(text, Path::new("tilld.toml"), &SecretSource::default(), &[])
        .unwrap_err()
        .to_string();
    assert!(
        problem.starts_with("tilld.toml:9: upstream.secret.credential: there are no credentials"),
        "{problem}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tilld.toml");
    let load = || {
        config::load(&file, &SecretSource::default(), &[])
            .unwrap_err()
            .to_string()
    };
    assert!(load().starts_with(&format!("{}: cannot be read", file.display())));
    fs::write(&file, " ".repeat(1024 * 1024 + 1)).unwrap();
    assert!(load().contains("is larger than 1048576 bytes"));
}
