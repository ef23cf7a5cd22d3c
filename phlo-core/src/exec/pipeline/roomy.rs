//! Has a new session of the server keep the memory that it works with. Takes a connection that has
//! just logged in; knows no transaction.

use std::io;

use crate::exec::pipeline::connection::Connection;

/// Takes 4 MiB at once and gives them back.
///
/// A server on glibc starts by giving memory back to the system as soon as 128 KiB at the end of
/// its heap are free, and every statement that needs more pays for the same pages again: a third of
/// the server's time for an insert of 1,000 rows. glibc raises that bound to twice the size of the
/// largest block that was taken from the system and given back (mallopt(3), `M_MMAP_THRESHOLD`),
/// and 8 MiB for each connection is little. Other allocators lose nothing by it.
const TAKE_AND_GIVE_BACK: &str = "SELECT pg_catalog.length(pg_catalog.repeat('x', 4194304))";

/// Prepares a session for statements of some size. That the server may refuse is of no account.
pub(super) async fn make_roomy(connection: &mut Connection) -> io::Result<()> {
    connection.queue_command(TAKE_AND_GIVE_BACK)?;
    connection.drain().await
}
