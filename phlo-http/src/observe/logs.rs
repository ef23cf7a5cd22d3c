//! Where the process writes events: requests to standard output, everything else to standard
//! error. Asks for level and format at each event, since a reload may change them.

use std::io::{self, IsTerminal, Write};

use tracing::{
    Event, Level, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

use crate::{
    config::{LogFormat, LogLevel},
    observe::{ACCESS, clock, event::Fields, lines},
};

/// Writes the events of the process from now on. To be called once, by a process that has no
/// logging of its own.
///
/// `settings` is asked at each event. phlo's own events are written at every level, those for
/// debugging at `debug` alone; which requests are worth one is decided before. What other crates
/// say is written if it is as grave as the level.
pub fn start(settings: impl Fn() -> (LogLevel, LogFormat) + Send + Sync + 'static) {
    let logs = Logs { settings, is_terminal: io::stderr().is_terminal() };
    // Where another subscriber was first, that one writes.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(logs)).ok();
}

struct Logs<F> {
    settings: F,
    is_terminal: bool,
}

/// Whether an event comes from phlo.
fn is_own(target: &str) -> bool {
    target.starts_with("phlo")
}

impl<S, F> Layer<S> for Logs<F>
where
    S: Subscriber,
    F: Fn() -> (LogLevel, LogFormat) + Send + Sync + 'static,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let lowest = if is_own(metadata.target()) { Level::DEBUG } else { Level::INFO };
        match *metadata.level() {
            level if level > lowest => Interest::never(),
            level if is_own(metadata.target()) && level <= Level::INFO => Interest::always(),
            _ => Interest::sometimes(),
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let own = is_own(metadata.target());
        let needed = match *metadata.level() {
            Level::TRACE => return false,
            Level::DEBUG if own => LogLevel::Debug,
            Level::DEBUG => return false,
            _ if own => return true,
            Level::INFO => LogLevel::Debug,
            Level::WARN => LogLevel::Warn,
            Level::ERROR => LogLevel::Error,
        };
        (self.settings)().0 >= needed
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let (target, level) = (metadata.target(), *metadata.level());
        let fields = Fields::of(event);
        let is_access = target == ACCESS;
        let mut line = match (self.settings)().1 {
            LogFormat::Json => lines::json(&clock::utc(), level, target, &fields),
            LogFormat::Postgrest if is_access => lines::access(&clock::local(), &fields),
            LogFormat::Postgrest => {
                let line = lines::diagnostic(&clock::local(), &fields, is_own(target));
                if self.is_terminal { coloured(line, level) } else { line }
            }
        };
        line.push('\n');
        // One write a line, so that lines of several threads don't mix. Nobody can be told that
        // the log can't be written.
        if is_access {
            io::stdout().write_all(line.as_bytes()).ok();
        } else {
            io::stderr().write_all(line.as_bytes()).ok();
        }
    }
}

/// The line in the colour of its gravity.
fn coloured(line: String, level: Level) -> String {
    let colour = match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::DEBUG | Level::TRACE => "2",
        Level::INFO => return line,
    };
    format!("\u{1b}[{colour}m{line}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Which of a few events are enabled at a level.
    fn enabled(level: LogLevel) -> Vec<&'static str> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        struct Recorder(Arc<Mutex<Vec<&'static str>>>);
        impl<S: Subscriber> Layer<S> for Recorder {
            fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
                self.0.lock().unwrap().push(event.metadata().name());
            }
        }
        let logs = Logs { settings: move || (level, LogFormat::Json), is_terminal: false };
        let recorder = Recorder(Arc::clone(&seen));
        let subscriber = tracing_subscriber::registry().with(logs).with(recorder);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(name: "own info", target: "phlo_http::test", "test");
            tracing::debug!(name: "own debug", target: "phlo_http::test", "test");
            tracing::trace!(name: "own trace", target: "phlo_http::test", "test");
            tracing::error!(name: "error", target: "sqlx", "test");
            tracing::warn!(name: "warn", target: "sqlx", "test");
            tracing::info!(name: "info", target: "sqlx", "test");
            tracing::debug!(name: "debug", target: "sqlx", "test");
        });
        let seen = seen.lock().unwrap();
        seen.clone()
    }

    #[test]
    fn levels_choose_by_origin_and_gravity() {
        assert_eq!(enabled(LogLevel::Crit), ["own info"]);
        assert_eq!(enabled(LogLevel::Error), ["own info", "error"]);
        assert_eq!(enabled(LogLevel::Warn), ["own info", "error", "warn"]);
        assert_eq!(enabled(LogLevel::Debug), ["own info", "own debug", "error", "warn", "info"]);
    }

    #[test]
    fn grave_lines_have_colours() {
        assert_eq!(coloured("x".to_owned(), Level::ERROR), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(coloured("x".to_owned(), Level::INFO), "x");
    }
}
