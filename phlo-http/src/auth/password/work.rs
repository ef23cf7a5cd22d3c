//! The work of verifying and hashing one password.
//!
//! Blocks its thread for as long as it takes. Sees to it that the time tells nothing: whatever is
//! stored, the same work is done.

use std::{
    hint::black_box,
    ops::Range,
    str::FromStr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, PasswordHasher, Version,
    password_hash::phc::Output,
};
use bcrypt::HashParts;

use crate::auth::password::{PasswordError, Verdict};

/// The dearest bcrypt hash that is verified: some seconds of work.
const DEAREST_BCRYPT: u32 = 16;

/// The most memory of a stored argon2id hash, in KiB, and the most passes and lanes.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// Salt for work whose result is thrown away.
const DECOY_SALT: [u8; 16] = *b"nothing to hide.";

/// How passwords are hashed, and what is known of those that are stored.
pub(super) struct Work {
    argon2: Argon2<'static>,
    /// Memory for argon2id that is not in use. It is kept, since to fetch it from the system takes
    /// a time of its own, and another one each time.
    memory: Mutex<Vec<Vec<Block>>>,
    /// The cost of the dearest bcrypt hash that has been seen; 0 for none.
    bcrypt_cost: AtomicU32,
}

/// A stored hash of argon2id.
struct Argon2Hash {
    version: Version,
    params: Params,
    salt: Vec<u8>,
    output: Output,
}

/// A stored hash, taken apart.
enum Stored<'a> {
    Argon2(Argon2Hash),
    Bcrypt(&'a str, u32),
    Nothing,
    Unsupported(&'static str),
}

impl Work {
    pub(super) fn new(
        memory: u32,
        passes: u32,
        bcrypt_cost: Option<u32>,
    ) -> Result<Self, PasswordError> {
        let params = Params::new(memory, passes, 1, None).map_err(|_| PasswordError::Options)?;
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            memory: Mutex::default(),
            bcrypt_cost: AtomicU32::new(
                bcrypt_cost.map_or(0, |cost| cost.clamp(4, DEAREST_BCRYPT)),
            ),
        })
    }

    pub(super) fn hash(&self, password: &[u8]) -> Result<String, PasswordError> {
        let hash = self.argon2.hash_password(password).map_err(|_| PasswordError::Failed)?;
        Ok(hash.to_string())
    }

    pub(super) fn verify(
        &self,
        password: &[u8],
        stored: Option<&str>,
    ) -> Result<Verdict, PasswordError> {
        match stored.map_or(Stored::Nothing, take_apart) {
            Stored::Argon2(hash) => {
                self.decoy_bcrypt(None, password);
                let argon2 = Argon2::new(Algorithm::Argon2id, hash.version, hash.params.clone());
                let mut output = vec![0; hash.output.len()];
                self.argon2_into(&argon2, password, &hash.salt, &mut output)?;
                // The comparison takes the same time wherever the difference is.
                let right = Output::new(&output).is_ok_and(|output| output == hash.output);
                Ok(match right {
                    true if self.is_current(&hash) => Verdict::Ok,
                    true => Verdict::OkNeedsRehash,
                    false => Verdict::Wrong,
                })
            }
            Stored::Bcrypt(hash, cost) => {
                self.bcrypt_cost.fetch_max(cost, Ordering::Relaxed);
                self.decoy_argon2(password);
                self.decoy_bcrypt(Some(cost), password);
                let right = bcrypt::verify(password, hash).map_err(|_| PasswordError::Failed)?;
                // To bcrypt a password ends at its first NUL and repeats, so that `a` and `a`, NUL,
                // `a` have one hash.
                let right = right && !password.contains(&0);
                Ok(if right { Verdict::OkNeedsRehash } else { Verdict::Wrong })
            }
            Stored::Nothing => {
                self.decoy_argon2(password);
                self.decoy_bcrypt(None, password);
                Ok(Verdict::Wrong)
            }
            Stored::Unsupported(what) => {
                self.decoy_argon2(password);
                self.decoy_bcrypt(None, password);
                Err(PasswordError::Unsupported(what))
            }
        }
    }

    fn is_current(&self, hash: &Argon2Hash) -> bool {
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        hash.version == Version::V0x13 && costs(&hash.params) == costs(self.argon2.params())
    }

    fn argon2_into(
        &self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), PasswordError> {
        let lock = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = lock().pop().unwrap_or_default();
        let blocks = argon2.params().block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        let done =
            argon2.hash_password_into_with_memory(password, salt, output, memory.as_mut_slice());
        memory.truncate(self.argon2.params().block_count());
        memory.shrink_to_fit();
        lock().push(memory);
        done.map_err(|_| PasswordError::Failed)
    }

    fn decoy_argon2(&self, password: &[u8]) {
        let mut output = [0; 32];
        // OK because nothing that could fail here depends on the password.
        let _ = self.argon2_into(&self.argon2, password, &DECOY_SALT, &mut output);
        black_box(output);
    }

    /// Does what work is left up to the dearest hash, when that of one cost is done.
    fn decoy_bcrypt(&self, done: Option<u32>, password: &[u8]) {
        for cost in costs_left(done, self.bcrypt_cost.load(Ordering::Relaxed)) {
            // OK because nothing that could fail here depends on the password.
            let _ = black_box(bcrypt::hash_with_salt(password, cost, DECOY_SALT));
        }
    }
}

/// The costs of the bcrypt hashes that make up the work of the dearest one; 0 is no work.
///
/// Each step of the cost doubles the work: what is left after a hash of cost 10 up to one of cost 12
/// is one of cost 10 and one of cost 11.
fn costs_left(done: Option<u32>, dearest: u32) -> Range<u32> {
    match done {
        Some(done) => done..dearest.max(done),
        None if dearest == 0 => 0..0,
        None => dearest..dearest + 1,
    }
}

fn take_apart(stored: &str) -> Stored<'_> {
    if stored.starts_with("$argon2id$") {
        return match argon2_hash(stored) {
            Some(hash)
                if hash.params.m_cost() <= MOST_MEMORY
                    && hash.params.t_cost() <= MOST_PASSES
                    && hash.params.p_cost() <= MOST_LANES =>
            {
                Stored::Argon2(hash)
            }
            Some(_) => Stored::Unsupported("it asks for too much work"),
            None => Stored::Unsupported("it is no argon2id hash"),
        };
    }
    if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| stored.starts_with(prefix)) {
        return match HashParts::from_str(stored).map(|parts| parts.get_cost()) {
            Ok(cost @ 4..=DEAREST_BCRYPT) => Stored::Bcrypt(stored, cost),
            Ok(_) => Stored::Unsupported("its bcrypt cost is not between 4 and 16"),
            Err(_) => Stored::Unsupported("it is no bcrypt hash"),
        };
    }
    Stored::Unsupported("its format is neither argon2id nor bcrypt")
}

fn argon2_hash(stored: &str) -> Option<Argon2Hash> {
    let hash = PasswordHash::new(stored).ok()?;
    let params = Params::try_from(&hash).ok()?;
    // A hash that says no version is of the one before versions were written.
    let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
    let salt = hash.salt?.as_ref().to_vec();
    Some(Argon2Hash { version, params, salt, output: hash.hash? })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn work() -> Work {
        Work::new(64, 1, None).unwrap()
    }

    #[test]
    fn hashes_of_other_implementations_are_verified() {
        let mut long = vec![0xaa; 72];
        long.extend(b"chars after 72 are ignored as usual");
        for (password, stored) in [
            // From the tests of the reference implementation of Argon2.
            (
                b"password".as_slice(),
                "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHG\
                 i/4",
            ),
            // From the tests of crypt_blowfish, which pgcrypto is made from.
            (b"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            (b"", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
            (&long, "$2y$05$/OK.fbVrR/bpIqNJ5ianF.swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6"),
        ] {
            let found = work().verify(password, Some(stored));
            assert_eq!(found, Ok(Verdict::OkNeedsRehash), "{stored}");
            assert_eq!(work().verify(b"other", Some(stored)), Ok(Verdict::Wrong), "{stored}");
        }
    }

    fn with_version(hash: &str, version: &str) -> String {
        hash.replacen("$2b$", version, 1)
    }

    #[test]
    fn bcrypt_hashes_of_each_version_are_verified() {
        let hash = bcrypt::hash("secret", 4).unwrap();
        for version in ["$2a$", "$2b$", "$2y$"] {
            let stored = with_version(&hash, version);
            assert_eq!(work().verify(b"secret", Some(&stored)), Ok(Verdict::OkNeedsRehash));
            assert_eq!(work().verify(b"Secret", Some(&stored)), Ok(Verdict::Wrong));
        }
    }

    #[test]
    fn bcrypt_ends_at_72_bytes() {
        let long = [b'a'; 100];
        let stored = bcrypt::hash(long, 4).unwrap();
        let mut other_end = long;
        other_end[99] = b'b';
        let mut other = long;
        other[71] = b'b';
        assert_eq!(work().verify(&long, Some(&stored)), Ok(Verdict::OkNeedsRehash));
        assert_eq!(work().verify(&long[..72], Some(&stored)), Ok(Verdict::OkNeedsRehash));
        assert_eq!(work().verify(&other_end, Some(&stored)), Ok(Verdict::OkNeedsRehash));
        assert_eq!(work().verify(&other, Some(&stored)), Ok(Verdict::Wrong));
        assert_eq!(work().verify(&long[..71], Some(&stored)), Ok(Verdict::Wrong));
    }

    #[test]
    fn a_nul_is_never_right_with_bcrypt() {
        let stored = bcrypt::hash("a", 4).unwrap();
        for password in [&b"a\0a"[..], b"a\0", b"a\0b", b"\0"] {
            assert_eq!(work().verify(password, Some(&stored)), Ok(Verdict::Wrong));
        }
        let stored = work().hash(b"a\0b").unwrap();
        assert_eq!(work().verify(b"a\0b", Some(&stored)), Ok(Verdict::Ok));
        assert_eq!(work().verify(b"a\0c", Some(&stored)), Ok(Verdict::Wrong));
        assert_eq!(work().verify(b"a", Some(&stored)), Ok(Verdict::Wrong));
    }

    #[test]
    fn argon2id_of_other_parameters_needs_a_rehash() {
        for (memory, passes) in [(128, 1), (64, 2)] {
            let stored = Work::new(memory, passes, None).unwrap().hash(b"secret").unwrap();
            assert_eq!(work().verify(b"secret", Some(&stored)), Ok(Verdict::OkNeedsRehash));
            assert_eq!(work().verify(b"Secret", Some(&stored)), Ok(Verdict::Wrong));
        }
    }

    #[test]
    fn hashes_that_cannot_be_verified_are_told_apart() {
        let dear = bcrypt::hash("", 4).unwrap().replacen("$04$", "$17$", 1);
        for (stored, what) in [
            ("", "its format is neither argon2id nor bcrypt"),
            ("secret", "its format is neither argon2id nor bcrypt"),
            ("$1$salt$hash", "its format is neither argon2id nor bcrypt"),
            ("$argon2id$", "it is no argon2id hash"),
            (
                "$argon2id$v=19$m=4,t=1,p=1$c29tZXNhbHRz$AAAAAAAAAAAAAAAAAAAAAA",
                "it is no argon2id hash",
            ),
            (
                "$argon2id$v=19$m=4000000,t=1,p=1$c29tZXNhbHRz$AAAAAAAAAAAAAAAAAAAAAA",
                "it asks for too much work",
            ),
            ("$2b$é", "it is no bcrypt hash"),
            (&dear, "its bcrypt cost is not between 4 and 16"),
        ] {
            let found = work().verify(b"secret", Some(stored));
            assert_eq!(found, Err(PasswordError::Unsupported(what)), "{stored}");
        }
    }

    #[test]
    fn the_work_of_bcrypt_adds_up_to_that_of_the_dearest_hash() {
        let left = |done, dearest| costs_left(done, dearest).map(|cost| 1_u32 << cost).sum::<u32>();
        for dearest in 4..=DEAREST_BCRYPT {
            assert_eq!(left(None, dearest), 1 << dearest);
            for done in 4..=dearest {
                assert_eq!(left(Some(done), dearest) + (1 << done), 1 << dearest);
            }
        }
        assert_eq!(left(None, 0), 0);
        assert_eq!(left(Some(5), 4), 0);
    }

    /// The least of some times on the clock, interleaved so that what disturbs one disturbs all.
    fn least_times<const N: usize>(work: &Work, stored: [Option<&str>; N]) -> [Duration; N] {
        let mut least = [Duration::MAX; N];
        for _ in 0..9 {
            for (stored, least) in stored.iter().zip(&mut least) {
                let start = Instant::now();
                assert_eq!(work.verify(b"wrong", *stored), Ok(Verdict::Wrong));
                *least = (*least).min(start.elapsed());
            }
        }
        least
    }

    #[test]
    fn the_time_does_not_tell_what_is_stored() {
        // A decoy that is left out shows as a factor of ten or more, where three are allowed.
        let is_near = |one: Duration, other: Duration| one < other * 3 && other < one * 3;
        let work = Work::new(4096, 2, None).unwrap();
        let argon2 = work.hash(b"secret").unwrap();
        let [unknown, known] = least_times(&work, [None, Some(&argon2)]);
        assert!(is_near(unknown, known), "{unknown:?} {known:?}");

        let work = Work::new(64, 1, None).unwrap();
        let argon2 = work.hash(b"secret").unwrap();
        let bcrypt = |cost| bcrypt::hash("secret", cost).unwrap();
        let (cheap, dear) = (bcrypt(4), bcrypt(8));
        let [before] = least_times(&work, [Some(&argon2)]);
        let times = least_times(&work, [Some(&dear), Some(&cheap), Some(&argon2), None]);
        assert!(times[0] > before * 10, "the test sees no work: {times:?} {before:?}");
        assert!(times.iter().all(|time| is_near(*time, times[0])), "{times:?}");
    }

    #[test]
    fn a_known_cost_needs_no_learning() {
        let work = Work::new(64, 1, Some(6)).unwrap();
        assert_eq!(work.bcrypt_cost.load(Ordering::Relaxed), 6);
    }
}
