//! The one way to the node: everything that happens in the world is put in here.
//!
//! Sockets, disk threads and timers post [`Input`]s; the [driver](crate::driver) takes all that
//! has gathered since its last round at once. So the busier the member, the larger the groups
//! that share one pass through raft and one fsync.
//!
//! ```text
//!   gRPC call ──┐
//!   peers ──────┤  post   ┌─────────┐  take all   ┌────────┐
//!   disk ───────┼───────► │ mailbox │ ──────────► │ driver │ ── Node::step_all
//!   timer ──────┘         └─────────┘             └────────┘
//! ```

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glasshouse_core::{CallId, Input, StreamId, api};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::metrics::Figures;

/// A client's answer.
pub type Answer = Result<api::Response, api::Error>;

/// What comes on a stream of watches: responses, and at most one error, which ends it.
pub type WatchItem = Result<api::WatchResponse, api::Error>;

/// One thing for the node.
#[derive(Debug)]
pub enum Letter {
    /// Something that happened.
    Input(Input),
    /// A client's call.
    Call {
        /// Its name.
        call: CallId,
        /// Who asks.
        caller: api::Caller,
        /// What is asked.
        request: api::Request,
        /// Where the answer goes.
        answer: oneshot::Sender<Answer>,
    },
    /// A client opens a stream of watches.
    OpenWatch {
        /// Its name.
        stream: StreamId,
        /// It ends when there is no leader.
        requires_leader: bool,
        /// Who opens it.
        caller: api::Caller,
        /// Where its responses go. The node's credit bounds how many wait there.
        responses: mpsc::UnboundedSender<WatchItem>,
    },
    /// Somebody wants numbers for a page of metrics.
    Measure {
        /// Where they go.
        figures: oneshot::Sender<Figures>,
    },
}

/// Letters that wait for the driver.
#[derive(Debug, Default)]
pub struct Mailbox {
    letters: Mutex<Letters>,
    arrived: Notify,
    last_call: AtomicU64,
    last_stream: AtomicU64,
}

#[derive(Debug, Default)]
struct Letters {
    waiting: Vec<Letter>,
    /// The driver has ended; nothing is taken any more.
    closed: bool,
}

impl Mailbox {
    /// Puts one input in. Ignored when the driver has ended.
    pub fn post(&self, input: Input) {
        self.put(Letter::Input(input));
    }

    /// Asks the node, and waits for its answer. Dropping the future cancels the call.
    ///
    /// # Errors
    /// The node's answer, or `etcdserver: server stopped` when there is no node any more.
    pub async fn call(self: &Arc<Self>, caller: api::Caller, request: api::Request) -> Answer {
        let call = CallId(self.last_call.fetch_add(1, Ordering::Relaxed) + 1);
        let (sender, receiver) = oneshot::channel();
        self.put(Letter::Call { call, caller, request, answer: sender });
        let mut open = OpenCall { mailbox: self, call, answered: false };
        let answer = receiver.await;
        open.answered = true;
        answer.unwrap_or(Err(api::Error::STOPPED))
    }

    /// Opens a stream of watches. Whoever takes its responses posts [`Input::WatchTaken`], and
    /// [`Input::WatchClosed`] at the end. The responses end when there is no node any more.
    pub fn open_watch(
        &self,
        requires_leader: bool,
        caller: api::Caller,
    ) -> (StreamId, mpsc::UnboundedReceiver<WatchItem>) {
        let stream = StreamId(self.last_stream.fetch_add(1, Ordering::Relaxed) + 1);
        let (sender, receiver) = mpsc::unbounded_channel();
        self.put(Letter::OpenWatch { stream, requires_leader, caller, responses: sender });
        (stream, receiver)
    }

    /// The node's numbers for a page of metrics; `None` when there is no node any more.
    pub async fn measure(&self) -> Option<Figures> {
        let (figures, receiver) = oneshot::channel();
        self.put(Letter::Measure { figures });
        receiver.await.ok()
    }

    /// Waits until there is a letter.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Moves all letters behind those in `into`.
    pub fn take_all(&self, into: &mut Vec<Letter>) {
        into.append(&mut self.lock().waiting);
    }

    /// Refuses letters from here on; calls that wait are answered by the drop of their senders.
    pub fn close(&self) {
        let mut letters = self.lock();
        letters.closed = true;
        letters.waiting.clear();
    }

    fn put(&self, letter: Letter) {
        let mut letters = self.lock();
        if letters.closed {
            return;
        }
        let first = letters.waiting.is_empty();
        letters.waiting.push(letter);
        drop(letters);
        if first {
            self.arrived.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the node when the caller went away before the answer.
struct OpenCall<'a> {
    mailbox: &'a Mailbox,
    call: CallId,
    answered: bool,
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.mailbox.post(Input::Cancel { call: self.call });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(future)
    }

    fn taken(mailbox: &Mailbox) -> Vec<Letter> {
        let mut letters = Vec::new();
        mailbox.take_all(&mut letters);
        letters
    }

    #[test]
    fn a_call_is_answered() {
        let mailbox = Arc::new(Mailbox::default());
        let caller = mailbox.clone();
        run(async move {
            let call = tokio::spawn(async move {
                let request = api::StatusRequest::default().into();
                caller.call(api::Caller::default(), request).await
            });
            mailbox.arrived().await;
            let Some(Letter::Call { answer, .. }) = taken(&mailbox).pop() else {
                panic!("no call")
            };
            answer.send(Err(api::Error::NO_LEADER)).unwrap();
            assert_eq!(call.await.unwrap(), Err(api::Error::NO_LEADER));
            assert!(taken(&mailbox).is_empty(), "an answered call is not cancelled");
        });
    }

    #[test]
    fn a_caller_that_goes_away_cancels() {
        let mailbox = Arc::new(Mailbox::default());
        run(async {
            let call = mailbox.call(api::Caller::default(), api::StatusRequest::default().into());
            let given_up = tokio::time::timeout(std::time::Duration::from_millis(1), call).await;
            assert!(given_up.is_err());
        });
        let letters = taken(&mailbox);
        let [Letter::Call { call, .. }, Letter::Input(Input::Cancel { call: cancelled })] =
            &letters[..]
        else {
            panic!("{letters:?}")
        };
        assert_eq!(call, cancelled);
    }

    #[test]
    fn after_the_end_calls_get_etcds_answer() {
        let mailbox = Arc::new(Mailbox::default());
        mailbox.close();
        let answer =
            run(mailbox.call(api::Caller::default(), api::StatusRequest::default().into()));
        assert_eq!(answer, Err(api::Error::STOPPED));
        mailbox.post(Input::Tick);
        assert!(taken(&mailbox).is_empty());
    }
}
