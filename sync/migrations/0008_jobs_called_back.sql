-- Version 8: who called a print job back that a printer had begun.

-- A person's name and the moment. The job ends in its own way: what is on paper stays there.
ALTER TABLE print_jobs ADD COLUMN cancel_asked TEXT;
