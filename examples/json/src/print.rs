//! JSON text of a value, indented or compact.

use crate::parse::Value;

/// Two spaces of indentation, one item a line.
pub fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(value, Some(0), &mut out);
    out
}

/// No space at all.
pub fn compact(value: &Value) -> String {
    let mut out = String::new();
    write(value, None, &mut out);
    out
}

/// `level` is the depth of indentation, or `None` for compact text.
fn write(value: &Value, level: Option<usize>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(spelling) => out.push_str(spelling),
        Value::Text(text) => write_text(text, out),
        Value::Array(items) => {
            write_list('[', ']', items, level, out, |item, level, out| {
                write(item, level, out)
            });
        }
        Value::Object(members) => {
            write_list('{', '}', members, level, out, |(key, value), level, out| {
                write_text(key, out);
                out.push_str(if level.is_some() { ": " } else { ":" });
                write(value, level, out);
            });
        }
    }
}

fn write_list<T>(
    open: char,
    close: char,
    items: &[T],
    level: Option<usize>,
    out: &mut String,
    write_item: impl Fn(&T, Option<usize>, &mut String),
) {
    out.push(open);
    let inner = level.map(|level| level + 1);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        new_line(inner, out);
        write_item(item, inner, out);
    }
    if !items.is_empty() {
        new_line(level, out);
    }
    out.push(close);
}

fn new_line(level: Option<usize>, out: &mut String) {
    if let Some(level) = level {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
