//! The ways to a printer: one line each.

use crate::terminal::{Evidence, Maturity};

/// A way to a printer: how far it is trusted, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// How its link begins in the configuration.
    pub link: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What keeps it from sending more than the printer takes.
    pub flow: &'static str,
    /// How far it is trusted.
    pub maturity: Maturity,
    /// Why.
    pub evidence: &'static [Evidence],
}

/// All of them.
pub const WAYS: &[Way] = &[
    Way {
        link: "tcp:",
        title: "network, port 9100",
        flow: "TCP",
        maturity: Maturity::Beta,
        evidence: &[
            Evidence::Vectors,
            Evidence::Simulator,
            Evidence::Peer("python-escpos and receiptio, at the simulator"),
        ],
    },
    Way {
        link: "serial:",
        title: "serial line",
        flow: "RTS/CTS, DTR/DSR or pace",
        maturity: Maturity::Experimental,
        evidence: &[Evidence::Vectors, Evidence::Simulator],
    },
    Way {
        link: "file:",
        title: "USB by the kernel's driver",
        flow: "USB",
        maturity: Maturity::Untried,
        evidence: &[Evidence::Vectors],
    },
    Way {
        link: "usb:",
        title: "USB by tilld",
        flow: "USB",
        maturity: Maturity::Untried,
        evidence: &[Evidence::Vectors],
    },
];
