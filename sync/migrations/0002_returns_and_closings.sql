-- Version 2: cancels and refunds name a payment, and terminals' days are closed.

-- `original` is the payment that this one gives back of. `approved_seq` is the number of the journal's
-- entry that approved it: the order in which the terminal counts it, whatever clocks say.
ALTER TABLE payments ADD COLUMN original BLOB CHECK (length(original) = 16);
ALTER TABLE payments ADD COLUMN approved_seq INTEGER;

-- Nothing follows an approved payment, so its last entry approved it.
UPDATE payments SET approved_seq = last.seq
FROM (SELECT payment, max(seq) AS seq FROM journal GROUP BY payment) AS last
WHERE last.payment = payments.id AND payments.state = 'approved';

CREATE INDEX payments_by_original ON payments (original, n) WHERE original IS NOT NULL;
CREATE INDEX payments_by_approval ON payments (device, method, approved_seq)
    WHERE approved_seq IS NOT NULL;

-- The ends of terminals' days as the journal's facts make them. Their facts stand in the journal
-- like a payment's, with the closing's id in the column `payment`.
CREATE TABLE closings (
    n          INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    key        TEXT    NOT NULL UNIQUE,
    device     TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    -- The number of the journal's entry that closed the day.
    closed_seq INTEGER,
    body       TEXT    NOT NULL
) STRICT;

CREATE INDEX closings_by_device ON closings (device, n);
CREATE INDEX closings_closed ON closings (device, closed_seq) WHERE closed_seq IS NOT NULL;
CREATE UNIQUE INDEX closings_begun ON closings (device) WHERE state = 'begun';

CREATE TRIGGER closings_are_not_deleted BEFORE DELETE ON closings
BEGIN SELECT RAISE(ABORT, 'no closing is deleted'); END;
