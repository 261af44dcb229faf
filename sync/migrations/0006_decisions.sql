-- Version 6: a person may send a delivery to another invoice, and see at once what waits.

-- How often a person sent it to another invoice, or to none. `invoice` is where it goes now; the
-- journal's entries `delivery_decided` say by whose word.
ALTER TABLE outbox ADD COLUMN redirects INTEGER NOT NULL DEFAULT 0;

CREATE INDEX outbox_by_state ON outbox (state, n) WHERE place IN ('head', 'line');
