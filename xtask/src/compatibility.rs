//! Writes `docs/compatibility.md` from the conformance data in `tests/conformance`, and checks that
//! it is what the data says. Runs no case.

use std::{error::Error, fmt::Write, fs, path::Path};

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Where the page is.
const PAGE: &str = "docs/compatibility.md";
/// Where the data is.
const DATA: &str = "tests/conformance";
/// The manual that sources of cases are pages of.
const MANUAL: &str = "https://docs.postgrest.org/en/v16/references";

/// Writes the page.
///
/// # Errors
///
/// The data can't be read, or isn't in its form; the page can't be written.
pub(crate) fn write(root: &Path) -> Result<()> {
    Ok(fs::write(root.join(PAGE), page(&Data::read(root)?)?)?)
}

/// Checks that the page is what [`write()`] would make of the data.
///
/// # Errors
///
/// It isn't, or the data or the page can't be read.
pub(crate) fn check(root: &Path) -> Result<()> {
    if fs::read_to_string(root.join(PAGE))? != page(&Data::read(root)?)? {
        return Err(format!("{PAGE} is stale: run `cargo xtask compatibility`").into());
    }
    Ok(())
}

/// What the page is made of.
struct Data {
    sections: Vec<Section>,
    differences: Vec<Value>,
    process: Vec<Value>,
}

struct Section {
    file: String,
    title: String,
    rows: Vec<Value>,
    cases: Vec<Value>,
}

impl Data {
    fn read(root: &Path) -> Result<Self> {
        let list = |file: &str| -> Result<Vec<Value>> {
            let text = fs::read_to_string(root.join(DATA).join(format!("{file}.json")))?;
            serde_json::from_str(&text).map_err(|error| format!("{file}.json: {error}").into())
        };
        let sections = list("rows")?.into_iter().map(|section| {
            let file = text(&section, "file")?.to_owned();
            let rows = section.get("rows").and_then(Value::as_array).ok_or("no rows")?.clone();
            let cases = list(&file)?;
            Ok(Section { title: text(&section, "title")?.to_owned(), file, rows, cases })
        });
        Ok(Self {
            sections: sections.collect::<Result<_>>()?,
            differences: list("differences")?,
            process: list("process")?,
        })
    }
}

fn page(data: &Data) -> Result<String> {
    let mut page = String::new();
    introduction(&mut page, data)?;
    for section in &data.sections {
        features(&mut page, section)?;
    }
    differences(&mut page, data)?;
    Ok(page)
}

fn introduction(page: &mut String, data: &Data) -> Result<()> {
    let rows: Vec<&Value> = data.sections.iter().flat_map(|section| &section.rows).collect();
    let cases: usize = data.sections.iter().map(|section| section.cases.len()).sum();
    let count =
        |status: &str| rows.iter().filter(|row| optional(row, "status") == Some(status)).count();
    let (same, differs, extended) = (count("same"), count("differs"), count("extended"));
    let absent = count("absent");
    writeln!(
        page,
        "<!-- Written by `cargo xtask compatibility` from `{DATA}`. Change the data, not this page. -->

# Compatibility with PostgREST

phlo answers what PostgREST 16.2 answers: to the same requests, with the same settings, from the same
database. This page goes through its features one by one. Of {total} features {same} are the same,
{differs} differ in something on purpose, {extended} do more or are phlo's own, and {absent} are absent.

Each has at least one case or test that shows it: {cases} in all, kept as data in
[`{DATA}`](../{DATA}) and run by `cargo test -p phlo-tests conformance`. A case that departs from
PostgREST holds both answers, and fails if phlo's is PostgREST's after all.

| | |
|---|---|
| same | no client can tell the two apart by it |
| differs | something is different on purpose; the reason is beside it |
| extended | all that PostgREST does and more, or something that it doesn't have |
| absent | it isn't there |

What is different is collected [below](#where-phlo-differs).",
        total = rows.len(),
    )?;
    Ok(())
}

/// A table of the features of a section.
fn features(page: &mut String, section: &Section) -> Result<()> {
    let Section { file, title, rows, cases } = section;
    write!(page, "\n## {title}\n\n[Cases](../{DATA}/{file}.json).\n\n")?;
    page.push_str("| | Feature | Status | Shown by | Source |\n|---|---|---|---|---|\n");
    for row in rows {
        let id = text(row, "id")?;
        let own: Vec<&Value> = cases.iter().filter(|it| optional(it, "row") == Some(id)).collect();
        let status = match optional(row, "reason") {
            Some(reason) => format!("**{}**: {reason}", text(row, "status")?),
            None => text(row, "status")?.to_owned(),
        };
        let feature = text(row, "feature")?;
        let source =
            own.first().and_then(|case| optional(case, "source")).map_or(String::new(), link);
        let shown = shown_by(&own);
        writeln!(page, "| {id} | {} | {} | {shown} | {source} |", cell(feature), cell(&status))?;
    }
    Ok(())
}

/// How many cases a feature has, and the files of the tests that stand in for cases.
fn shown_by(cases: &[&Value]) -> String {
    let asked = cases.iter().filter(|case| case.get("request").is_some()).count();
    let mut shown = match asked {
        0 => Vec::new(),
        1 => vec!["1 case".to_owned()],
        _ => vec![format!("{asked} cases")],
    };
    let tests = cases.iter().filter_map(|case| case.get("covered_by")?.as_array()).flatten();
    for test in tests.filter_map(Value::as_str) {
        let file = test.split_once(": ").map_or(test, |(file, _)| file);
        let name = Path::new(file).components().next_back();
        let name = name.map_or(file.into(), |name| name.as_os_str().to_string_lossy());
        let link = format!("[{name}](../{file})");
        if !shown.contains(&link) {
            shown.push(link);
        }
    }
    shown.join(", ")
}

/// A link to a page of the manual, or to a file of this repository; the name of a module of
/// PostgREST as it is.
fn link(source: &str) -> String {
    if let Some(inside) = source.strip_prefix("docs/") {
        return format!("[{source}]({inside})");
    }
    let is_page = source.starts_with(|it: char| it.is_ascii_lowercase());
    match source.strip_prefix("integrations/") {
        Some(name) => format!("[{source}]({MANUAL}/../integrations/{name}.html)"),
        None if is_page => format!("[{source}]({MANUAL}/{source}.html)"),
        None => format!("`{source}`"),
    }
}

fn differences(page: &mut String, data: &Data) -> Result<()> {
    page.push_str("\n## Where phlo differs\n\n");
    for difference in &data.differences {
        writeln!(page, "- {} *{}*", text(difference, "what")?, text(difference, "why")?)?;
    }
    page.push_str("\n### Requests that are answered differently\n\n");
    page.push_str("| | Request | PostgREST | phlo | Why |\n|---|---|---|---|---|\n");
    for case in data.sections.iter().flat_map(|section| &section.cases) {
        let Some(reason) = optional(case, "differs") else { continue };
        let last = case.get("then").and_then(Value::as_array).and_then(|steps| steps.last());
        let step = last.unwrap_or(case);
        let of = |value: Option<&Value>| value.map(answer).ok_or("a case without an answer");
        writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            text(case, "id")?,
            cell(&request(step.get("request").ok_or("a case without a request")?)?),
            cell(&of(case.get("postgrest"))?),
            cell(&of(step.get("expect"))?),
            cell(reason)
        )?;
    }
    page.push_str(
        "\n### Tests of PostgREST's process\n\nPostgREST's own tests of its process (configuration, \
         signals, logs, the admin server) that phlo\ndoesn't pass, and why:\n\n",
    );
    if data.process.is_empty() {
        page.push_str("None is known.\n");
    }
    for test in &data.process {
        writeln!(page, "- `{}`: {}", text(test, "test")?, text(test, "reason")?)?;
    }
    Ok(())
}

fn request(request: &Value) -> Result<String> {
    let method = optional(request, "method").unwrap_or("GET");
    Ok(format!("`{method} {}`", text(request, "path")?))
}

/// The status of an answer, and the code of its error or, if it is short, its body.
fn answer(expected: &Value) -> String {
    let status = expected.get("status").map(Value::to_string).unwrap_or_default();
    let body =
        ["body", "includes", "text", "headers_with"].iter().find_map(|key| expected.get(key));
    let Some(body) = body else { return status };
    let body = match (body.get("code").and_then(Value::as_str), body.as_str()) {
        (Some(code), _) => code.to_owned(),
        (None, Some(text)) => text.to_owned(),
        (None, None) => body.to_string(),
    };
    format!("{status} `{body}`")
}

/// Text that can't end the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    optional(value, key).ok_or_else(|| format!("no text `{key}` in {value}").into())
}

fn optional<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A page of one section, in which one case differs.
    #[test]
    fn the_page_tells_rows_and_differences() {
        let data = Data {
            sections: vec![Section {
                file: "some".to_owned(),
                title: "Some".to_owned(),
                rows: vec![
                    json!({"id": "A1", "feature": "a|b", "status": "same"}),
                    json!({"id": "A2", "feature": "c", "status": "differs", "reason": "So."}),
                ],
                cases: vec![
                    json!({"row": "A1", "source": "auth", "covered_by": ["x/y.rs: z"]}),
                    json!({
                        "id": "A2-1", "row": "A2", "source": "Response", "request": {"path": "/p"},
                        "expect": {"status": 200}, "differs": "Because.",
                        "postgrest": {"status": 400, "includes": {"code": "PGRST100"}},
                    }),
                ],
            }],
            differences: vec![json!({"what": "W.", "why": "Y."})],
            process: vec![],
        };
        let page = page(&data).unwrap();
        for line in [
            "| A1 | a\\|b | same | [y.rs](../x/y.rs) | [auth](https://docs.postgrest.org/en/v16/references/auth.html) |",
            "| A2 | c | **differs**: So. | 1 case | `Response` |",
            "| A2-1 | `GET /p` | 400 `PGRST100` | 200 | Because. |",
            "- W. *Y.*",
            "None is known.",
        ] {
            assert!(page.lines().any(|it| it == line), "{line}\n{page}");
        }
    }

    #[test]
    fn sources_are_pages_modules_or_files() {
        assert_eq!(link("docs/grammar.md"), "[docs/grammar.md](grammar.md)");
        assert_eq!(link("MediaType"), "`MediaType`");
        assert!(link("integrations/postgis").contains("/integrations/postgis.html"));
    }
}
