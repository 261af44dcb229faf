-- Version 5: a journal may go on from a copy, and then leaves receipt numbers out.

-- The next receipt number depends on the last such entry of its device.
CREATE INDEX journal_restored ON journal (device, seq) WHERE kind = 'restored';
