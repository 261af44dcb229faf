//! Profiles, from their files.

use std::{fs, path::Path};

use super::*;

const GOOD: &str = "[[profile]]
name = \"shop-1\"
model = \"Shop's own\"
columns = 42
dots = 512
column_dots = 12
confirmation = \"none\"
cut = \"full\"
qr = false
images = \"columns\"
drawer = false

[profile.pages]
6 = \"CP866\"
31 = \"CP858\"
";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn every_built_in_file_is_right() {
    let read = Profiles::with_folder(Path::new("/nowhere/at/all")).unwrap();
    assert_eq!(&read, Profiles::built_in());
    assert_eq!(read.names().count(), 30);
    for name in Profile::names() {
        assert_eq!(
            Profile::find(name).map(|profile| profile.name.as_str()),
            Some(name)
        );
    }
    assert_eq!(Profile::find("abacus"), None);
}

#[test]
fn the_names_of_the_first_release_stay() {
    for (name, columns, confirmation, cut) in [
        ("generic-58mm", 32, Confirmation::PaperSensor, Cut::None),
        ("generic-80mm", 48, Confirmation::PaperSensor, Cut::Partial),
        ("epson-tm-t20iii", 48, Confirmation::ProcessId, Cut::Partial),
        ("epson-tm-t88v", 42, Confirmation::ProcessId, Cut::Partial),
    ] {
        let profile = Profile::find(name).unwrap();
        let found = (profile.columns, profile.confirmation, profile.cut);
        assert_eq!(found, (columns, confirmation, cut), "{name}");
    }
}

#[test]
fn a_profile_has_its_speed_or_the_usual_one() {
    for (name, speed) in [
        ("epson-tm-t20iii", 100),
        ("generic-58mm", 50),
        ("epson-tm-u220", 15),
    ] {
        assert_eq!(Profile::find(name).unwrap().speed, speed, "{name}");
    }
}

#[test]
fn what_a_configuration_may_name_says_whether_it_prints_pictures() {
    let known = Profiles::built_in().known();
    assert_eq!(known.len(), Profile::names().count());
    let without: Vec<&str> = known
        .iter()
        .filter(|one| !one.images)
        .map(|one| one.name)
        .collect();
    assert_eq!(without, ["epson-tm-u220", "epson-tm-u220b", "star-sp2000"]);
}

#[test]
fn code_pages_have_the_printers_own_numbers() {
    for (profile, page, number) in [
        ("epson-tm-t20iii", "CP858", Some(19)),
        ("epson-tm-t20iii", "CP866", Some(17)),
        ("star-tsp600", "CP858", Some(4)),
        ("star-tsp600", "CP1252", Some(32)),
        ("kefar-kr-306", "CP858", Some(14)),
        ("rongta-rp326", "CP1251", Some(6)),
        ("zjiang-zj-5870", "CP858", None),
    ] {
        let pages = &Profile::find(profile).unwrap().pages;
        let page = CodePage::find(page).unwrap();
        let found = pages
            .iter()
            .find(|(p, _)| *p == page)
            .map(|(_, number)| *number);
        assert_eq!(found, number, "{profile} {page:?}");
    }
    let first = Profile::find("epson-tm-t20iii")
        .unwrap()
        .pages
        .first()
        .copied();
    assert_eq!(first, CodePage::find("CP858").map(|page| (page, 19)));
}

#[test]
fn a_folder_adds_and_replaces() {
    let replaced = GOOD.replace("shop-1", "generic-58mm");
    let folder = folder(&[
        ("a.toml", GOOD),
        ("b.toml", &replaced),
        ("notes.txt", "no TOML"),
    ]);
    let profiles = Profiles::with_folder(folder.path()).unwrap();
    let shop = profiles.find("shop-1").unwrap();
    assert_eq!(
        (shop.columns, shop.images, shop.drawer),
        (42, Images::Columns, false)
    );
    assert_eq!(profiles.find("generic-58mm").unwrap().columns, 42);
    assert_eq!(profiles.names().count(), Profile::names().count() + 1);
}

#[test]
fn mistakes_are_told_by_file_and_line() {
    for (from, to, expected) in [
        (
            "shop-1",
            "Shop 1",
            "1.toml:2: “Shop 1” cannot be a profile's name",
        ),
        (
            "columns = 42",
            "columns = 4",
            "1.toml:4: `columns` is 4; write a number from 16",
        ),
        (
            "dots = 512",
            "dots = 2000",
            "1.toml:5: `dots` is 2000; write a number from 100",
        ),
        (
            "dots = 12",
            "dots = 13",
            "1.toml:6: 42 columns of 13 dots are wider than the line",
        ),
        (
            "\"none\"",
            "\"wink\"",
            "1.toml:7: unknown variant `wink`, expected one of `process_id`",
        ),
        (
            "qr = false",
            "qr = 3",
            "1.toml:9: invalid type: integer `3`, expected a boolean",
        ),
        (
            "drawer",
            "drawers",
            "1.toml:11: unknown field `drawers`, expected one of `name`",
        ),
        (
            "CP866",
            "CP8660",
            "1.toml:14: “CP8660” is not a code page; write one of CP858, ",
        ),
        (
            "31 =",
            "310 =",
            "1.toml:15: a code page's number is one from 0 to 255",
        ),
        ("[[profile]]", "[[profile]", "1.toml:1: "),
        (
            "[profile.pages]",
            "[pages]",
            "1.toml:13: unknown field `pages`, expected `profile`",
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let folder = folder(&[("1.toml", &GOOD.replacen(from, to, 1))]);
        let errors = Profiles::with_folder(folder.path()).unwrap_err();
        let told = errors.first().unwrap().to_string();
        assert!(told.contains(expected), "{told}\nshould say\n{expected}");
    }
    let twice = folder(&[("1.toml", GOOD), ("2.toml", &GOOD.replace("42", "40"))]);
    let errors = Profiles::with_folder(twice.path()).unwrap_err();
    let told = errors.first().unwrap().to_string();
    assert!(told.contains("2.toml:2: “shop-1” is already in"), "{told}");
}

#[test]
fn what_cannot_be_read_is_told_by_path() {
    let folder = folder(&[("1.toml", GOOD)]);
    fs::create_dir(folder.path().join("2.toml")).unwrap();
    let errors = Profiles::with_folder(folder.path()).unwrap_err();
    assert!(
        errors.first().unwrap().to_string().contains("2.toml: "),
        "{errors:?}"
    );
}

#[test]
fn the_example_of_the_documentation_is_right() {
    let page = include_str!("../../../../../docs/printers.md");
    let example = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let folder = folder(&[("1.toml", example)]);
    let profiles = Profiles::with_folder(folder.path()).unwrap();
    assert_eq!(profiles.find("front-desk").unwrap().column_dots, Some(12));
}
