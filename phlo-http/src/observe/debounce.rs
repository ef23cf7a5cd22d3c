//! Says something once where there is reason to say it many times. Knows nothing of what is said.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

/// How long after a call further calls are gathered.
const PAUSE: Duration = Duration::from_secs(5);

const QUIET: u8 = 0;
const CALLED: u8 = 1;
const CALLED_AGAIN: u8 = 2;

/// Makes one call of many: the first at once; all those of the next five seconds as one after them.
#[derive(Clone, Debug, Default)]
pub struct Debounce(Arc<AtomicU8>);

impl Debounce {
    /// Calls now, or once later, or not at all because that is about to happen.
    ///
    /// Outside a runtime every call is made.
    pub fn call(&self, action: impl Fn() + Send + 'static) {
        let first = self.0.compare_exchange(QUIET, CALLED, Ordering::AcqRel, Ordering::Acquire);
        if first.is_err() {
            self.0.store(CALLED_AGAIN, Ordering::Release);
            return;
        }
        action();
        let state = Arc::clone(&self.0);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(repeat(state, action))),
            Err(_) => self.0.store(QUIET, Ordering::Release),
        }
    }
}

async fn repeat(state: Arc<AtomicU8>, action: impl Fn()) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let over = state.compare_exchange(CALLED, QUIET, Ordering::AcqRel, Ordering::Acquire);
        if over.is_ok() {
            return;
        }
        state.store(CALLED, Ordering::Release);
        action();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_two_calls() {
        let calls = Arc::new(AtomicU32::new(0));
        let debounce = Debounce::default();
        let call = || {
            let calls = Arc::clone(&calls);
            debounce.call(move || {
                calls.fetch_add(1, Ordering::Relaxed);
            });
        };
        for _ in 0..10 {
            call();
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        tokio::time::sleep(PAUSE * 3).await;
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        call();
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        tokio::time::sleep(PAUSE * 3).await;
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}
