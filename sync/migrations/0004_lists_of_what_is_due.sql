-- Version 4: what is due to an upstream is listed for people, in its order.

CREATE INDEX outbox_open ON outbox (upstream, line) WHERE place IN ('head', 'line');
