//! What the demo tells its user.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

/// Everything that the user needs to try it.
pub(super) struct Welcome {
    pub(super) base: String,
    pub(super) analyst: String,
    pub(super) admin: String,
    pub(super) took: Duration,
}

/// Says what is under way, on standard error.
pub(super) fn progress(what: &str) {
    writeln!(io::stderr(), "phlo: {what} ..").ok();
}

/// Says that everything is gone.
pub(super) fn done() {
    writeln!(io::stderr(), "phlo: stopped; nothing is left behind").ok();
}

/// Says how to use it, on standard output.
pub(super) fn welcome(welcome: &Welcome) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (bold, plain) = if out.is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let Welcome { base, analyst, admin, took } = welcome;
    writeln!(
        out,
        "
{bold}phlo serves the lakehouse sample at {base}{plain}  (ready in {:.1} s; Ctrl-C stops it)

  user      password     sees
  analyst   analyst123   all readings, own annotations
  admin     admin123     everything
  (none)                 /rpc/health alone
  documents {base}/  (OpenAPI 2.0)   {base}/openapi.json  (OpenAPI 3.1)

{bold}Sign in{plain}
  curl -s {base}/rpc/login -H 'Content-Type: application/json' \\
    -d '{{\"username\":\"analyst\",\"password\":\"analyst123\"}}'

{bold}Ask as the analyst{plain} (with a token that is valid for a day)
  ANALYST='{analyst}'
  curl -s \"{base}/glucose_readings?avg_glucose_mg_dl=gt.150&order=reading_date.desc&limit=3\" \\
    -H \"Authorization: Bearer $ANALYST\"
  curl -si \"{base}/glucose_daily_summary?select=reading_date,day_name,avg_glucose_mg_dl&offset=10&limit=5\" \\
    -H \"Authorization: Bearer $ANALYST\" -H 'Prefer: count=exact'
  curl -s \"{base}/glucose_readings?select=reading_date,annotations(body)&annotations=not.is.null\" \\
    -H \"Authorization: Bearer $ANALYST\"
  curl -s \"{base}/rpc/glucose_statistics?period_days=30\" -H \"Authorization: Bearer $ANALYST\"
  curl -s \"{base}/rpc/user_info\" -H \"Authorization: Bearer $ANALYST\"

{bold}Ask as the admin{plain}
  ADMIN='{admin}'
  curl -s \"{base}/annotations?select=reading_date,author,body\" -H \"Authorization: Bearer $ADMIN\"

{bold}See what is refused{plain}
  curl -s \"{base}/glucose_readings\"
  curl -s \"{base}/glucose_readings?reading_date=greater.2025-01-01\" -H \"Authorization: Bearer $ANALYST\"
",
        took.as_secs_f64()
    )?;
    out.flush()
}
