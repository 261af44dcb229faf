//! What a printer looks like at the desk: what is known of it, what it works on, and what to do.

use drivers::printer::{self, Drawer, Status};
use payment::{PaymentId, PrinterId, Text};
use serde::Serialize;
use sync::queue::{JobId, JobKind, Printed};

use super::spool::AtWork;

/// A printer at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrinterView {
    /// Its name.
    pub id: PrinterId,
    /// The printer that prints what this one cannot.
    pub stand_in: Option<PrinterId>,
    /// Whether its link is there; none before anybody tried, and for a network printer between jobs
    /// what was last seen.
    pub reachable: Option<bool>,
    /// What it says of itself.
    pub status: Status,
    /// The cash drawer that hangs on it.
    pub drawer: Option<DrawerView>,
    /// The job that it works on.
    pub job: Option<JobAtWork>,
    /// What the person at the desk does next (law 13).
    pub next_step: String,
    /// Why it cannot be reached.
    #[serde(skip)]
    trouble: Option<Text>,
}

/// A cash drawer at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrawerView {
    /// Whether it is open, as far as the printer tells.
    pub open: Option<bool>,
    /// Why it was not opened when it last should have been, and what to do.
    pub problem: Option<Text>,
}

/// A job in a printer's hands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobAtWork {
    /// Which.
    pub job: JobId,
    /// What kind.
    pub kind: JobKind,
    /// The payment whose receipt it is.
    pub payment: Option<PaymentId>,
    /// How far it has come.
    pub state: &'static str,
    /// What it waits for, as a sentence.
    pub waits: Option<Text>,
}

impl PrinterView {
    /// A printer of which nothing is known yet.
    pub(super) fn new(printer: &config::Printer) -> Self {
        let drawer = printer.drawer.map(|_| DrawerView {
            open: None,
            problem: None,
        });
        let mut view = Self {
            id: printer.id.clone(),
            stand_in: printer.stand_in.clone(),
            reachable: None,
            status: Status::default(),
            drawer,
            job: None,
            next_step: String::new(),
            trouble: None,
        };
        view.say();
        view
    }

    /// Whether nothing is known to keep it from printing.
    pub fn can_print(&self) -> bool {
        let waits = self.job.as_ref().is_some_and(|job| job.waits.is_some());
        self.trouble.is_none() && self.status.obstacle().is_none() && !waits
    }

    /// What the printer tells changes what is known of it.
    pub(super) fn hear(&mut self, event: &printer::Event) {
        match event {
            printer::Event::Ready => self.link_up(),
            printer::Event::NotReady { reason } => self.link_down(reason.clone()),
            printer::Event::Status(status) => {
                self.link_up();
                self.status = *status;
                if let Some(drawer) = &mut self.drawer {
                    drawer.open = status.drawer_open;
                }
            }
            printer::Event::Kicked { .. } => self.drawer_problem(None),
            printer::Event::NotKicked { reason, .. } => self.drawer_problem(Some(reason.clone())),
            printer::Event::Waiting { .. }
            | printer::Event::Sent { .. }
            | printer::Event::Ended { .. } => {}
        }
    }

    pub(super) fn link_up(&mut self) {
        self.reachable = Some(true);
        self.trouble = None;
    }

    /// What it said before is not known any more.
    pub(super) fn link_down(&mut self, reason: Text) {
        self.reachable = Some(false);
        self.trouble = Some(reason);
        self.status = Status::default();
        if let Some(drawer) = &mut self.drawer {
            drawer.open = None;
        }
    }

    pub(super) fn drawer_problem(&mut self, problem: Option<Text>) {
        if let Some(drawer) = &mut self.drawer {
            drawer.problem = problem;
        }
    }

    /// Takes over what the spool does, and finds the words for all.
    pub(super) fn work(&mut self, at_work: Option<AtWork>) {
        self.job = at_work.map(|work| JobAtWork {
            job: work.job.id,
            kind: work.job.kind,
            payment: match work.job.what {
                Printed::Payment(payment) => Some(payment),
                Printed::Slip(_) | Printed::Test => None,
            },
            state: work.state,
            waits: work.waits,
        });
        self.say();
    }

    fn say(&mut self) {
        let waits = self.job.as_ref().and_then(|job| job.waits.as_ref());
        let drawer = self.drawer.as_ref().and_then(|d| d.problem.as_ref());
        let obstacle = self.status.obstacle();
        self.next_step = match (waits.or(self.trouble.as_ref()), obstacle, drawer) {
            (Some(reason), _, _) => sentence(reason),
            (None, Some(obstacle), _) => obstacle.to_owned(),
            (None, None, Some(problem)) => sentence(problem),
            (None, None, None) => self.status.sentence().to_owned(),
        };
    }
}

/// What a link says of itself ends without a full stop; what the desk reads is a sentence.
fn sentence(reason: &Text) -> String {
    let end = if reason.as_str().ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{reason}{end}")
}

/// The drawer's pin, in the words of the driver.
pub(super) fn pin(drawer: config::Drawer) -> Drawer {
    match drawer {
        config::Drawer::Pin2 => Drawer::Pin2,
        config::Drawer::Pin5 => Drawer::Pin5,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use drivers::printer::{Event, Paper};

    use super::*;

    fn view() -> PrinterView {
        PrinterView::new(&config::Printer {
            id: "front".parse().unwrap(),
            link: "tcp:192.0.2.21:9100".parse().unwrap(),
            profile: "epson-tm-t20iii".to_owned(),
            drawer: Some(config::Drawer::Pin2),
            expires: Duration::from_mins(30),
            stand_in: None,
            stand_in_after: Duration::from_secs(30),
        })
    }

    /// Law 13: what hinders comes first, and what was said before a loss is not said after it.
    #[test]
    fn the_next_step_is_about_what_hinders() {
        let mut view = view();
        assert!(view.next_step.contains("has not said"));
        let mut says = |event: Event, words: &str| {
            view.hear(&event);
            view.work(None);
            assert!(
                view.next_step.contains(words),
                "{event:?}: {}",
                view.next_step
            );
            view.clone()
        };
        let ready = Status {
            online: Some(true),
            drawer_open: Some(false),
            ..Status::default()
        };
        let out = Status {
            paper: Some(Paper::Out),
            ..ready
        };
        let drawer = Drawer::Pin2;
        says(Event::Status(ready), "is ready");
        says(
            Event::NotKicked {
                drawer,
                reason: "Open it with its key.".into(),
            },
            "with its key",
        );
        says(Event::Status(out), "out of paper");
        says(Event::Status(ready), "with its key");
        says(Event::Kicked { drawer }, "is ready");
        says(Event::Status(out), "out of paper");
        let gone = says(
            Event::NotReady {
                reason: "The cable is out".into(),
            },
            "The cable is out.",
        );
        assert_eq!(
            (gone.reachable, gone.status),
            (Some(false), Status::default())
        );
        let back = says(Event::Ready, "has not said");
        assert_eq!(back.reachable, Some(true));
    }
}
