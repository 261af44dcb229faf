//! A backlog that drains to an invoicing system that is there again.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::{
    backlog,
    disk::{Probe, micros},
    process::{Daemon, configure, counted, database, float, memory},
    report::{Line, Report, figure},
};

/// How often a look is taken.
const LOOK: Duration = Duration::from_millis(250);
/// No backlog takes as long.
const PATIENCE: Duration = Duration::from_hours(1);
/// How long the disk's own speed is measured, before and after.
const FLOOR: Duration = Duration::from_secs(1);
/// Commits that each delivery needs: `sending` before the request, and what became of it.
const COMMITS: f64 = 2.0;

/// Seconds, deliveries and megabytes, as they were at each look.
pub(crate) type Looks = Vec<(f64, usize, f64)>;

/// Drains it, and counts at the system's side that each payment came once.
pub(crate) fn measure(dir: &Path, payments: usize, report: &mut Report) -> Looks {
    let books = Books::serve();
    let section = format!(
        "[[upstream]]\nid = \"books\"\nkind = \"http\"\nurl = \"http://{}\"\n\
         [upstream.create]\npath = \"/payments\"\n\
         body = '{{\"reference\": {{{{ receipt }}}}, \"amount\": {{{{ amount }}}}}}'\n\
         [upstream.success]\nstatus = \"201\"\nremote_id = \"/id\"\n",
        books.address
    );
    configure(dir, &[], &section);
    backlog::due(&database(dir), payments, "books");
    let mut probe = Probe::on(dir);
    let mut floor = probe.rate(FLOOR);
    let daemon = Daemon::start(dir);
    let before = counted(daemon.pid());
    let begun = Instant::now();
    let mut looks = Vec::new();
    loop {
        thread::sleep(LOOK);
        let delivered = books.count();
        let seconds = begun.elapsed().as_secs_f64();
        looks.push((seconds, delivered, memory(daemon.pid()).0));
        if delivered >= payments {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "only {delivered} of {payments}");
    }
    let seconds = begun.elapsed().as_secs_f64();
    let after = counted(daemon.pid());
    floor = f64::midpoint(floor, probe.rate(FLOOR));
    books.each_once(payments);
    all_confirmed(&daemon);
    let total = float(payments as u64);
    report.add(
        Line::new(
            format!("a backlog of {payments} drains"),
            figure(total / seconds, "/s"),
        )
        .beside(
            "what two fdatasyncs for each allow",
            figure(floor / COMMITS, "/s"),
        ),
    );
    let own = micros(after.cpu.saturating_sub(before.cpu)) / total;
    report.add(Line::new(
        "the daemon's own time on a processor for each delivery",
        figure(own, "µs"),
    ));
    let part = |from: usize, to: usize| {
        let looks = looks.get(looks.len() * from / 10..looks.len() * to / 10);
        let of = looks.unwrap_or_default().iter().map(|(_, _, mb)| *mb);
        of.fold(0.0_f64, f64::max)
    };
    report.add(
        Line::new(
            "resident memory in the last tenth of the drain, most",
            figure(part(9, 10), "MB"),
        )
        .beside(
            "in its first tenth",
            figure(part(0, 1).max(part(1, 2)), "MB"),
        ),
    );
    looks
}

fn all_confirmed(daemon: &Daemon) {
    let begun = Instant::now();
    loop {
        let (_, open) = daemon.caller().get("/v1/sync");
        if open["deliveries"].as_array().is_some_and(Vec::is_empty) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "open: {open}");
        thread::sleep(LOOK);
    }
}

/// An invoicing system that books whatever comes, and remembers how often.
struct Books {
    address: SocketAddr,
    booked: Arc<Mutex<HashMap<String, u32>>>,
}

impl Books {
    fn serve() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let booked = Arc::new(Mutex::new(HashMap::new()));
        let books = Arc::clone(&booked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let books = Arc::clone(&books);
                thread::spawn(move || hear(&stream.unwrap(), &books));
            }
        });
        Self { address, booked }
    }

    fn count(&self) -> usize {
        self.booked.lock().unwrap().len()
    }

    fn each_once(&self, payments: usize) {
        let booked = self.booked.lock().unwrap();
        let more: Vec<_> = booked.iter().filter(|(_, count)| **count != 1).collect();
        assert!(more.is_empty(), "booked more than once: {more:?}");
        assert_eq!(booked.len(), payments, "booked of the backlog");
    }
}

/// Answers the requests of one connection until it ends.
fn hear(stream: &TcpStream, books: &Mutex<HashMap<String, u32>>) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let reference = body["reference"].as_str().unwrap().to_owned();
        *books.lock().unwrap().entry(reference).or_default() += 1;
        let answer = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"id\":\"1\"}";
        let mut stream = stream;
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
