//! The handle to the writer's thread.

use std::{
    fmt,
    future::Future,
    path::{Path, PathBuf},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, JoinHandle, Thread},
};

use tokio::sync::{oneshot, watch};

use super::{
    OpenError, Reader, Urgency, Write, WriteError, Written,
    ballast::Ballast,
    store::Store,
    writer::{Message, Request, Writer},
};

/// Writes that may wait for the writer's thread; one commit takes them all.
const INBOX: usize = 1024;

/// The queue. Clones are cheap and write through the same thread.
///
/// When the last one is dropped, what was submitted is still written; [`Queue::close`] waits for it.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

struct Inner {
    path: PathBuf,
    inbox: SyncSender<Message>,
    failed: watch::Receiver<Option<String>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Queue {
    /// Opens the queue, or creates it, readable for its owner only, in a directory that exists.
    ///
    /// # Errors
    /// When another daemon has it open, it is of a newer version, or the files cannot be opened.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let store = Store::open(path)?;
        let (inbox, receiver) = sync_channel(INBOX);
        let (failing, failed) = watch::channel(None);
        let writer = Writer {
            store,
            ballast: Ballast::take(path),
            inbox: receiver,
            failed: failing,
        };
        let thread = thread::Builder::new()
            .name("queue".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| OpenError::File {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            inbox,
            failed,
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Hands a write over. It goes on whether or not the answer is awaited; writes are carried out
    /// in the order in which they were submitted.
    ///
    /// Returns at once, unless a thousand writes wait already: then as soon as there is room, which
    /// is after one sync.
    pub fn submit(&self, write: Write, urgency: Urgency) -> Pending {
        let (answer, waiting) = oneshot::channel();
        let request = Box::new(Request {
            write,
            urgency,
            answer,
        });
        // When the thread has ended, the answer's sender is dropped with the request, and
        // `Pending` finds out by that.
        drop(self.0.inbox.send(Message::Write(request)));
        Pending {
            waiting,
            failed: self.0.failed.clone(),
        }
    }

    /// Why the queue has stopped, if it has: the daemon must then end, and be started again.
    pub fn failure(&self) -> Option<String> {
        self.0.failed.borrow().clone()
    }

    /// Waits until the queue has stopped, and says why. Waits for ever while all is well.
    pub async fn failed(&self) -> String {
        let mut failed = self.0.failed.clone();
        let why = failed
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|why| why.clone());
        match why {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    /// Where the database lies.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// A connection of its own that only reads.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn reader(&self) -> Result<Reader, OpenError> {
        Reader::open(&self.0.path)
    }

    /// Writes what was submitted, ends the thread and gives the file free. Whoever submits through
    /// another clone afterwards hears [`WriteError::Closed`].
    pub fn close(self) {
        drop(self.0.inbox.send(Message::Close));
        let thread = self
            .0
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the queue's thread has panicked");
        }
    }

    /// Tells the writer's thread something that only tests tell it.
    #[cfg(test)]
    pub(super) fn tell(&self, message: Message) {
        self.0.inbox.send(message).unwrap();
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue").field(&self.0.path).finish()
    }
}

/// The outcome of a write, once it is durable. Dropping it does not take the write back.
#[must_use = "a write may fail; await it, wait for it, or drop it on purpose"]
#[derive(Debug)]
pub struct Pending {
    waiting: oneshot::Receiver<Result<Written, WriteError>>,
    failed: watch::Receiver<Option<String>>,
}

impl Pending {
    /// Blocks this thread until the write is durable. For use outside of asynchronous code.
    ///
    /// # Errors
    /// When it was not written.
    pub fn wait(self) -> Result<Written, WriteError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        // Without a task to yield to, tokio's budget would put the wake-up off for ever.
        let mut pending = pin!(tokio::task::unconstrained(self));
        loop {
            if let Poll::Ready(outcome) = pending.as_mut().poll(&mut context) {
                return outcome;
            }
            thread::park();
        }
    }
}

impl Future for Pending {
    type Output = Result<Written, WriteError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.waiting).poll(context);
        answer.map(|answer| {
            answer.unwrap_or_else(|_| {
                Err(self
                    .failed
                    .borrow()
                    .clone()
                    .map_or(WriteError::Closed, WriteError::Fatal))
            })
        })
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
