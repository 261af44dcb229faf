//! How many payments become durable in a second, by the API and by the queue alone.

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use payment::Fact;
use sync::queue::{Due, Queue, Urgency, Write};

use crate::{
    backlog::intent,
    caller::body,
    disk::{Disk, Probe},
    process::{Daemon, configure, float, python},
    report::{Line, Report, Target, figure},
};

/// Callers at once.
const MANY: usize = 64;

/// What adds up over the rounds.
#[derive(Default)]
struct Sums {
    rounds: f64,
    bare: f64,
    one: f64,
    many: f64,
    queue_one: f64,
    queue_many: f64,
}

/// Each round measures everything for a moment, so that the machine's noise hits all.
pub(crate) fn measure(dir: &Path, rounds: u32, each: Duration, disk: Disk, report: &mut Report) {
    let dir = &disk.below(dir);
    configure(&dir.join("desk"), &[], "");
    let daemon = Daemon::start(&dir.join("desk"));
    let queue = Queue::open(&dir.join("queue.db")).unwrap();
    let mut probe = Probe::on(dir);
    let mut sums = Sums::default();
    for round in 0..rounds {
        let api = |callers, name| by_api(&daemon, callers, each, &format!("{name}{round}"));
        sums.bare += probe.rate(each);
        sums.one += api(1, "one");
        sums.queue_one += by_queue(&queue, 1, each, &format!("one{round}"));
        sums.bare += probe.rate(each);
        sums.many += api(MANY, "many");
        sums.queue_many += by_queue(&queue, MANY, each, &format!("many{round}"));
        sums.rounds += 1.0;
    }
    let bare = sums.bare / sums.rounds / 2.0;
    let mut add = |what: &str, sum: f64, target: Option<Target>| {
        let mut line = Line::new(disk.line(what), figure(sum / sums.rounds, "/s"))
            .beside("bare fdatasyncs, one after the other", figure(bare, "/s"));
        line.target = target;
        report.add(line);
    };
    add("durable payments by the API, 1 caller", sums.one, None);
    add("durable payments by the API, 64 callers", sums.many, None);
    add(
        "durable payments by the queue alone, 1 caller",
        sums.queue_one,
        None,
    );
    add(
        "durable payments by the queue alone, 64 callers",
        sums.queue_many,
        Some(Target::RatioAtLeast(20.0)),
    );
    for (peer, callers, rate) in peers(dir, each * rounds) {
        let ours = match callers {
            1 => sums.queue_one,
            _ => sums.queue_many,
        };
        report.add(
            Line::new(
                disk.line(&format!(
                    "durable payments by the queue alone, {}",
                    counted(callers)
                )),
                figure(ours / sums.rounds, "/s"),
            )
            .beside(format!("{peer}, {}", counted(callers)), figure(rate, "/s")),
        );
    }
}

fn counted(callers: usize) -> String {
    match callers {
        1 => "1 caller".to_owned(),
        more => format!("{more} callers"),
    }
}

/// Cash payments, one durable commit each, by so many callers for so long.
pub(crate) fn by_api(daemon: &Daemon, callers: usize, over: Duration, name: &str) -> f64 {
    let wish = Arc::new(body("cashbox", "cash"));
    during(callers, over, |caller| {
        let mut connection = daemon.caller();
        let wish = Arc::clone(&wish);
        let name = format!("{name}-{caller}");
        let mut n = 0;
        move || {
            n += 1;
            let (status, answer) = connection.pay(&format!("{name}-{n}"), &wish);
            assert_eq!(status, 201, "{answer}");
        }
    })
}

fn by_queue(queue: &Queue, callers: usize, over: Duration, name: &str) -> f64 {
    during(callers, over, |caller| {
        let queue = queue.clone();
        let name = format!("{name}-{caller}");
        let mut n = 0;
        move || {
            n += 1;
            let intent = intent("cashbox", &format!("{name}-{n}"), None);
            let write = Write::Begin {
                intent,
                then: vec![Fact::Recorded],
                due: Due::default(),
            };
            queue.submit(write, Urgency::Now).wait().unwrap();
        }
    })
}

/// How many times in a second the callers come to the end of what they do, together.
fn during<F: FnMut() + Send>(callers: usize, over: Duration, make: impl Fn(usize) -> F) -> f64 {
    let over_now = AtomicBool::new(false);
    let count = AtomicUsize::new(0);
    let ready = Barrier::new(callers + 1);
    thread::scope(|scope| {
        for caller in 0..callers {
            let mut act = make(caller);
            let (over_now, count, ready) = (&over_now, &count, &ready);
            scope.spawn(move || {
                ready.wait();
                while !over_now.load(Ordering::Relaxed) {
                    act();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        ready.wait();
        let begun = Instant::now();
        thread::sleep(over);
        let rate = count.load(Ordering::Relaxed);
        let rate = float(rate as u64) / begun.elapsed().as_secs_f64();
        over_now.store(true, Ordering::Relaxed);
        rate
    })
}

/// The queues of others, by `queues.py` in the tests' virtual environment; none where it is not there.
fn peers(dir: &Path, over: Duration) -> Vec<(String, usize, f64)> {
    let Some(python) = python() else {
        return Vec::new();
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benchmarks/queues.py");
    let output = Command::new(python)
        .arg(script)
        .arg(dir)
        .arg(over.as_secs_f64().to_string())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let line = |line: &str| {
        let mut words = line.split(' ');
        let name = words.next()?.to_owned();
        let callers = words.next()?.parse().ok()?;
        Some((name, callers, words.next()?.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}
