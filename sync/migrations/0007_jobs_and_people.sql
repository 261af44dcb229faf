-- Version 7: print jobs that people decide on, that another printer takes over, and test pages.

-- `instead_of` is the printer that could not print it. `resolution` is a person's word on a job that is
-- unknown or failed. A test page is a job without a payment and without a slip. SQLite cannot drop a
-- CHECK, so the table is built anew with what it holds.
ALTER TABLE print_jobs RENAME TO print_jobs_of_version_6;

CREATE TABLE print_jobs (
    id         INTEGER PRIMARY KEY,
    payment    BLOB    REFERENCES payments (id),
    slip       INTEGER REFERENCES slips (id),
    printer    TEXT    NOT NULL,
    instead_of TEXT,
    kind       TEXT    NOT NULL,
    ready      INTEGER NOT NULL CHECK (ready IN (0, 1)),
    state      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    resolution TEXT,
    at         INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    CHECK (payment IS NULL OR slip IS NULL)
) STRICT;

INSERT INTO print_jobs (id, payment, slip, printer, kind, ready, state, body, at, changed_at)
SELECT id, payment, slip, printer, kind, ready, state, body, at, changed_at
FROM print_jobs_of_version_6;

DROP TABLE print_jobs_of_version_6;

CREATE INDEX print_jobs_by_payment ON print_jobs (payment) WHERE payment IS NOT NULL;
CREATE INDEX print_jobs_by_slip ON print_jobs (slip) WHERE slip IS NOT NULL;
CREATE INDEX print_jobs_due ON print_jobs (printer, id) WHERE ready = 1 AND state = 'queued';
CREATE INDEX print_jobs_under_way ON print_jobs (id)
    WHERE state IN ('probing', 'sending', 'sent');
CREATE INDEX print_jobs_for_people ON print_jobs (printer, id)
    WHERE resolution IS NULL AND state IN ('unknown', 'failed');

CREATE TRIGGER print_jobs_are_not_deleted BEFORE DELETE ON print_jobs
BEGIN SELECT RAISE(ABORT, 'no print job is deleted'); END;
