//! The printers as the rest of the daemon reaches them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use config::Config;
use payment::{PrinterId, Text};
use sync::queue::JobId;
use tokio::sync::{mpsc, oneshot, watch};

use super::view::PrinterView;

/// Most requests that wait for a printer.
const REQUESTS: usize = 64;

/// What a printer is asked besides its jobs, which it finds in the queue.
#[derive(Debug)]
pub(super) enum Request {
    /// A person wants a job back.
    Cancel {
        /// Which.
        job: JobId,
        /// Who.
        name: Text,
    },
    /// Open the cash drawer; why is in the journal already.
    Kick(Option<oneshot::Sender<Result<(), Text>>>),
}

/// The ends of the wires to all printers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Printers {
    requests: Arc<HashMap<PrinterId, mpsc::Sender<Request>>>,
    views: watch::Receiver<Views>,
}

pub(super) type Views = BTreeMap<PrinterId, PrinterView>;

/// The other ends: one for each printer, to be given to [`super::start`].
#[derive(Debug)]
pub struct Inbox {
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) views: Arc<watch::Sender<Views>>,
}

impl Printers {
    /// Both ends for every printer of the configuration.
    pub fn of(config: &Config) -> (Self, HashMap<PrinterId, Inbox>) {
        let all = config.printers.iter();
        let views = all.map(|printer| (printer.id.clone(), PrinterView::new(printer)));
        let (views, seen) = watch::channel(views.collect::<Views>());
        let views = Arc::new(views);
        let mut requests = HashMap::new();
        let mut inboxes = HashMap::new();
        for printer in &config.printers {
            let (sender, receiver) = mpsc::channel(REQUESTS);
            requests.insert(printer.id.clone(), sender);
            let inbox = Inbox {
                requests: receiver,
                views: Arc::clone(&views),
            };
            inboxes.insert(printer.id.clone(), inbox);
        }
        let printers = Self {
            requests: Arc::new(requests),
            views: seen,
        };
        (printers, inboxes)
    }

    /// What the printers look like now, in the order of their names.
    pub fn views(&self) -> Vec<PrinterView> {
        self.views.borrow().values().cloned().collect()
    }

    /// What one of them looks like now.
    pub fn view(&self, id: &PrinterId) -> Option<PrinterView> {
        self.views.borrow().get(id).cloned()
    }

    /// Asks a printer for a job back that it has begun. It ends in its own way.
    pub fn cancel(&self, printer: &PrinterId, job: JobId, name: Text) {
        self.ask(printer, Request::Cancel { job, name });
    }

    /// Opens a cash drawer; why is in the journal already. Nobody waits for it.
    pub fn kick(&self, printer: &PrinterId) {
        self.ask(printer, Request::Kick(None));
    }

    /// The same for somebody who waits: what the driver said of the pulse; none when it said
    /// nothing in time.
    pub async fn kick_and_hear(
        &self,
        printer: &PrinterId,
        within: std::time::Duration,
    ) -> Option<Result<(), Text>> {
        let (tell, told) = oneshot::channel();
        self.ask(printer, Request::Kick(Some(tell)));
        tokio::time::timeout(within, told).await.ok()?.ok()
    }

    fn ask(&self, printer: &PrinterId, request: Request) {
        let sent = self.requests.get(printer).map(|to| to.try_send(request));
        if !matches!(sent, Some(Ok(()))) {
            tracing::error!(%printer, "the printer takes no request");
        }
    }
}
