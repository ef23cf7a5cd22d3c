//! Text and parameters of a statement, as `sea-query` writes it. Decides which values are bound: all
//! but the number of a limit.

use std::fmt::{self, Write};

use bytes::Bytes;
use sea_query::{QueryBuilder, SqlWriter, Value};

use crate::sql::{Param, fragment::BODY};

/// What was written of a statement.
#[derive(Debug, Default)]
pub(crate) struct Writer<'b> {
    pub(crate) sql: String,
    pub(crate) params: Vec<Param>,
    body: Option<&'b Bytes>,
}

impl<'b> Writer<'b> {
    /// Writes a statement for a request that may have a body.
    pub(crate) fn new(body: Option<&'b Bytes>) -> Self {
        Self { body, ..Self::default() }
    }

    /// This crate binds text, bytes, the body and the numbers of a range; nothing else can be in a
    /// statement.
    fn param(&self, value: Value) -> Param {
        if value == BODY {
            return self.body.map_or(Param::Null, |body| Param::Body(body.clone()));
        }
        if let Value::String(Some(text)) = value {
            Param::Text(text)
        } else if let Value::Bytes(Some(bytes)) = value {
            Param::Binary(bytes)
        } else if let Value::BigUnsigned(Some(number)) = value {
            Param::Number(i64::try_from(number).unwrap_or(i64::MAX))
        } else {
            Param::Null
        }
    }
}

impl SqlWriter for Writer<'_> {
    fn push_param<T: QueryBuilder>(&mut self, value: Value, _: &T) {
        // PostgreSQL plans a statement anew for each use as long as its plan for any values seems
        // dearer than that for the given ones, as it always does if it doesn't know a limit. There
        // are few limits, and they are numbers; offsets are many.
        if let Value::BigUnsigned(Some(limit)) = value
            && self.sql.ends_with(" LIMIT ")
        {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            self.sql.push_str(itoa::Buffer::new().format(limit));
            return;
        }
        let param = self.param(value);
        self.params.push(param);
        self.sql.push('$');
        self.sql.push_str(itoa::Buffer::new().format(self.params.len()));
    }

    fn as_writer(&mut self) -> &mut dyn Write {
        self
    }
}

impl Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.sql.push_str(text);
        Ok(())
    }
}

impl fmt::Display for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

#[cfg(test)]
mod tests {
    use sea_query::{Expr, PostgresQueryBuilder, SelectStatement};

    use super::*;

    #[test]
    fn limits_are_written_and_offsets_are_bound() {
        let mut query = SelectStatement::new();
        query.expr(Expr::value("a LIMIT ")).limit(u64::MAX).offset(3);
        let mut written = Writer::default();
        query.build_collect_into(PostgresQueryBuilder, &mut written);
        assert_eq!(written.sql, "SELECT $1 LIMIT 9223372036854775807 OFFSET $2");
        assert_eq!(written.params, [Param::Text("a LIMIT ".to_owned()), Param::Number(3)]);
    }
}
