//! The rules, each from a source file to the offences in it.

use super::Source;

/// Lines of a file.
const FILE_LINES_MAX: usize = 400;
/// Lines of a function file.
const FUNCTION_FILE_LINES_MAX: usize = 60;
/// Lines of a function.
const FUNCTION_LINES_MAX: usize = 50;
/// Characters of a line.
const LINE_CHARS_MAX: usize = 100;

/// Words that do not belong into what ships, and why.
const WORDS: [(&str, &str); 7] = [
    ("todo!(", "unfinished"),
    ("unimplemented!(", "unfinished"),
    ("unsafe ", "nothing here needs it"),
    (".unwrap()", "a panic is not an answer"),
    (".expect(\"", "a panic is not an answer"),
    ("panic!(", "a panic is not an answer"),
    ("dbg!(", "left behind"),
];

fn rule(source: &Source, what: &str) -> String {
    format!("{}: {what}", source.path)
}

/// Files, functions and lines stay short.
pub fn sizes(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = source.text.lines().collect();
    if lines.len() > FILE_LINES_MAX {
        found.push(rule(source, "longer than 400 lines"));
    }
    if lines
        .iter()
        .any(|line| line.chars().count() > LINE_CHARS_MAX)
    {
        found.push(rule(source, "a line longer than 100 characters"));
    }
    let mut start: Option<(usize, usize, String)> = None;
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match &start {
            Some((from, depth, name))
                if indent == *depth && line.trim_end() == format!("{}}}", " ".repeat(*depth)) =>
            {
                if at - from + 1 > FUNCTION_LINES_MAX {
                    found.push(rule(source, &format!("fn {name} is longer than 50 lines")));
                }
                start = None;
            }
            // A declaration of a trait that has no body.
            Some((_, depth, _))
                if indent == *depth
                    && line.trim_start().starts_with(") -> ")
                    && line.ends_with(';') =>
            {
                start = None;
            }
            None if line.ends_with(';') => {}
            None => start = opens(line).map(|name| (at, indent, name)),
            _ => {}
        }
    }
    found
}

fn opens(line: &str) -> Option<String> {
    let line = line.trim_start();
    let rest = [
        "pub const fn ",
        "pub async fn ",
        "pub fn ",
        "pub(crate) fn ",
        "pub(super) fn ",
        "pub(super) async fn ",
        "pub(crate) async fn ",
        "async fn ",
        "const fn ",
        "fn ",
    ]
    .iter()
    .find_map(|head| line.strip_prefix(head))?;
    Some(
        rest.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect(),
    )
}

/// Words that do not belong into what ships; tests may panic.
pub fn words(source: &Source) -> Vec<String> {
    let shipped = source.path.starts_with("shared/src") || source.path.starts_with("functions");
    let test_file = source.path.ends_with("/tests.rs") || source.path.contains("/tests/");
    if !shipped || test_file {
        return Vec::new();
    }
    let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = || {
        code.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
    };
    WORDS
        .iter()
        .filter(|(word, _)| lines().any(|line| line.contains(word)))
        .map(|(word, why)| rule(source, &format!("`{word}`: {why}")))
        .collect()
}

/// A function file is short, has no tests, and keeps the order of its parts.
pub fn function_file(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = source.text.lines().collect();
    if lines.len() > FUNCTION_FILE_LINES_MAX {
        found.push(rule(source, "a function file longer than 60 lines"));
    }
    if source.text.contains("#[test]") {
        found.push(rule(source, "tests in a function file"));
    }
    let place = |head: &[&str]| {
        lines
            .iter()
            .position(|line| head.iter().any(|head| line.starts_with(head)))
    };
    let heads = [
        "endpoint!(",
        "admin!(",
        "socket!(",
        "worker!(",
        "stream!(",
        "schedule!(",
        "fallback!(",
    ];
    let (docs, uses, declared) = (place(&["//! "]), place(&["use "]), place(&heads));
    let ordered = docs == Some(0)
        && uses.is_some_and(|uses| docs < Some(uses))
        && declared.is_some_and(|declared| uses < Some(declared));
    if !ordered {
        found.push(rule(
            source,
            "order: one sentence, uses, declaration, types, handler",
        ));
    }
    found
}
