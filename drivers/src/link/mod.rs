//! Links move bytes: serial lines, TCP connections and device files.
