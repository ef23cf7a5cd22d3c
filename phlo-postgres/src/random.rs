//! Unguessable text for names and passwords, from the system's own source.

use std::{fs::File, io::Read};

use crate::error::{Error, Result};

/// Hexadecimal digits, two for each of `N` random bytes.
pub(crate) fn hex<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(Error::io("could not read /dev/urandom"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_never_the_same() {
        let (one, other) = (hex::<12>().unwrap(), hex::<12>().unwrap());
        assert_eq!(one.len(), 24);
        assert_ne!(one, other);
    }
}
