//! What stands on paper, from the configuration to the printer.

use std::{fs, process::Command};

use serde_json::json;
use simulator::{printer::Fault, terminal::zvt::Options};
use tests::{Desk, Wire, binary, text, until};

const TEMPLATE: &str = "{% for line in merchant %}\n[centre][high]{{ line }}\n{% endfor %}\n\
    {% for item in items %}\n{{ item.text }} | {{ item.amount }}\n{% endfor %}\n\
    {% if reader == \"merchant\" %}[centre]Für die Akten{% endif %}\nBezahlt | {{ amount }}\n";

fn receipt(desk: &Desk, keys: &str) {
    desk.amend("[[till]]", &format!("[receipt]\n{keys}\n[[till]]"));
    desk.amend(
        "[daemon]\n",
        "[daemon]\nmerchant = [\"[bold]Praxis | Süd\"]\n",
    );
    desk.amend(
        "id = \"cashbox\"\n",
        "id = \"cashbox\"\nprinter = \"front\"\n",
    );
}

/// Law 8 too: whatever becomes of the paper, the payment stays as it is.
#[tokio::test]
async fn what_a_clinic_wants_and_a_broken_printer() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    fs::write(desk.path("beleg.txt"), TEMPLATE).unwrap();
    receipt(
        &desk,
        "language = \"de\"\ntemplate = \"beleg.txt\"\nmerchant_copy = true",
    );
    let client = desk.start().await;
    let wish = json!({
        "device": "cashbox", "amount": "1067.60", "currency": "EUR", "method": "cash",
        "service_date": "2026-11-20",
        "items": [{ "text": "[rule] Füllung | neu", "amount": "1080.10" }, { "text": "Versicherung", "amount": "-12.50" }],
    });
    let paid = client.pay("k1", &wish).await.unwrap();
    assert_eq!(text(&paid, "service_date"), "2026-11-20");
    assert_eq!(paid.pointer("/items/1/amount"), Some(&json!("-12.50")));
    until("both receipts are out", || async {
        desk.printer.pages().len() == 2
    })
    .await;
    let pages = desk.printer.pages();
    for page in &pages {
        for words in [
            "[bold]Praxis | Süd",
            "[rule] Füllung | neu",
            "1.080,10",
            "-12,50",
            "1.067,60 EUR",
            // The template has left it out.
            "cashbox-000001",
        ] {
            assert!(page.contains(words), "{words} is not on it:\n{page}");
        }
    }
    let filed = pages.iter().filter(|page| page.contains("Für die Akten"));
    assert_eq!(filed.count(), 1);

    desk.printer.arm(Fault::PaperOut);
    let second = client.pay("k2", &wish).await.unwrap();
    assert_eq!(text(&second, "state"), "approved");
    let path = format!("/v1/payments/{}", text(&second, "id"));
    let changed = text(&second, "changed_at");
    let seen = client.get(&path).await.unwrap();
    assert_eq!(
        (text(&seen, "state"), text(&seen, "changed_at")),
        ("approved".to_owned(), changed)
    );
    desk.printer.clear();
    until("these are out as well", || async {
        desk.printer.pages().len() == 4
    })
    .await;
    assert_eq!(text(&client.get(&path).await.unwrap(), "state"), "approved");
}

#[tokio::test]
async fn mistakes_are_told_by_file_and_line() {
    let desk = Desk::set(Wire::Tcp, Options::default()).await;
    fs::write(desk.path("beleg.txt"), "Beleg\n{{ betrag }}\n").unwrap();
    fs::write(desk.path("logo.png"), "no picture").unwrap();
    receipt(&desk, "template = \"beleg.txt\"\nlogo = \"logo.png\"");
    desk.amend("epson-tm-t20iii", "epson-tm-t2000");
    fs::create_dir(desk.path("profiles")).unwrap();
    let check = || {
        let output = Command::new(binary("tilld"))
            .args(["check", "--config"])
            .arg(desk.config())
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = check();
    for (file, words) in [
        ("beleg.txt:2: ", "“betrag” is not known here"),
        ("tilld.toml:", "logo.png is no PNG picture"),
        ("tilld.toml:", "“epson-tm-t2000” is not a profile"),
    ] {
        let told = said
            .lines()
            .any(|line| line.contains(file) && line.contains(words));
        assert!(told, "{file} {words}:\n{said}");
    }
    desk.amend("epson-tm-t2000", "epson-tm-p80\"\ndrawer = \"pin2");
    let said = check();
    assert!(
        said.contains("“epson-tm-p80” has no socket for a cash drawer"),
        "{said}"
    );
    let profile = "[[profile]]\nname = \"mine\"\nmodel = \"\"\ncolumns = 48\ndots = 576\n\
        confirmation = \"none\"\ncut = \"none\"\nqr = false\nimages = \"none\"\ndrawer = false\n\
        [profile.pages]\n0 = \"CP4711\"\n";
    fs::write(desk.path("profiles/mine.toml"), profile).unwrap();
    let said = check();
    assert!(
        said.contains("profiles/mine.toml:12: “CP4711” is not a code page"),
        "{said}"
    );
}
