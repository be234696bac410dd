//! Counts what a value is made of.

use std::collections::HashMap;

use crate::parse::Value;

#[derive(Default)]
struct Counts<'a> {
    kinds: HashMap<&'static str, usize>,
    keys: HashMap<&'a str, usize>,
    words: HashMap<String, usize>,
    deepest: usize,
    sum: f64,
}

/// How many of each kind, how deep, the sum of the numbers, and the most frequent
/// keys and words (ties in alphabetical order).
pub fn report(value: &Value) -> String {
    let mut counts = Counts::default();
    counts.visit(value, 1);
    let mut lines = vec![
        format!("depth {}", counts.deepest),
        format!("sum {:.3}", counts.sum),
    ];
    lines.extend(most_frequent("kind", counts.kinds));
    lines.extend(most_frequent("key", counts.keys));
    lines.extend(most_frequent("word", counts.words));
    lines.join("\n")
}

/// The ten most frequent, one line each.
fn most_frequent<K: AsRef<str>>(what: &str, counts: HashMap<K, usize>) -> Vec<String> {
    let mut counts: Vec<(K, usize)> = counts.into_iter().collect();
    counts.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.as_ref().cmp(b.as_ref())));
    let line = |(name, count): &(K, usize)| format!("{what} {} {count}", name.as_ref());
    counts.iter().take(10).map(line).collect()
}

impl<'a> Counts<'a> {
    fn visit(&mut self, value: &'a Value, depth: usize) {
        self.deepest = self.deepest.max(depth);
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(spelling) => {
                self.sum += spelling.parse().unwrap_or(0.0);
                "number"
            }
            Value::Text(text) => {
                self.count_words(text);
                "string"
            }
            Value::Array(items) => {
                items.iter().for_each(|item| self.visit(item, depth + 1));
                "array"
            }
            Value::Object(members) => {
                for (key, value) in members {
                    *self.keys.entry(key).or_default() += 1;
                    self.visit(value, depth + 1);
                }
                "object"
            }
        };
        *self.kinds.entry(kind).or_default() += 1;
    }

    fn count_words(&mut self, text: &str) {
        for word in text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            *self.words.entry(word.to_lowercase()).or_default() += 1;
        }
    }
}
