//! Passwords: verified and hashed off the threads that answer requests, a bounded number at a time.
//!
//! A password and a stored hash in, a verdict out. Knows no user and no database; the work itself
//! is in `work`.

mod work;

use std::{fmt, num::NonZero, sync::Arc, thread};

use tokio::{sync::Semaphore, task};

use crate::auth::password::work::Work;

/// The longest password, in bytes. A longer one is refused before anything is computed.
pub const LONGEST: usize = 1024;

/// What came of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Ok,
    /// The password is right, and should be stored anew with [`Hasher::hash`].
    OkNeedsRehash,
    /// The password is wrong, or there is no such user.
    Wrong,
}

/// Why a password was neither verified nor hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Too many others wait.
    #[error("too many passwords are being verified; try again later")]
    Busy,
    /// The password is longer than [`LONGEST`].
    #[error("the password is longer than {LONGEST} bytes")]
    TooLong,
    /// The stored hash is in a format that is not known, or asks for too much work. To the one who
    /// asks this has to look like a wrong password.
    #[error("the stored hash cannot be verified: {0}")]
    Unsupported(&'static str),
    /// The options of the hasher are not possible.
    #[error("argon2id takes at least 8 KiB of memory and 1 pass")]
    Options,
    /// The work failed: no memory, or no random numbers.
    #[error("the password could not be hashed")]
    Failed,
}

/// How much a hasher works, and how much of it at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HasherOptions {
    /// How many passwords are worked on at the same time. Default: one for each core. Each takes
    /// `memory`.
    pub workers: usize,
    /// How many more may wait. Default: 50 for each worker, which is one to two seconds of work.
    pub waiting: usize,
    /// The memory of argon2id, in KiB. Default: 19456, as OWASP advises for two passes.
    pub memory: u32,
    /// The passes of argon2id over its memory. Default: 2.
    pub passes: u32,
    /// The cost of the dearest bcrypt hash in the store, if there may be any. Hashers find it out
    /// for themselves, one login late. Default: none.
    pub bcrypt_cost: Option<u32>,
}

impl Default for HasherOptions {
    fn default() -> Self {
        let workers = thread::available_parallelism().map_or(1, NonZero::get);
        Self { workers, waiting: 50 * workers, memory: 19_456, passes: 2, bcrypt_cost: None }
    }
}

/// Verifies and hashes passwords.
///
/// New hashes are argon2id with one lane. Stored ones may also be bcrypt (`$2a$`, `$2b$`, `$2y$`),
/// which is said to need a rehash when it is right.
///
/// How long a verification takes tells neither whether there is such a user nor how the hash is
/// stored: each does the work of argon2id, and that of the dearest bcrypt hash that has been seen.
///
/// Cloning is cheap, and shares the bounds.
#[derive(Clone)]
pub struct Hasher {
    work: Arc<Work>,
    /// A place to wait, and then to work; without one the hasher is busy.
    places: Arc<Semaphore>,
    /// A turn to work.
    turns: Arc<Semaphore>,
}

impl Hasher {
    /// A hasher.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Options`] for less memory or fewer passes than argon2id takes.
    pub fn new(options: HasherOptions) -> Result<Self, PasswordError> {
        let workers = options.workers.clamp(1, Semaphore::MAX_PERMITS / 2);
        let waiting = options.waiting.min(Semaphore::MAX_PERMITS / 2);
        Ok(Self {
            work: Arc::new(Work::new(options.memory, options.passes, options.bcrypt_cost)?),
            places: Arc::new(Semaphore::new(workers + waiting)),
            turns: Arc::new(Semaphore::new(workers)),
        })
    }

    /// Whether a password is the one that was stored; nothing is stored for a user who is unknown.
    ///
    /// # Errors
    ///
    /// Too many wait; the password is too long; the stored hash cannot be verified.
    pub async fn verify(
        &self,
        password: &[u8],
        stored: Option<&str>,
    ) -> Result<Verdict, PasswordError> {
        let stored = stored.map(str::to_owned);
        self.run(password, move |work, password| work.verify(password, stored.as_deref())).await
    }

    /// A hash to store.
    ///
    /// # Errors
    ///
    /// Too many wait; the password is too long.
    pub async fn hash(&self, password: &[u8]) -> Result<String, PasswordError> {
        self.run(password, Work::hash).await
    }

    async fn run<T: Send + 'static>(
        &self,
        password: &[u8],
        job: impl FnOnce(&Work, &[u8]) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        if password.len() > LONGEST {
            return Err(PasswordError::TooLong);
        }
        let place =
            Arc::clone(&self.places).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let turn =
            Arc::clone(&self.turns).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let (work, password) = (Arc::clone(&self.work), password.to_vec());
        let done = task::spawn_blocking(move || {
            // Work goes on when nobody waits for it any more, so its place and turn are kept here.
            let (_place, _turn) = (place, turn);
            job(&work, &password)
        });
        done.await.unwrap_or(Err(PasswordError::Failed))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("free_places", &self.places.available_permits())
            .field("free_turns", &self.turns.available_permits())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn cheap(workers: usize, waiting: usize) -> Hasher {
        let options = HasherOptions { workers, waiting, memory: 64, passes: 1, bcrypt_cost: None };
        Hasher::new(options).unwrap()
    }

    #[tokio::test]
    async fn what_is_hashed_is_verified() {
        let hasher = cheap(1, 10);
        let stored = hasher.hash(b"secret").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        assert_ne!(hasher.hash(b"secret").await.unwrap(), stored);
        for (password, stored, expected) in [
            ("secret", Some(stored.as_str()), Verdict::Ok),
            ("Secret", Some(stored.as_str()), Verdict::Wrong),
            ("secret", None, Verdict::Wrong),
        ] {
            assert_eq!(hasher.verify(password.as_bytes(), stored).await, Ok(expected));
        }
    }

    #[tokio::test]
    async fn long_passwords_are_refused() {
        let hasher = cheap(1, 0);
        assert_eq!(hasher.verify(&[b'a'; LONGEST], None).await, Ok(Verdict::Wrong));
        assert_eq!(hasher.verify(&[b'a'; LONGEST + 1], None).await, Err(PasswordError::TooLong));
        assert_eq!(hasher.hash(&[b'a'; LONGEST + 1]).await, Err(PasswordError::TooLong));
    }

    #[test]
    fn impossible_options_are_refused() {
        for (memory, passes) in [(7, 1), (64, 0)] {
            let options = HasherOptions { memory, passes, ..HasherOptions::default() };
            assert_eq!(Hasher::new(options).err(), Some(PasswordError::Options));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn too_many_are_refused_and_the_others_are_served() {
        let hasher = cheap(1, 2);
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let blocker = {
            let hasher = hasher.clone();
            tokio::spawn(async move {
                hasher.run(b"", move |_, _| wait.recv().map_err(|_| PasswordError::Failed)).await
            })
        };
        while hasher.turns.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let waiting: Vec<_> = (0..2)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.verify(b"x", None).await })
            })
            .collect();
        while hasher.places.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(hasher.verify(b"x", None).await, Err(PasswordError::Busy));
        release.send(()).unwrap();
        assert_eq!(blocker.await.unwrap(), Ok(()));
        for task in waiting {
            assert_eq!(task.await.unwrap(), Ok(Verdict::Wrong));
        }
        assert_eq!(hasher.verify(b"x", None).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_caller_who_leaves_keeps_the_bound() {
        let hasher = cheap(1, 0);
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let job = hasher.run(b"", move |_, _| wait.recv().map_err(|_| PasswordError::Failed));
        assert!(tokio::time::timeout(Duration::from_millis(20), job).await.is_err());
        assert_eq!(hasher.verify(b"x", None).await, Err(PasswordError::Busy));
        release.send(()).unwrap();
        while hasher.places.available_permits() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(hasher.verify(b"x", None).await, Ok(Verdict::Wrong));
    }
}
