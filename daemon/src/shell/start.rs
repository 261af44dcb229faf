//! Brings everything up in the right order, and down again.

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use config::Config;
use drivers::printer::escpos::Profiles;
use jiff::tz::TimeZone;
use payment::PrinterId;
use sync::{
    queue::{OpenError, Queue, ReadError, Reader, WriteError},
    upstream::Worklist,
};
use tokio::{
    net::{TcpListener, UnixListener},
    sync::{broadcast, mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{
    Handle, Known, StorageLost, WorkDue, database_file,
    nightly::{self, Nightly},
    readers::{LendError, Readers},
    task::EngineTask,
    terminals,
    upstreams::{self, Deliveries},
};
use crate::{
    api::{self, Api, SocketUsers, Token, TokenError},
    cli::client::token_file,
    engine::{Engine, Setup, Unfinished},
    printing::{self, Inbox, Printers},
};

/// Most events that wait for the engine.
const EVENTS: usize = 1024;
/// Most notices that a slow watcher may lag behind before it re-reads the journal.
const NOTICES: usize = 256;

/// Why the daemon cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state directory cannot be made.
    #[error("cannot create {path}: {source}; create it, or name another state_dir")]
    StateDir {
        /// Which.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The queue.
    #[error(transparent)]
    Queue(#[from] OpenError),
    /// The queue's content.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database failed while what an earlier run left was being settled.
    #[error("what an earlier run left unfinished cannot be recorded; look at the disk")]
    Recovery,
    /// The port or socket.
    #[error("cannot listen on {at}: {source}; is another tilld running?")]
    Listen {
        /// Where.
        at: String,
        /// What happened.
        source: io::Error,
    },
}

impl From<LendError> for StartError {
    fn from(error: LendError) -> Self {
        match error {
            LendError::Open(error) => error.into(),
            LendError::Read(error) => error.into(),
        }
    }
}

/// Why the daemon stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageLost),
    /// A listener failed.
    #[error("the API stopped: {0}")]
    Api(#[from] io::Error),
    /// A task panicked: a defect.
    #[error("a part of the daemon failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// A daemon that runs.
pub struct Running {
    /// The way to its engine.
    pub handle: Handle,
    /// The address of its API, with the real port.
    pub url: String,
    /// The token of its API.
    pub token: Token,
    engine: JoinHandle<Result<(), StorageLost>>,
    tcp: JoinHandle<Result<(), io::Error>>,
    unix: JoinHandle<Result<(), io::Error>>,
    socket: PathBuf,
    queue: Queue,
    deliveries: Deliveries,
}

/// Starts the daemon: first the queue, then what an earlier run left unfinished, then the
/// devices, and the API last, when everything behind it is there.
///
/// # Errors
/// When any part cannot be started. Nothing was asked of any device then.
pub async fn start(config: Config, profiles: &Profiles) -> Result<Running, StartError> {
    let state_dir = &config.daemon.state_dir;
    private_dir(state_dir).map_err(|source| StartError::StateDir {
        path: state_dir.clone(),
        source,
    })?;
    let queue = Queue::open(&database_file(state_dir))?;
    let token = Token::read_or_create(&token_file(state_dir))?;
    let (tcp, unix) = listen(&config).await?;
    let url = tcp
        .local_addr()
        .map(|a| format!("http://{a}"))
        .unwrap_or_default();

    let (requests, received) = mpsc::channel(EVENTS);
    let (desk, desk_seen) = watch::channel(Arc::default());
    let readers = Arc::new(Readers::new(queue.clone()));
    let notices = broadcast::channel(NOTICES).0;
    let (paper, inboxes) = Printers::of(&config);
    let handle = Handle {
        requests,
        desk: desk_seen,
        notices,
        readers,
        worklists: Worklist::all(&config).into(),
        printers: paper,
        upstreams: Known::all(&config).into(),
        nightly: Nightly::open(state_dir),
        reconciling: Arc::default(),
    };

    let unfinished = handle.readers.lend(unfinished)?;
    let upstream_ids = config.upstreams.iter().map(|u| u.id.clone()).collect();
    let mut engine = Engine::new(setups(&config, &TimeZone::system()), upstream_ids);
    let effects = engine.start(handle.now(), unfinished);
    let interrupted = handle.readers.lend(Reader::jobs_under_way)?;
    printing::settle_interrupted(&queue, &handle, interrupted).await;

    let mut work_due = printers(&config, profiles, inboxes, &queue, &handle);
    let deliveries = upstreams::start(&config, handle.upstreams(), &queue, &mut work_due)?;
    let task = EngineTask {
        engine,
        queue: queue.clone(),
        handle: handle.clone(),
        requests: received,
        desk,
        terminals: terminals::start(&config, &handle),
        work_due,
        replies: HashMap::new(),
        next_reply: 0,
        stopping: None,
    };
    let (recovered, is_recovered) = oneshot::channel();
    let engine = tokio::spawn(task.run(effects, recovered));
    is_recovered.await.map_err(|_| StartError::Recovery)?;
    let served = Api::new(handle.clone());
    let tcp = tokio::spawn(api::serve_tcp(tcp, served.clone(), token.clone()));
    let unix = tokio::spawn(api::serve_unix(
        unix,
        served,
        SocketUsers::of_this_process(),
    ));
    if let Some(time) = config.daemon.reconcile_at {
        tokio::spawn(nightly::run(handle.clone(), time));
    }
    let socket = config.daemon.socket.clone();
    tracing::info!(%url, socket = %socket.display(), "ready");
    Ok(Running {
        handle,
        url,
        token,
        engine,
        tcp,
        unix,
        socket,
        queue,
        deliveries,
    })
}

/// Starts the receipt printers.
fn printers(
    config: &Config,
    profiles: &Profiles,
    mut inboxes: HashMap<PrinterId, Inbox>,
    queue: &Queue,
    handle: &Handle,
) -> Vec<WorkDue> {
    let fonts = printing::SystemFonts::default();
    let receipts = Arc::new(config.receipts.clone());
    let mut work_due = Vec::new();
    for printer in &config.printers {
        let Some(profile) = profiles.find(&printer.profile) else {
            // The configuration was checked against the same profiles.
            tracing::error!(printer = %printer.id, "no such profile");
            continue;
        };
        let Some(inbox) = inboxes.remove(&printer.id) else {
            continue;
        };
        let due = WorkDue::default();
        work_due.push(due.clone());
        printing::start(
            printer,
            (profile.clone(), fonts.clone()),
            &receipts,
            queue.clone(),
            handle.clone(),
            (due, inbox),
        );
    }
    work_due
}

impl Running {
    /// Runs until `stop` comes or a part fails. After a stop, what is on its way to an invoicing system
    /// is finished first, then the running payments; the desk is not away while a slow system answers.
    ///
    /// # Errors
    /// When a part fails: the service manager should start the daemon anew.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let result = tokio::select! {
            () = stop => {
                self.deliveries.end().await;
                self.handle.stop().await;
                Ok(())
            }
            why = self.queue.failed() => Err(StorageLost(WriteError::Fatal(why)).into()),
            ended = &mut self.engine => ended?.map_err(RunError::from),
            ended = &mut self.tcp => ended?.map_err(RunError::from),
            ended = &mut self.unix => ended?.map_err(RunError::from),
        };
        self.tcp.abort();
        self.unix.abort();
        if let Err(error) = fs::remove_file(&self.socket) {
            tracing::debug!(%error, "the socket is gone already");
        }
        self.queue.close();
        result
    }
}

/// What an earlier run left unfinished.
///
/// # Errors
/// When the queue cannot be read.
pub fn unfinished(reader: &Reader) -> Result<Unfinished, ReadError> {
    let payments = reader.unfinished()?.into_iter().map(|payment| {
        let original = payment.intent.purpose.of();
        let original = original.map(|id| reader.payment(id)).transpose()?.flatten();
        Ok((payment, original))
    });
    Ok(Unfinished {
        payments: payments.collect::<Result<_, ReadError>>()?,
        closings: reader.unfinished_closings()?,
    })
}

/// The devices of a configuration, with clocks in this time zone.
pub fn setups(config: &Config, zone: &TimeZone) -> Vec<Setup> {
    let has_drawer = |id: Option<&PrinterId>| {
        let mut all = config.printers.iter();
        id.is_some() && all.any(|p| Some(&p.id) == id && p.drawer.is_some())
    };
    let terminals = config.terminals.iter().map(|t| Setup {
        id: t.id.clone(),
        currency: t.currency,
        printer: t.printer.clone(),
        merchant_copy: config.receipts.merchant_copy,
        drawer: has_drawer(t.printer.as_ref()),
        terminal: Some(drivers::terminal::family(t).abilities),
        patience: t.protocol.patience(),
        zone: zone.clone(),
    });
    let tills = config.tills.iter().map(|t| Setup {
        id: t.id.clone(),
        currency: t.currency,
        printer: t.printer.clone(),
        merchant_copy: config.receipts.merchant_copy,
        drawer: has_drawer(t.printer.as_ref()),
        terminal: None,
        patience: Duration::ZERO,
        zone: zone.clone(),
    });
    terminals.chain(tills).collect()
}

fn private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

async fn listen(config: &Config) -> Result<(TcpListener, UnixListener), StartError> {
    let address = config.daemon.listen;
    let error = |at: String| move |source| StartError::Listen { at, source };
    let tcp = TcpListener::bind(address)
        .await
        .map_err(error(address.to_string()))?;
    let path = &config.daemon.socket;
    let at = path.display().to_string();
    if let Some(dir) = path.parent() {
        private_parent(dir).map_err(error(at.clone()))?;
    }
    remove_dead_socket(path).map_err(error(at.clone()))?;
    let unix = UnixListener::bind(path).map_err(error(at.clone()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(error(at))?;
    Ok((tcp, unix))
}

/// systemd makes `/run/tilld`; elsewhere the directory is made for the group to reach the socket.
fn private_parent(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(dir)
}

/// A daemon that was killed leaves its socket behind. The lock on the queue says that no other
/// daemon of this state directory lives; a socket that still answers belongs to somebody else.
fn remove_dead_socket(path: &Path) -> io::Result<()> {
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}
