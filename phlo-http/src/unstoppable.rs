//! Work that goes on when nobody waits for it any more. Knows nothing of what it is.

use std::{
    pin::Pin,
    task::{Context, Poll},
    thread,
};

use tokio::runtime::Handle;

/// A future that is finished by the runtime if it is dropped before its end.
///
/// As long as it is waited for it costs no more than the future itself: it is not a task of its own.
/// Dropped outside of a Tokio runtime, or by a panic, it ends there.
pub(crate) struct Unstoppable<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send + 'static> Unstoppable<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for Unstoppable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = &mut self.0 else {
            // Its output was given already.
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Unstoppable<F> {
    fn drop(&mut self) {
        if let Some(future) = self.0.take()
            && !thread::panicking()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, time::Duration};

    use tokio::{sync::oneshot, time::timeout};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn what_is_waited_for_gives_its_output() {
        assert_eq!(Unstoppable::new(async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn what_is_dropped_goes_on() {
        let (begin, begun) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let mut work = Box::pin(Unstoppable::new(async {
            begun.await.unwrap();
            end.send(7).unwrap();
        }));
        let first = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        assert_eq!(first, Poll::Pending);
        drop(work);
        begin.send(()).unwrap();
        assert_eq!(timeout(SOON, ended).await.unwrap().unwrap(), 7);
    }

    #[test]
    fn without_a_runtime_it_ends() {
        drop(Unstoppable::new(async { unreachable!("it is never polled") }));
    }

    #[tokio::test]
    async fn what_has_panicked_is_not_tried_again() {
        let (end, ended) = oneshot::channel::<()>();
        let work = tokio::spawn(Unstoppable::new(async move {
            let _held = end;
            panic!("on purpose");
        }));
        assert!(work.await.unwrap_err().is_panic());
        // Nobody has it any more.
        assert!(timeout(SOON, ended).await.unwrap().is_err());
    }
}
