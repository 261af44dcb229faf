//! What people ask of printers: copies, test pages, jobs taken back or settled, the cash drawer.

use std::time::Duration;

use payment::{DeviceId, DrawerKick, KickCause, KickId, PaymentId, PrinterId, Text};
use sync::queue::{Job, JobId, JobOutcome, Urgency, Write, WriteError, Written};

use super::Handle;
use crate::{
    engine::Notice,
    printing::{PrinterView, Printers},
    problem::Problem,
};

/// How long a drawer's pulse may take to leave: opening a link takes a few seconds.
const KICK: Duration = Duration::from_secs(10);

impl Handle {
    /// What the printers look like now.
    pub fn printers(&self) -> &Printers {
        &self.printers
    }

    /// What one printer looks like now.
    ///
    /// # Errors
    /// When there is no such printer.
    pub fn printer(&self, id: &str) -> Result<PrinterView, Problem> {
        let views = self.printers.views();
        let known: Vec<String> = views.iter().map(|view| view.id.to_string()).collect();
        let found = views.into_iter().find(|view| view.id.as_str() == id);
        found.ok_or_else(|| Problem::UnknownPrinter {
            printer: id.chars().filter(|c| !c.is_control()).take(40).collect(),
            known: known.join(", "),
        })
    }

    /// Has a copy of a payment's receipt printed, and gives its job.
    ///
    /// # Errors
    /// When there is no receipt, or nothing to print it on.
    pub async fn copy(&self, payment: PaymentId) -> Result<Job, Problem> {
        let unknown = || Problem::UnknownPayment(payment.to_string());
        let row = self.read(move |reader| reader.payment(payment)).await?;
        let device = row.ok_or_else(unknown)?.intent.device;
        let printer = self.printer_of(&device)?.id;
        let at = self.now();
        let write = Write::Copy {
            payment,
            printer,
            at,
        };
        self.add_job(write).await
    }

    /// Has a test page printed, and gives its job.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn test_page(&self, printer: PrinterId) -> Result<Job, Problem> {
        let at = self.now();
        self.add_job(Write::TestPage { printer, at }).await
    }

    async fn add_job(&self, write: Write) -> Result<Job, Problem> {
        let Written::Job(job) = self.write_job(write).await? else {
            return Err(Problem::StorageFailed);
        };
        self.work_due().await;
        self.job(job).await
    }

    /// A print job.
    ///
    /// # Errors
    /// When there is none of that number.
    pub async fn job(&self, id: JobId) -> Result<Job, Problem> {
        let found = self.read(move |reader| reader.job(id)).await?;
        found.ok_or(Problem::UnknownJob(id.to_string()))
    }

    /// Takes a job back: at once if no printer has begun with it, else as far as its printer can.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn cancel_job(&self, id: JobId, name: Text) -> Result<Job, Problem> {
        let job = self.job(id).await?;
        let at = self.now();
        let write = Write::CancelJob {
            job: id,
            name: name.clone(),
            at,
        };
        if let Written::JobBegun = self.write_job(write).await? {
            self.printers.cancel(&job.printer, id, name);
        }
        self.job_changed(&job.printer);
        self.job(id).await
    }

    /// Keeps a person's word on what became of a job.
    ///
    /// # Errors
    /// When it does not wait for that word.
    pub async fn resolve_job(
        &self,
        job: JobId,
        outcome: JobOutcome,
        name: Text,
    ) -> Result<Job, Problem> {
        let at = self.now();
        self.write_job(Write::ResolveJob {
            job,
            outcome,
            name,
            at,
        })
        .await?;
        self.work_due().await;
        let job = self.job(job).await?;
        self.job_changed(&job.printer);
        Ok(job)
    }

    /// Opens a device's cash drawer for a person. Their reason is durable before the pulse.
    ///
    /// # Errors
    /// When there is no drawer, or the pulse did not leave. Then it will not leave later either.
    pub async fn open_drawer(
        &self,
        device: DeviceId,
        name: Text,
        reason: Text,
    ) -> Result<KickId, Problem> {
        let printer = self.printer_of(&device)?;
        if printer.drawer.is_none() {
            return Err(Problem::NoDrawer(device));
        }
        let at = self.now();
        let id = KickId::new(at, self.random().ok_or(Problem::StorageFailed)?);
        let kick = DrawerKick {
            printer: printer.id.clone(),
            cause: KickCause::Person { name, reason },
        };
        let write = Write::Kick {
            id,
            device,
            kick,
            at,
        };
        self.write_job(write).await?;
        self.publish(Notice::Journal);
        match self.printers.kick_and_hear(&printer.id, KICK).await {
            Some(Ok(())) => Ok(id),
            Some(Err(reason)) => Err(Problem::DrawerNotOpened(reason)),
            None => Err(Problem::DrawerNotOpened(
                "The printer did not answer. Open the drawer with its key.".into(),
            )),
        }
    }

    fn printer_of(&self, device: &DeviceId) -> Result<PrinterView, Problem> {
        let desk = self.desk();
        let view = desk.devices.iter().find(|view| view.id == *device);
        let printer = view.and_then(|view| view.printer.as_ref());
        let printer = printer.and_then(|id| self.printers.view(id));
        printer.ok_or_else(|| Problem::NoPrinter(device.clone()))
    }

    async fn write_job(&self, write: Write) -> Result<Written, Problem> {
        let written = self.readers.queue.submit(write, Urgency::Now).await;
        written.map_err(|error| problem(&error))
    }

    /// Whoever watches reads again.
    fn job_changed(&self, printer: &PrinterId) {
        if let Some(view) = self.printers.view(printer) {
            self.publish(Notice::Printer(Box::new(view)));
        }
    }
}

fn problem(error: &WriteError) -> Problem {
    match error {
        WriteError::NothingToCopy(payment) => Problem::NothingToCopy(*payment),
        WriteError::NoCopyOf(job) => Problem::NoCopyOf(*job),
        WriteError::UnknownPayment(payment) => Problem::UnknownPayment(payment.to_string()),
        WriteError::UnknownJob(job) => Problem::UnknownJob(job.to_string()),
        WriteError::NothingToResolve(job, stands) => {
            Problem::NothingToResolve(*job, stands.clone())
        }
        WriteError::Ended(stands) => Problem::JobEnded(stands.clone()),
        WriteError::DiskFull => Problem::StorageFull,
        _ => Problem::StorageFailed,
    }
}
