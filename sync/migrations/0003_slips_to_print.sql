-- Version 3: a terminal's slip that belongs to no payment is printed too: an end of day, a diagnosis.

-- A job prints a payment's receipt or one slip. SQLite cannot drop a NOT NULL, so the table is built
-- anew with what it holds.
ALTER TABLE print_jobs RENAME TO print_jobs_of_version_2;

CREATE TABLE print_jobs (
    id         INTEGER PRIMARY KEY,
    payment    BLOB    REFERENCES payments (id),
    slip       INTEGER REFERENCES slips (id),
    printer    TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    ready      INTEGER NOT NULL CHECK (ready IN (0, 1)),
    state      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    CHECK ((payment IS NULL) <> (slip IS NULL))
) STRICT;

INSERT INTO print_jobs (id, payment, printer, kind, ready, state, body, at, changed_at)
SELECT id, payment, printer, kind, ready, state, body, at, changed_at
FROM print_jobs_of_version_2;

DROP TABLE print_jobs_of_version_2;

CREATE INDEX print_jobs_by_payment ON print_jobs (payment) WHERE payment IS NOT NULL;
CREATE INDEX print_jobs_by_slip ON print_jobs (slip) WHERE slip IS NOT NULL;
CREATE INDEX print_jobs_due ON print_jobs (printer, id) WHERE ready = 1 AND state = 'queued';
CREATE INDEX print_jobs_sending ON print_jobs (id) WHERE state = 'sending';

CREATE TRIGGER print_jobs_are_not_deleted BEFORE DELETE ON print_jobs
BEGIN SELECT RAISE(ABORT, 'no print job is deleted'); END;

CREATE INDEX slips_of_no_payment ON slips (device, id) WHERE payment IS NULL;
