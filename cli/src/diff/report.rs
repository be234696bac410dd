//! Telling where the sides differ.

use std::fmt::Write as _;

use bimetal::{Module, dump};

use super::compare::Divergence;
use super::event::Word;
use super::instrument::Instrumented;
use super::point::{Kind, Point};

/// What is needed to name places of the original module.
pub(super) struct Places<'a> {
    pub(super) module: &'a Module,
    pub(super) instrumented: &'a Instrumented,
}

impl Places<'_> {
    /// The difference as text: for each side, named as given, its place and values.
    pub(super) fn describe(&self, names: &[&str], divergence: &Divergence) -> String {
        let mut text = format!("the tiers differ after {} points\n", divergence.points);
        for (name, side) in names.iter().zip(&divergence.sides) {
            // Writing to a string does not fail.
            let _ = match side {
                Ok(words) => writeln!(text, "{name}: {}", self.words(words)),
                Err(end) => writeln!(text, "{name}: {end}"),
            };
        }
        text
    }

    fn words(&self, words: &[Word]) -> String {
        let mut values = words.iter();
        let mut text = match values.next() {
            Some(Word::Point(point)) => match self.instrumented.points.get(*point as usize) {
                Some(point) => self.place(point),
                None => format!("point {point}"),
            },
            Some(word) => word.to_string(),
            None => String::new(),
        };
        for value in values {
            let _ = write!(text, "\n    {value}");
        }
        text
    }

    fn place(&self, point: &Point) -> String {
        let Point { kind, func, offset } = *point;
        if matches!(kind, Kind::HostEnter | Kind::HostExit) {
            let import = self.instrumented.imports.get(func as usize);
            let (module, name) = import.map_or(("", ""), |(module, name)| (module, name));
            return format!("function {func} `{module}::{name}`, {kind}");
        }
        let mut text = format!("function {func}");
        if let Some(name) = dump::name(self.module, func) {
            let _ = write!(text, " `{name}`");
        }
        let _ = write!(text, ", wasm offset {offset:#x}");
        if let Some((line, wat)) = self.line(offset) {
            let _ = write!(text, ", wat line {line} `{wat}`");
        }
        let _ = write!(text, ", {kind}");
        text
    }

    /// The line of the text format, counted from 1, that an offset falls into, as
    /// `bimetal dump` prints the module.
    fn line(&self, offset: u64) -> Option<(usize, String)> {
        let mut storage = String::new();
        let config = wasmprinter::Config::new();
        let lines = config.offsets_and_lines(self.module.binary(), &mut storage).ok()?;
        let (line, (_, text)) = lines
            .enumerate()
            .filter(|(_, (start, _))| start.is_some_and(|start| start <= offset))
            .last()?;
        Some((line + 1, text.trim().to_owned()))
    }
}
