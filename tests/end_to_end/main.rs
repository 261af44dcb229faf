//! The whole product on one machine: the real daemon as a process, its devices simulated behind
//! pseudo-terminals and sockets, and what the patient, the paper and the books say afterwards.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod api;
mod copies;
mod crash;
mod demo;
mod devices;
mod docs;
mod events;
mod families;
mod faults;
mod offline;
mod paper;
mod paper_crash;
mod receipts;
mod reconciliation;
mod recovery;
mod restore;
mod returns;
mod sale;
mod scenarios;
mod services;
mod stop;
mod worklist;
