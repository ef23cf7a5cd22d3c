//! Listens to the database for demands to reload.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::watch;

use crate::state::{LoadError, State};

/// The longest pause between two attempts to listen.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

/// Why listening ended.
enum Ended {
    /// The configuration wants another channel, or none.
    Unwanted,
    /// The connection was lost.
    Lost(String),
}

/// Listens on the channel of the configuration, whenever it wants one; connects again when the
/// connection is lost. Never returns.
///
/// `NOTIFY pgrst, 'reload config'` reads the configuration again; `'reload schema'` and an empty
/// payload the schema, and the settings of the database with it. What was notified while nobody
/// listened is made up for: after a lost connection the schema is read again.
pub(crate) async fn listen(state: &State) {
    let mut configurations = state.configurations();
    let mut pause = Duration::ZERO;
    let mut lost = false;
    loop {
        let live = state.live();
        let channel = &live.config.db_channel;
        if !live.config.db_channel_enabled {
            pause = Duration::ZERO;
            lost = false;
            if configurations.changed().await.is_err() {
                return;
            }
            continue;
        }
        if !pause.is_zero() {
            tracing::info!(
                "Retrying listening for database notifications in {} seconds...",
                pause.as_secs()
            );
            tokio::time::sleep(pause).await;
        }
        let ended = match state.listen(channel).await {
            Ok(listening) => {
                state.set_listening(true);
                if lost {
                    state.reload().schema();
                }
                tracing::info!(
                    "Listener connected to {} on {:?} and listening for database notifications on \
                     the {channel:?} channel",
                    listening.server,
                    listening.place,
                );
                pause = Duration::ZERO;
                let ended = follow(state, channel, listening.listener, &mut configurations).await;
                state.set_listening(false);
                ended
            }
            Err(error) => Ended::Lost(reason(&error)),
        };
        let Ended::Lost(reason) = ended else {
            lost = false;
            continue;
        };
        tracing::error!(
            "Failed listening for database notifications on the {channel:?} channel. {reason}"
        );
        if !live.config.db_pool_automatic_recovery {
            state.give_up("Automatic recovery disabled, exiting.");
        }
        lost = true;
        pause = (pause * 2).clamp(Duration::from_secs(1), LONGEST_PAUSE);
    }
}

/// The details of an error, which say more than its message.
fn reason(error: &LoadError) -> String {
    match error {
        LoadError::Database(error) => {
            let details = error.details().and_then(|details| details.as_str());
            details.unwrap_or(error.message()).to_owned()
        }
        LoadError::Config(error) => error.to_string(),
    }
}

/// Obeys notifications until the connection is lost, or another channel is wanted.
async fn follow(
    state: &State,
    channel: &str,
    mut listener: PgListener,
    configurations: &mut watch::Receiver<()>,
) -> Ended {
    loop {
        let received = tokio::select! {
            received = listener.try_recv() => received,
            _ = configurations.changed() => {
                let live = state.live();
                if live.config.db_channel_enabled && live.config.db_channel == channel {
                    continue;
                }
                return Ended::Unwanted;
            }
        };
        match received {
            Ok(Some(notification)) => match notification.payload() {
                "" | "reload schema" => {
                    tracing::info!(
                        "Received a schema cache reload message on the {channel:?} channel"
                    );
                    state.reload().schema();
                }
                "reload config" => {
                    tracing::info!("Received a config reload message on the {channel:?} channel");
                    state.reload().config();
                }
                other => tracing::debug!("a notification says {other:?}, which means nothing"),
            },
            Ok(None) => return Ended::Lost("The connection was lost.".to_owned()),
            Err(error) => return Ended::Lost(error.to_string()),
        }
    }
}
