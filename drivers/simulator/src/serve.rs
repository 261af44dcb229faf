//! Joins a simulated device to a wire and the clock. The only asynchronous code here.

use std::{
    convert::Infallible,
    fs, io,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use drivers::{Input, Machine, Mono, Output};
use jiff::{Zoned, civil::DateTime};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use crate::pty::Pty;

/// A machine that needs nobody: it stores nothing, and is asked through its methods.
pub(crate) trait Device:
    Machine<Command = Infallible, Fact = Infallible, Event = Infallible> + Send + 'static
{
}

impl<M> Device for M where
    M: Machine<Command = Infallible, Fact = Infallible, Event = Infallible> + Send + 'static
{
}

/// A device that is being served. Clones see the same device; it goes away with the last of them.
pub struct Handle<D> {
    shared: Arc<Shared<D>>,
    task: Arc<Task>,
}

impl<D> Clone for Handle<D> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            task: Arc::clone(&self.task),
        }
    }
}

impl<D> Handle<D> {
    /// A device that this task serves.
    pub(crate) fn of(shared: Arc<Shared<D>>, task: JoinHandle<()>) -> Self {
        let task = Arc::new(Task(task));
        Self { shared, task }
    }

    /// Looks at the device or changes it; it reacts to what changed at once.
    pub fn with<R>(&self, act: impl FnOnce(&mut D) -> R) -> R {
        let result = self.shared.with(act);
        self.shared.wake.notify_one();
        result
    }
}

/// A device between its server and whoever looks at it.
pub(crate) struct Shared<D> {
    device: Mutex<D>,
    /// Somebody changed it.
    pub(crate) wake: Notify,
    origin: Instant,
}

impl<D> Shared<D> {
    pub(crate) fn new(device: D) -> Arc<Self> {
        Arc::new(Self {
            device: Mutex::new(device),
            wake: Notify::new(),
            origin: Instant::now(),
        })
    }

    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut D) -> R) -> R {
        act(&mut self.device.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The moment `at` on the server's clock.
    pub(crate) fn moment(&self, at: Mono) -> Instant {
        self.origin + at.elapsed()
    }

    pub(crate) fn now(&self) -> Mono {
        Mono::new(self.origin.elapsed())
    }
}

/// Ends its task when dropped.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves a device on a pseudo-terminal and gives the path to open.
///
/// With `link`, the path is a symbolic link made there. Then a device that hangs up really
/// leaves: its line dies, and the link leads to a new one. Without, hanging up is mere silence.
pub(crate) fn on_pty<D: Device>(
    device: D,
    link: Option<&Path>,
) -> io::Result<(PathBuf, Handle<D>)> {
    let shared = Shared::new(device);
    let mut pty = Pty::open()?;
    let link = link.map(|link| Link(link.to_owned()));
    if let Some(link) = &link {
        link.point_to(pty.path())?;
    }
    let path = link
        .as_ref()
        .map_or_else(|| pty.path().to_owned(), |link| link.0.clone());
    let served = Arc::clone(&shared);
    let task = tokio::spawn(async move {
        loop {
            let ended = converse(&served, &mut pty, Pty::forget_dead_clients).await;
            let Some(link) = &link else {
                if ended.is_err() {
                    return;
                }
                continue;
            };
            let Ok(next) = Pty::open() else { return };
            if link.point_to(next.path()).is_err() {
                return;
            }
            pty = next;
        }
    });
    Ok((path, Handle::of(shared, task)))
}

/// Serves a device on a TCP port, one connection after the other as real devices do, and gives
/// the address that was taken.
pub(crate) async fn on_tcp<D: Device>(
    device: D,
    address: SocketAddr,
) -> io::Result<(SocketAddr, Handle<D>)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let shared = Shared::new(device);
    let served = Arc::clone(&shared);
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // Segments leave as the device made them: some faults are about segments.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            if let Err(error) = converse(&served, &mut stream, |_| ()).await {
                tracing::debug!(kind = ?error.kind(), "a client's connection broke");
            }
        }
    });
    Ok((address, Handle::of(shared, task)))
}

/// The time of day for a device that shows one.
#[expect(
    clippy::disallowed_methods,
    reason = "serving is the shell: the devices get the time from here"
)]
pub(crate) fn local_time() -> DateTime {
    Zoned::now().datetime()
}

/// A symbolic link that leaves with its owner.
struct Link(PathBuf);

impl Link {
    fn point_to(&self, path: &Path) -> io::Result<()> {
        let mut draft = self.0.clone().into_os_string();
        draft.push(".new");
        let draft = PathBuf::from(draft);
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => symlink(path, &draft)?,
        }
        fs::rename(&draft, &self.0)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "the link to a pseudo-terminal stays behind");
        }
    }
}

/// How often a pseudo-terminal looks after its line.
const UPKEEP: Duration = Duration::from_secs(1);
/// A client that takes nothing for so long has left its line full; what is sent to it is lost.
const FULL_LINE: Duration = Duration::from_secs(2);

/// Serves one connection until either side ends it.
async fn converse<D: Device, S: AsyncRead + AsyncWrite + Unpin>(
    shared: &Shared<D>,
    stream: &mut S,
    upkeep: impl Fn(&S),
) -> io::Result<()> {
    shared.with(|device| device.handle(shared.now(), Input::LinkUp));
    let ended = exchange(shared, stream, upkeep).await;
    shared.with(|device| {
        device.handle(shared.now(), Input::LinkDown);
        while !matches!(device.poll(), Output::Wait(_)) {}
    });
    ended
}

async fn exchange<D: Device, S: AsyncRead + AsyncWrite + Unpin>(
    shared: &Shared<D>,
    stream: &mut S,
    upkeep: impl Fn(&S),
) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let deadline = loop {
            match shared.with(Machine::poll) {
                Output::Send(bytes) => {
                    if let Ok(sent) = timeout(FULL_LINE, stream.write_all(&bytes)).await {
                        sent?;
                    }
                }
                // A device waits to be called.
                Output::Open => {}
                Output::Close => return Ok(()),
                Output::Wait(deadline) => break deadline,
            }
        };
        let upkeep_at = Instant::now() + UPKEEP;
        let wake_at = deadline.map_or(upkeep_at, |at| shared.origin + at.elapsed());
        tokio::select! {
            read = stream.read(&mut buffer) => {
                let bytes = buffer.get(..read?).unwrap_or_default();
                if bytes.is_empty() {
                    return Ok(());
                }
                shared.with(|device| device.handle(shared.now(), Input::Bytes(bytes)));
            }
            () = sleep_until(wake_at.min(upkeep_at)) => {
                upkeep(stream);
                shared.with(|device| device.handle(shared.now(), Input::Timeout));
            }
            () = shared.wake.notified() => {
                shared.with(|device| device.handle(shared.now(), Input::Timeout));
            }
        }
    }
}
