-- Version 1. A released migration is never edited: add the next one.
-- Moments are integers: microseconds since 1970-01-01 UTC. Payment ids are the UUID's 16 bytes.

-- What happened. Rows are only ever inserted (law 6); journal.rs documents the hash.
CREATE TABLE journal (
    seq        INTEGER PRIMARY KEY,
    device     TEXT    NOT NULL,
    device_seq INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    payment    BLOB    NOT NULL CHECK (length(payment) = 16),
    body       TEXT    NOT NULL,
    prev_hash  BLOB    NOT NULL CHECK (length(prev_hash) = 32),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    UNIQUE (device, device_seq)
) STRICT;

CREATE TRIGGER journal_is_not_updated BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER journal_has_no_gaps BEFORE INSERT ON journal
WHEN NEW.seq <> (SELECT ifnull(max(seq), 0) + 1 FROM journal)
  OR NEW.device_seq <>
     (SELECT ifnull(max(device_seq), 0) + 1 FROM journal WHERE device = NEW.device)
BEGIN SELECT RAISE(ABORT, 'the journal has no gaps'); END;

-- The payments as the journal's facts make them. `n` counts them in the order they began.
CREATE TABLE payments (
    n           INTEGER PRIMARY KEY,
    id          BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    key         TEXT    NOT NULL UNIQUE,
    device      TEXT    NOT NULL,
    receipt_seq INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    invoice     TEXT,
    method      TEXT    NOT NULL,
    minor       INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    body        TEXT    NOT NULL,
    UNIQUE (device, receipt_seq)
) STRICT;

CREATE INDEX payments_by_time ON payments (created_at);
CREATE INDEX payments_by_state ON payments (state, created_at);
CREATE INDEX payments_by_device ON payments (device, state, created_at);
CREATE INDEX payments_by_invoice ON payments (invoice, created_at) WHERE invoice IS NOT NULL;

CREATE TRIGGER payments_are_not_deleted BEFORE DELETE ON payments
BEGIN SELECT RAISE(ABORT, 'no payment is deleted'); END;

-- What upstreams must get. A row waits `off` the line until its payment is approved; then it joins
-- the line of its invoice. The `head` of a line may be sent, and is `done` once the upstream has it.
CREATE TABLE outbox (
    n        INTEGER PRIMARY KEY,
    payment  BLOB    NOT NULL REFERENCES payments (id),
    upstream TEXT    NOT NULL,
    invoice  TEXT,
    place    TEXT    NOT NULL CHECK (place IN ('off', 'line', 'head', 'done')),
    line     INTEGER,
    state    TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    next_at  INTEGER,
    at       INTEGER NOT NULL,
    UNIQUE (payment, upstream)
) STRICT;

CREATE INDEX outbox_due ON outbox (upstream, next_at, line)
    WHERE place = 'head' AND next_at IS NOT NULL;
CREATE INDEX outbox_line ON outbox (upstream, invoice, line) WHERE place = 'line';
CREATE UNIQUE INDEX outbox_head ON outbox (upstream, invoice)
    WHERE place = 'head' AND invoice IS NOT NULL;
CREATE INDEX outbox_order ON outbox (line) WHERE line IS NOT NULL;

CREATE TRIGGER outbox_is_not_deleted BEFORE DELETE ON outbox
BEGIN SELECT RAISE(ABORT, 'nothing due to an upstream is deleted'); END;

-- Receipts to print. A row is `ready` once its payment is approved.
CREATE TABLE print_jobs (
    id         INTEGER PRIMARY KEY,
    payment    BLOB    NOT NULL REFERENCES payments (id),
    printer    TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    ready      INTEGER NOT NULL CHECK (ready IN (0, 1)),
    state      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX print_jobs_by_payment ON print_jobs (payment);
CREATE INDEX print_jobs_due ON print_jobs (printer, id) WHERE ready = 1 AND state = 'queued';
CREATE INDEX print_jobs_sending ON print_jobs (id) WHERE state = 'sending';

CREATE TRIGGER print_jobs_are_not_deleted BEFORE DELETE ON print_jobs
BEGIN SELECT RAISE(ABORT, 'no print job is deleted'); END;

-- Receipts that terminals composed.
CREATE TABLE slips (
    id      INTEGER PRIMARY KEY,
    payment BLOB REFERENCES payments (id),
    device  TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX slips_by_payment ON slips (payment) WHERE payment IS NOT NULL;
