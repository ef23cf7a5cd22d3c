//! What is measured: requests, and the SQL that gives the same answers.
//!
//! Plain data. Knows nothing of sockets, processes and times.

use std::fmt::Write as _;

/// The secret that the server verifies tokens with.
pub(crate) const SECRET: &str = "a secret of the bench, which guards nothing";

/// The claims of [`TOKEN`].
///
/// The blanks after the colons keep pgbench from seeing variables in them.
const CLAIMS: &str = r#"{"role": "member", "member": "m17"}"#;

/// [`CLAIMS`], signed with [`SECRET`] by HMAC with SHA-256.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjogIm1lbWJlciIsICJtZW1iZXIiOiAibTE3In0.\
    NI4moIGRxpt75pLtIJ6ysXy3EEq4kmKWSilvmM_LuIo";

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nobody in particular: no token.
    Visitor,
    /// The holder of [`TOKEN`].
    Member,
}

/// What the answer is, in terms of [`Scenario::sql`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A JSON array of its rows.
    Rows,
    /// The same, with a total in `Content-Range` that this other statement counts.
    Counted(&'static str),
    /// The JSON value in its only column of its only row.
    Value,
    /// Its rows as CSV.
    Csv,
    /// Nothing; the rows of the request's body are in `api.intake`.
    Stored,
}

/// One request, and the same as SQL.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// How the command line and the table call it.
    pub(crate) name: &'static str,
    /// The path and the query of the request.
    pub(crate) target: &'static str,
    /// Headers beside those that each request has.
    pub(crate) headers: &'static [&'static str],
    /// The body of a POST; a GET otherwise.
    pub(crate) body: Option<String>,
    pub(crate) caller: Caller,
    /// The status of a good answer.
    pub(crate) status: u16,
    pub(crate) answer: Answer,
    /// The least that a server could ask PostgreSQL for: rows as they are where it can make the
    /// answer of them itself.
    pub(crate) sql: String,
}

/// The names of all scenarios, in their order.
pub(crate) const NAMES: [&str; 11] = [
    "one_row",
    "filter_30",
    "rows_730",
    "embed",
    "function",
    "row_security",
    "insert_1",
    "insert_1000",
    "count_20k",
    "json_10k",
    "csv_10k",
];

impl Caller {
    /// The role that the request runs under.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Member => "member",
        }
    }

    /// The claims that policies and functions see.
    pub(crate) fn claims(self) -> &'static str {
        match self {
            Self::Visitor => r#"{"role": "visitor"}"#,
            Self::Member => CLAIMS,
        }
    }
}

impl Scenario {
    /// The whole request, as it goes over the connection.
    pub(crate) fn request(&self) -> Vec<u8> {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut text = format!("{method} {} HTTP/1.1\r\nHost: bench\r\n", self.target);
        for header in self.headers {
            let _ = write!(text, "{header}\r\n");
        }
        if self.caller == Caller::Member {
            let _ = write!(text, "Authorization: Bearer {TOKEN}\r\n");
        }
        if let Some(body) = &self.body {
            let _ = write!(
                text,
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        text.push_str("\r\n");
        text.push_str(self.body.as_deref().unwrap_or_default());
        text.into_bytes()
    }
}

/// All of them, in the order of [`NAMES`].
pub(crate) fn all() -> Vec<Scenario> {
    NAMES.into_iter().filter_map(named).collect()
}

/// The scenario of that name.
pub(crate) fn named(name: &str) -> Option<Scenario> {
    Some(match name {
        "one_row" => {
            read("one_row", "/carriers?id=eq.417", "select * from api.carriers where id = 417")
        }
        "filter_30" => read(
            "filter_30",
            "/levels?select=day,mean_cm,rain_mm&mean_cm=gt.220&order=day.desc&limit=30",
            "select day, mean_cm, rain_mm from api.levels where mean_cm > 220 \
             order by day desc limit 30",
        ),
        "rows_730" => {
            read("rows_730", "/levels?order=day", "select * from api.levels order by day")
        }
        "embed" => read(
            "embed",
            "/carriers?select=id,name,routes(id,name,parcels(id,label,state))&order=id&limit=5\
             &routes.order=id&routes.parcels.order=id",
            "select c.id, c.name, r.list as routes \
             from (select id, name from api.carriers order by id limit 5) c \
             cross join lateral ( \
                select coalesce(json_agg(x), '[]') as list from ( \
                    select r.id, r.name, p.list as parcels from api.routes r \
                    cross join lateral ( \
                        select coalesce(json_agg(y), '[]') as list from ( \
                            select id, label, state from api.parcels \
                            where route_id = r.id order by id) y) p \
                    where r.carrier_id = c.id order by r.id) x) r \
             order by c.id",
        ),
        "function" => Scenario {
            answer: Answer::Value,
            ..read("function", "/rpc/level_summary?days=30", "select api.level_summary(30)")
        },
        "row_security" => Scenario {
            caller: Caller::Member,
            ..read(
                "row_security",
                "/messages?select=id,subject,body,sent_at&order=id.desc&limit=20",
                "select id, subject, body, sent_at from api.messages order by id desc limit 20",
            )
        },
        "insert_1" => insert("insert_1", 1),
        "insert_1000" => insert("insert_1000", 1000),
        "count_20k" => Scenario {
            headers: &["Prefer: count=exact"],
            status: 206,
            answer: Answer::Counted("select count(*) from api.parcels"),
            ..read(
                "count_20k",
                "/parcels?select=id,label&order=id&limit=20",
                "select id, label from api.parcels order by id limit 20",
            )
        },
        "json_10k" => read(
            "json_10k",
            "/scans?order=id&limit=10000",
            "select * from api.scans order by id limit 10000",
        ),
        "csv_10k" => Scenario {
            headers: &["Accept: text/csv"],
            answer: Answer::Csv,
            ..read(
                "csv_10k",
                "/scans?order=id&limit=10000",
                "select * from api.scans order by id limit 10000",
            )
        },
        _ => return None,
    })
}

fn read(name: &'static str, target: &'static str, sql: &str) -> Scenario {
    Scenario {
        name,
        target,
        headers: &[],
        body: None,
        caller: Caller::Visitor,
        status: 200,
        answer: Answer::Rows,
        sql: sql.to_owned(),
    }
}

fn insert(name: &'static str, rows: usize) -> Scenario {
    let body = rows_to_insert(rows);
    let sql = format!(
        "insert into api.intake (label, pieces, weight_kg, detail) \
         select label, pieces, weight_kg, detail from json_to_recordset('{body}') \
         as x (label text, pieces int, weight_kg numeric, detail jsonb)"
    );
    Scenario {
        name,
        target: "/intake",
        headers: &["Prefer: return=minimal"],
        body: Some(body),
        caller: Caller::Member,
        status: 201,
        answer: Answer::Stored,
        sql,
    }
}

/// A JSON array of objects, without quotes that SQL would mind.
fn rows_to_insert(rows: usize) -> String {
    let row = |n: usize| {
        format!(
            r#"{{"label": "Pallet {n}", "pieces": {}, "weight_kg": {}.{}, "detail": {{"lane": {}, "glass": {}}}}}"#,
            1 + n % 40,
            n % 900,
            1 + n % 9,
            n % 12,
            n.is_multiple_of(2)
        )
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("[{}]", rows.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_scenario_of_that_name() {
        let names: Vec<_> = all().iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, NAMES);
        assert!(named("two_rows").is_none());
    }

    #[test]
    fn a_request_is_complete() {
        let text = String::from_utf8(named("insert_1").unwrap().request()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /intake HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
        assert!(head.contains("Authorization: Bearer ey"), "{head}");
        assert!(!named("one_row").unwrap().request().is_empty());
    }

    /// `:name` is a variable to pgbench, and its lines end statements.
    #[test]
    fn pgbench_reads_the_sql_as_it_is() {
        for scenario in all() {
            let sql = scenario.sql + scenario.caller.claims();
            assert!(!sql.contains('\n'));
            for (_, after) in sql.match_indices(':').map(|(at, _)| sql.split_at(at + 1)) {
                assert!(after.starts_with([' ', ':']), "{after:.30}");
            }
        }
    }
}
