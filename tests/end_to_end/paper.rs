//! What people decide about paper: jobs of which nobody knows, a second printer, the drawer, test
//! pages; by the API and by `till`.

use std::process::Command;

use daemon::cli::client::{CallError, Client};
use serde_json::{Value, json};
use simulator::{
    Handle,
    printer::{Fault, Printer},
    terminal::zvt::Options,
};
use tests::{Desk, Wire, binary, text, until};

/// A desk whose cash box prints at “front”, where a drawer hangs, and “back” stands in for it.
async fn desk() -> (Desk, Client, Handle<Printer>) {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    let (path, back) = Printer::new(48).serve_pty(None).unwrap();
    desk.amend(
        "id = \"cashbox\"\ncurrency = \"EUR\"\n",
        "id = \"cashbox\"\ncurrency = \"EUR\"\nprinter = \"front\"\n",
    );
    desk.amend(
        "profile = \"epson-tm-t20iii\"\n",
        &format!(
            "profile = \"epson-tm-t20iii\"\ndrawer = \"pin2\"\nstand_in = \"back\"\n\
             stand_in_after = \"1s\"\n[[printer]]\nid = \"back\"\n\
             link = \"serial:{}\"\nprofile = \"epson-tm-t20iii\"\n",
            path.display()
        ),
    );
    let client = desk.start().await;
    (desk, client, back)
}

async fn pay(client: &Client, key: &str) -> Value {
    let body =
        json!({ "device": "cashbox", "amount": "5.00", "currency": "EUR", "method": "cash" });
    client.pay(key, &body).await.unwrap()
}

/// The only print job of a payment, once it stands there.
async fn job(client: &Client, payment: &Value, state: &str) -> Value {
    let path = format!("/v1/payments/{}", text(payment, "id"));
    let found = || async {
        let payment = client.get(&path).await.unwrap();
        payment.pointer("/printing/0").cloned().unwrap()
    };
    until(&format!("the job is {state}"), || async {
        text(&found().await, "state") == state
    })
    .await;
    found().await
}

fn number(job: &Value) -> u64 {
    job["job"].as_u64().unwrap()
}

fn kind<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
    match answer {
        Err(CallError::Refused { kind, .. }) => kind,
        other => panic!("{other:?}"),
    }
}

fn till(desk: &Desk, args: &[&str]) -> String {
    let output = Command::new(binary("till"))
        .args(args)
        .env("TILLD_CONFIG", desk.config())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// The drawers told to open, as the journal has them.
fn kicks(desk: &Desk) -> usize {
    let token = std::fs::read_to_string(desk.path("state/token")).unwrap();
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "1", "--noproxy", "*", "-H"])
        .arg(format!("Authorization: Bearer {}", token.trim()))
        .arg(format!("{}/v1/events?after=0", desk.url()))
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout)
        .matches("event: drawer")
        .count()
}

/// Nobody knows whether it came out; then somebody does.
#[tokio::test]
async fn a_person_says_what_became_of_an_unknown_receipt() {
    let (mut desk, _, _back) = desk().await;
    for (key, outcome, copies) in [("k1", "came-out", 0), ("k2", "copy", 1)] {
        // The paper ends in the middle, and so does the daemon.
        desk.printer.arm(Fault::PaperOutAfter(3));
        let client = desk.client();
        let paid = pay(&client, key).await;
        until("it waits for paper", || async {
            let front = client.get("/v1/printers/front").await.unwrap();
            front["job"]["waits"].is_string() && front["job"]["payment"] == paid["id"]
        })
        .await;
        desk.kill();
        let client = desk.start().await;
        desk.printer.clear();
        let unknown = job(&client, &paid, "unknown").await;
        assert_eq!(text(&paid, "state"), "approved", "law 8");
        let id = number(&unknown);
        assert!(text(&unknown, "next_step").contains("Look at the printer"));
        let front = client.get("/v1/printers/front").await.unwrap();
        assert_eq!(number(&front["for_people"][0]), id);
        assert!(till(&desk, &["status"]).contains(&format!("job {id} ")));
        let id = id.to_string();
        let said = till(
            &desk,
            &["printer", "resolve", &id, outcome, "--name", "Ada"],
        );
        assert!(said.contains("Done:"), "{said}");
        let path = format!("/v1/jobs/{id}");
        let settled = client.get(&path).await.unwrap();
        assert_eq!(settled["resolved"]["name"], "Ada");
        assert_eq!(text(&settled, "state"), "unknown");
        let again = json!({ "outcome": "came_out", "name": "Bob" });
        let again = client.post(&format!("{path}/resolve"), &again).await;
        assert_eq!(kind(again), "nothing-to-resolve");
        let receipt = text(&paid, "receipt");
        let printed = || {
            let pages = desk.printer.pages();
            let of_it = pages.iter().filter(|page| page.contains(&receipt));
            of_it.filter(|page| page.contains("COPY")).count()
        };
        until("its copies are out", || async { printed() == copies }).await;
    }
    let front = desk.client().get("/v1/printers/front").await.unwrap();
    assert_eq!(front["for_people"], json!([]));
}

/// A copy is for the reader of what it copies.
#[tokio::test]
async fn the_clinics_receipt_is_reprinted_for_the_clinic() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    desk.amend("[[till]]", "[receipt]\nmerchant_copy = true\n[[till]]");
    desk.amend(
        "id = \"cashbox\"\n",
        "id = \"cashbox\"\nprinter = \"front\"\n",
    );
    let client = desk.start().await;
    desk.printer.arm(Fault::PaperOutAfter(3));
    let paid = pay(&client, "k1").await;
    until("it waits for paper", || async {
        let front = client.get("/v1/printers/front").await.unwrap();
        front["job"]["waits"].is_string()
    })
    .await;
    desk.kill();
    let client = desk.start().await;
    desk.printer.clear();
    let path = format!("/v1/payments/{}", text(&paid, "id"));
    let printing = || async { client.get(&path).await.unwrap()["printing"].clone() };
    until("the customer's is out", || async {
        printing().await[1]["state"] == "confirmed"
    })
    .await;
    let unknown = printing().await[0].clone();
    assert_eq!(
        (&unknown["kind"], &unknown["state"]),
        (&json!("merchant"), &json!("unknown"))
    );
    let word = json!({ "outcome": "copy", "name": "Ada" });
    let resolve = format!("/v1/jobs/{}/resolve", number(&unknown));
    let resolved = client.post(&resolve, &word).await.unwrap();
    until("the copy is out", || async {
        printing().await[2]["state"] == "confirmed"
    })
    .await;
    let copy = printing().await[2].clone();
    assert_eq!(copy["kind"], json!({ "merchant_copy": 1 }));
    assert_eq!(resolved["resolved"]["copy"], copy["job"]);
    let pages = desk.printer.pages();
    let copies: Vec<_> = pages
        .iter()
        .filter(|page| page.contains("COPY 1"))
        .collect();
    assert_eq!(copies.len(), 1);
    assert!(copies[0].contains("Merchant copy"), "{}", copies[0]);
    assert!(copies[0].contains(&text(&paid, "receipt")));
    // The customer's copies have numbers of their own.
    let copy = client.post(&format!("{path}/copies"), &json!({})).await;
    assert_eq!(copy.unwrap()["kind"], json!({ "copy": 1 }));
}

/// What is on its way cannot be called back; who tried stays with it.
#[tokio::test]
async fn whoever_calls_a_begun_receipt_back_is_kept() {
    let (mut desk, client, _back) = desk().await;
    desk.printer.arm(Fault::PaperOutAfter(3));
    let paid = pay(&client, "k1").await;
    let front = || async { client.get("/v1/printers/front").await.unwrap()["job"].clone() };
    until("it waits for paper in the middle", || async {
        front().await["waits"].is_string() && front().await["state"] != "probing"
    })
    .await;
    let path = format!("/v1/jobs/{}", number(&front().await));
    assert_eq!(
        client.get(&path).await.unwrap()["cancel_asked"],
        json!(null)
    );
    let ada = json!({ "name": "Ada" });
    let asked = client.post(&format!("{path}/cancel"), &ada).await.unwrap();
    assert_eq!(asked["cancel_asked"]["name"], "Ada");
    let ended = job(&client, &paid, "unknown").await;
    assert_eq!(ended["cancel_asked"], asked["cancel_asked"]);
    desk.kill();
    let client = desk.start().await;
    let after = client.get(&path).await.unwrap();
    assert_eq!(after["cancel_asked"], asked["cancel_asked"]);
}

/// What was not begun goes to the other printer, is taken back at once, or comes out later.
#[tokio::test]
async fn a_second_printer_stands_in_and_a_job_is_taken_back() {
    let (desk, client, back) = desk().await;
    desk.printer.arm(Fault::PaperOut);
    let paid = pay(&client, "k1").await;
    let moved = job(&client, &paid, "confirmed").await;
    assert_eq!(
        (&moved["printer"], &moved["instead_of"]),
        (&json!("back"), &json!("front"))
    );
    let receipt = text(&paid, "receipt");
    assert!(back.pages().concat().contains(&receipt));
    assert!(!desk.printer.pages().concat().contains(&receipt));

    back.arm(Fault::PaperOut);
    let paid = pay(&client, "k2").await;
    let waits = || async {
        let back = client.get("/v1/printers/back").await.unwrap();
        back["job"].clone()
    };
    until("it waits at the back", || async {
        waits().await["waits"].is_string()
    })
    .await;
    let id = number(&waits().await).to_string();
    till(&desk, &["printer", "cancel", &id, "--name", "Ada"]);
    let cancelled = job(&client, &paid, "cancelled").await;
    assert_eq!(text(&cancelled, "name"), "Ada");
    let late = json!({ "name": "Bob" });
    let late = client.post(&format!("/v1/jobs/{id}/cancel"), &late).await;
    assert_eq!(kind(late), "job-ended");
    back.clear();
    desk.printer.clear();
    till(&desk, &["printer", "test", "front"]);
    until("the test page is out", || async {
        let jobs = client.get("/v1/printers/front").await.unwrap();
        !desk.printer.pages().is_empty() && jobs["job"].is_null()
    })
    .await;
    let receipt = text(&paid, "receipt");
    let paper = desk.printer.pages().concat() + &back.pages().concat();
    assert!(!paper.contains(&receipt), "taken back means never printed");
}

/// Cash opens it once, a person with a reason, and no crash opens it again.
#[tokio::test]
async fn the_drawer_opens_once_for_each_reason() {
    let (mut desk, client, _back) = desk().await;
    let pulses = |desk: &Desk| desk.printer.with(|printer| printer.drawer_pulses());
    pay(&client, "k1").await;
    until("it is open", || async { pulses(&desk) == 1 }).await;
    pay(&client, "k1").await;
    till(
        &desk,
        &[
            "drawer", "open", "--device", "cashbox", "--name", "Ada", "--reason", "change",
        ],
    );
    until("it is open again", || async { pulses(&desk) >= 2 }).await;
    assert_eq!(pulses(&desk), 2, "a repeat opens nothing");
    let path = "/v1/devices/cashbox/drawer";
    let nobody = client
        .post(path, &json!({ "name": " ", "reason": "x" }))
        .await;
    assert_eq!(kind(nobody), "invalid-field");
    let paid = pay(&client, "k2").await;
    job(&client, &paid, "confirmed").await;
    until("the drawer follows", async || pulses(&desk) == 3).await;
    assert_eq!(kicks(&desk), 3);
    desk.kill();
    let client = desk.start().await;
    let paid = pay(&client, "k3").await;
    job(&client, &paid, "confirmed").await;
    until("the drawer follows", async || pulses(&desk) >= 4).await;
    assert_eq!(pulses(&desk), 4, "nothing of before is opened again");
    assert_eq!(kicks(&desk), 4);
}

#[tokio::test]
async fn a_test_page_shows_what_the_printer_can_do() {
    let (desk, _client, _back) = desk().await;
    till(&desk, &["printer", "test", "front"]);
    until("it came out", async || !desk.printer.pages().is_empty()).await;
    let page = desk.printer.pages().concat();
    for words in ["TEST PAGE for epson-tm-t20iii", "Now it cuts."] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    let pulses = || desk.printer.with(|printer| printer.drawer_pulses());
    assert_eq!(pulses(), 0, "nobody asked for the drawer");
    till(
        &desk,
        &["printer", "test", "front", "--drawer", "--name", "Ada"],
    );
    until("another came out", async || desk.printer.pages().len() == 2).await;
    assert_eq!((pulses(), kicks(&desk)), (1, 1));
}
