//! What somebody asked for is done whole, whether or not they stay for the answer.
//!
//! The server drops a handler when its caller hangs up. One that had made a decision durable and not yet
//! told the delivery, or a copy and not yet told the printer, would leave that until something else
//! wakes them.

use std::panic::resume_unwind;

use axum::{extract::Request, middleware::Next, response::Response};
use futures_util::FutureExt as _;

/// Lets a request that may change something come to its end in a task of its own.
pub(super) async fn answer(request: Request, next: Next) -> Response {
    let safe = request.method().is_safe();
    let answer = next.run(request).boxed();
    if safe {
        answer.await
    } else {
        to_the_end(answer).await
    }
}

async fn to_the_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // Nobody cancels it; the runtime ends, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_was_begun_is_done_when_whoever_asked_is_gone() {
        let (go, wait) = oneshot::channel::<()>();
        let (tell, done) = oneshot::channel();
        let asked = to_the_end(async move {
            wait.await.unwrap();
            tell.send("done").unwrap();
        });
        // Asked for, and given up before it could be done.
        assert_eq!(asked.now_or_never(), None);
        go.send(()).unwrap();
        assert_eq!(done.await, Ok("done"));
    }

    #[tokio::test]
    #[should_panic = "in the work"]
    async fn a_panic_stays_one() {
        to_the_end(async { panic!("in the work") }).await;
    }
}
