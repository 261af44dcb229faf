//! More days like the first of a database, faster than the queue writes them: row by row the same, with
//! other numbers, names and moments, and each journal entry sealed to the one before it.

use std::{collections::HashMap, path::Path};

use jiff::Timestamp;
use payment::PaymentId;
use rusqlite::{Connection, params_from_iter, types::Value};
use sha2::{Digest, Sha256};

use crate::backlog;

/// The tables that have something of a payment, and the column that says of which.
const TABLES: [(&str, &str); 4] = [
    ("payments", "id"),
    ("journal", "payment"),
    ("outbox", "payment"),
    ("print_jobs", "payment"),
];
/// Days in a transaction.
const TOGETHER: usize = 10;

/// A row of the first day: its values in the order of its table's columns.
type Row = Vec<Value>;

struct Table {
    columns: Vec<String>,
    insert: String,
    rows: HashMap<Vec<u8>, Vec<Row>>,
    /// All of them.
    count: i64,
}

/// How one payment becomes another of a later day.
struct Move {
    payments: i64,
    entries: i64,
    micros: i64,
    id: [u8; 16],
    key: String,
    invoice: String,
    /// What stands in the JSON, and what is to stand there.
    words: Vec<(String, String)>,
}

/// Adds days of so many payments to a database that has the first, until there are so many payments.
pub(crate) fn days(database: &Path, payments: usize, day: usize, seconds: u64) {
    if payments <= day {
        return;
    }
    let mut conn = Connection::open(database).unwrap();
    let settings = "PRAGMA foreign_keys = off; PRAGMA journal_mode = delete;
        PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -500000;";
    conn.execute_batch(settings).unwrap();
    let later = without_checks(&conn);
    let tables = TABLES.map(|(name, of)| Table::read(&conn, name, of));
    let [of_payments, ..] = &tables;
    let mut first: Vec<(Vec<u8>, Row)> = of_payments
        .rows
        .iter()
        .map(|(id, rows)| (id.clone(), rows.first().unwrap().clone()))
        .collect();
    first.sort_by_key(|(_, row)| integer(of_payments.value(row, "n")));
    let head = "SELECT hash FROM journal ORDER BY seq DESC LIMIT 1";
    let mut hash: Vec<u8> = conn.query_row(head, [], |row| row.get(0)).unwrap();
    let mut numbers = (day..payments).peekable();
    while numbers.peek().is_some() {
        let transaction = conn.transaction().unwrap();
        for n in numbers.by_ref().take(day * TOGETHER) {
            let (id, row) = first.get(n % day).unwrap();
            let to = Move::of(n, day, seconds, of_payments, row, &tables);
            for table in &tables {
                let mut insert = transaction.prepare_cached(&table.insert).unwrap();
                for row in table.rows.get(id).into_iter().flatten() {
                    let mut moved = to.row(table, row);
                    table.seal(&mut moved, &mut hash);
                    insert.execute(params_from_iter(moved)).unwrap();
                }
            }
        }
        transaction.commit().unwrap();
    }
    for (_, sql) in later {
        conn.execute_batch(&sql).unwrap();
    }
    conn.execute_batch("PRAGMA optimize;").unwrap();
}

/// Takes the triggers and indices away, and says how to make them again.
fn without_checks(conn: &Connection) -> Vec<(String, String)> {
    let found: Vec<(String, String, String)> = conn
        .prepare(
            "SELECT type, name, sql FROM sqlite_master
             WHERE type IN ('trigger', 'index') AND sql IS NOT NULL",
        )
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let drop = |(kind, name, sql): (String, String, String)| {
        conn.execute_batch(&format!("DROP {kind} {name}")).unwrap();
        (name, sql)
    };
    found.into_iter().map(drop).collect()
}

impl Table {
    fn read(conn: &Connection, name: &str, of: &str) -> Self {
        let sql = format!("SELECT * FROM {name} ORDER BY rowid");
        let mut statement = conn.prepare(&sql).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let places = vec!["?"; columns.len()].join(", ");
        let mut table = Self {
            insert: format!("INSERT INTO {name} VALUES ({places})"),
            columns,
            rows: HashMap::new(),
            count: 0,
        };
        let width = table.columns.len();
        let rows: Vec<Row> = statement
            .query_map([], |row| (0..width).map(|at| row.get(at)).collect())
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for row in rows {
            let Value::Blob(id) = table.value(&row, of) else {
                panic!("{name} has a row of no payment");
            };
            let id = id.clone();
            table.rows.entry(id).or_default().push(row);
            table.count += 1;
        }
        table
    }

    fn at(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    fn value<'a>(&self, row: &'a Row, column: &str) -> &'a Value {
        row.get(self.at(column).unwrap()).unwrap()
    }

    /// Seals an entry of the journal to the one before it, as `sync`'s journal says.
    fn seal(&self, row: &mut Row, hash: &mut Vec<u8>) {
        let (Some(previous), Some(own)) = (self.at("prev_hash"), self.at("hash")) else {
            return;
        };
        let mut seal = Sha256::new();
        let mut add = |bytes: &[u8]| {
            seal.update(u32::try_from(bytes.len()).unwrap().to_be_bytes());
            seal.update(bytes);
        };
        add(hash);
        for column in [
            "seq",
            "device",
            "device_seq",
            "at",
            "kind",
            "payment",
            "body",
        ] {
            match self.value(row, column) {
                Value::Integer(number) => add(&number.to_be_bytes()),
                Value::Text(text) => add(text.as_bytes()),
                Value::Blob(bytes) => add(bytes),
                Value::Null | Value::Real(_) => panic!("{column} is no part of a seal"),
            }
        }
        row[previous] = Value::Blob(std::mem::replace(hash, seal.finalize().to_vec()));
        row[own] = Value::Blob(hash.clone());
    }
}

impl Move {
    fn of(
        n: usize,
        day: usize,
        seconds: u64,
        payments: &Table,
        row: &Row,
        tables: &[Table],
    ) -> Self {
        let days = i64::try_from(n / day).unwrap();
        let by = days * i64::try_from(day).unwrap();
        let micros = days * i64::try_from(seconds).unwrap() * 1_000_000;
        let at = integer(payments.value(row, "created_at"));
        let moment = |micros| Timestamp::from_microsecond(micros).unwrap();
        let mut random = [0; 10];
        getrandom::fill(&mut random).unwrap();
        let id = PaymentId::new(moment(at + micros), random);
        let Value::Blob(known) = payments.value(row, "id") else {
            panic!("a payment's id is no blob");
        };
        let known = PaymentId::from_bytes(known.as_slice().try_into().unwrap());
        let receipt = |by| {
            let number = integer(payments.value(row, "receipt_seq")) + by;
            format!("\"cashbox-{number:06}\"")
        };
        let quoted = |text: String| format!("\"{text}\"");
        let first = n % day;
        let (key, invoice) = (backlog::key(n), backlog::invoice(n));
        let words = vec![
            (known.to_string(), id.to_string()),
            (quoted(backlog::key(first)), quoted(key.clone())),
            (receipt(0), receipt(by)),
            (moment(at).to_string(), moment(at + micros).to_string()),
            (
                format!("\"invoice\":\"{}\"", backlog::invoice(first)),
                format!("\"invoice\":\"{invoice}\""),
            ),
        ];
        let entries = tables.iter().find(|table| table.at("prev_hash").is_some());
        Self {
            payments: by,
            entries: days * entries.unwrap().count,
            micros,
            id: *id.as_bytes(),
            key,
            invoice,
            words,
        }
    }

    fn row(&self, table: &Table, row: &Row) -> Row {
        let values = table.columns.iter().zip(row);
        values
            .map(|(column, value)| self.value(column, value))
            .collect()
    }

    fn value(&self, column: &str, value: &Value) -> Value {
        let more = |by| match value {
            Value::Integer(number) => Value::Integer(number + by),
            other => other.clone(),
        };
        match (column, value) {
            ("id" | "payment", Value::Blob(_)) => Value::Blob(self.id.to_vec()),
            ("n" | "id" | "receipt_seq" | "line", _) => more(self.payments),
            ("seq" | "device_seq" | "approved_seq", _) => more(self.entries),
            ("at" | "created_at" | "changed_at", _) => more(self.micros),
            ("key", Value::Text(_)) => Value::Text(self.key.clone()),
            ("invoice", Value::Text(_)) => Value::Text(self.invoice.clone()),
            ("body", Value::Text(body)) => {
                let words = self.words.iter();
                Value::Text(words.fold(body.clone(), |body, (from, to)| body.replace(from, to)))
            }
            (_, other) => other.clone(),
        }
    }
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Integer(number) => *number,
        other => panic!("{other:?} is no number"),
    }
}
