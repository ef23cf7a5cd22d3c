//! Cleans a connection whose request was given up half-way. Takes it in any state; leaves it clean
//! or broken within a given time. Knows no pool.

use std::{io, time::Duration};

use tokio::time::timeout;

use crate::exec::pipeline::connection::{Connection, Status};

/// How long a request may take to end by itself before the server is asked to stop it. Most end
/// sooner, and to ask costs the server a process.
const PATIENCE: Duration = Duration::from_millis(20);

/// Brings a connection into a state in which it can be used for another transaction, or breaks it.
pub(super) async fn recover(connection: &mut Connection, limit: Duration) {
    let cleaned = timeout(limit, clean(connection)).await;
    if !matches!(cleaned, Ok(Ok(()))) || !connection.is_clean() {
        connection.give_up();
    }
}

async fn clean(connection: &mut Connection) -> io::Result<()> {
    if connection.has_unsent() {
        // The rest of a message can't be left out. The server undoes everything when it finds the
        // connection closed, and it finds it sooner if it is stopped.
        connection.give_up();
        return connection.cancel_key.cancel().await;
    }
    if connection.is_open() {
        connection.queue_sync();
    }
    if let Ok(drained) = timeout(PATIENCE, connection.drain()).await {
        drained?;
    } else {
        connection.cancel_key.clone().cancel().await?;
        connection.drain().await?;
        // If the request ended before the signal came, the signal hits this instead of the next.
        connection.queue_sync();
        connection.drain().await?;
    }
    if connection.status() != Status::Idle {
        connection.queue_command("ROLLBACK")?;
        connection.drain().await?;
    }
    Ok(())
}
