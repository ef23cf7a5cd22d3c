//! Listens to the database for demands to reload.

use std::time::Duration;

use sqlx::postgres::PgListener;

use crate::state::State;

/// The longest pause between two attempts to listen.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

/// Listens on the channel of the configuration, connecting again whenever the connection is lost;
/// returns only where the configuration turns it off.
///
/// `NOTIFY pgrst, 'reload schema'` reads the schema again, `'reload config'` the configuration, and
/// an empty payload both. What was notified while nobody listened is made up for: after a lost
/// connection both are read again.
pub(crate) async fn listen(state: &State) {
    let mut pause = Duration::ZERO;
    let mut lost = false;
    loop {
        tokio::time::sleep(pause).await;
        let live = state.live();
        if !live.config.db_channel_enabled {
            return;
        }
        match subscribe(state, &live.config.db_channel).await {
            Ok(listener) => {
                if lost {
                    state.reload().config();
                    state.reload().schema();
                }
                tracing::info!(
                    "listening for database notifications on {:?}",
                    live.config.db_channel
                );
                pause = Duration::ZERO;
                let error = follow(state, listener).await;
                tracing::warn!(%error, "the listening connection was lost");
            }
            Err(error) => tracing::warn!(%error, "the database can't be listened to"),
        }
        lost = true;
        pause = (pause * 2).clamp(Duration::from_secs(1), LONGEST_PAUSE);
    }
}

async fn subscribe(state: &State, channel: &str) -> Result<PgListener, sqlx::Error> {
    let mut listener = state.listener().await?;
    listener.listen(channel).await?;
    Ok(listener)
}

async fn follow(state: &State, mut listener: PgListener) -> sqlx::Error {
    loop {
        match listener.try_recv().await {
            Ok(Some(notification)) => match notification.payload() {
                "reload schema" => state.reload().schema(),
                "reload config" => state.reload().config(),
                "" => {
                    state.reload().config();
                    state.reload().schema();
                }
                other => tracing::debug!("a notification says {other:?}, which means nothing"),
            },
            // The connection was lost and made again: something may have been missed.
            Ok(None) => {
                state.reload().config();
                state.reload().schema();
            }
            Err(error) => return error,
        }
    }
}
