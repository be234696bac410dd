//! Calls of the host: done once, by the leader, and repeated for the others.

use std::sync::mpsc::{Receiver, Sender};

use bimetal::error::Context as _;
use bimetal::{Caller, Error, Extern, FuncType, Linker, Memory, Module, Result, V128, Val};

use super::event::Word;
use super::side::Side;

/// What a call of the host did, as far as the guest can see it.
#[derive(Clone, Debug)]
pub(super) enum Record {
    /// It returned, and wrote to the memory named `memory`.
    Returned { results: Vec<Word>, writes: Vec<(usize, Vec<u8>)> },
    /// It ended the run.
    Failed(String),
}

/// The side whose calls reach the host.
#[derive(Debug)]
pub(super) struct Recorder {
    followers: Vec<Sender<Record>>,
    /// The memory as it was before the call that is under way.
    before: Option<Vec<u8>>,
    /// What was told since that call began: its results.
    results: Vec<Word>,
}

/// Writes of the host closer than this are recorded as one.
const BLOCK: usize = 256;

impl Recorder {
    pub(super) fn new(followers: Vec<Sender<Record>>) -> Recorder {
        Recorder { followers, before: None, results: Vec::new() }
    }

    /// Takes note of what is told while a call of the host is under way.
    pub(super) fn note(&mut self, word: Word) {
        if self.before.is_some() {
            self.results.push(word);
        }
    }

    /// Ends the record for a run that a call of the host ended.
    pub(super) fn finish(&mut self, error: &str) {
        if self.before.take().is_some() {
            self.send(&Record::Failed(error.to_owned()));
        }
    }

    /// A follower that is gone has told why itself.
    fn send(&self, record: &Record) {
        for follower in &self.followers {
            let _ = follower.send(record.clone());
        }
    }
}

fn memory(caller: &mut Caller<'_, Side>) -> Option<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Some(memory),
        _ => None,
    }
}

/// A call of the host begins.
pub(super) fn begin(caller: &mut Caller<'_, Side>) {
    if caller.data_mut().recorder().is_none() {
        return;
    }
    let before = memory(caller).map_or_else(Vec::new, |memory| memory.data(&*caller).to_vec());
    if let Some(recorder) = caller.data_mut().recorder() {
        recorder.before = Some(before);
    }
}

/// A call of the host has returned.
pub(super) fn end(caller: &mut Caller<'_, Side>) {
    let Some(recorder) = caller.data_mut().recorder() else { return };
    let before = recorder.before.take().unwrap_or_default();
    let results = std::mem::take(&mut recorder.results);
    let writes = match memory(caller) {
        Some(memory) => changes(&before, memory.data(&*caller)),
        None => Vec::new(),
    };
    if let Some(recorder) = caller.data_mut().recorder() {
        recorder.send(&Record::Returned { results, writes });
    }
}

/// The blocks of a memory that differ from what they were.
fn changes(before: &[u8], after: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut changes: Vec<(usize, Vec<u8>)> = Vec::new();
    for (block, bytes) in after.chunks(BLOCK).enumerate() {
        let start = block * BLOCK;
        let same = before.get(start..start + bytes.len()) == Some(bytes);
        match changes.last_mut() {
            _ if same => {}
            Some((at, written)) if *at + written.len() == start => written.extend_from_slice(bytes),
            _ => changes.push((start, bytes.to_vec())),
        }
    }
    changes
}

/// Defines what a module imports as functions that repeat the leader's records.
///
/// # Errors
/// If there is no memory for code.
pub(super) fn replay(
    linker: &mut Linker<Side>,
    module: &Module,
    imports: &[(String, String)],
) -> Result<()> {
    linker.allow_shadowing(true);
    for import in module.imports() {
        let named =
            |(module, name): &(String, String)| module == import.module() && name == import.name();
        let ty = import.ty();
        if let Some(ty) = ty.func().filter(|_| imports.iter().any(named)) {
            let ty: FuncType = ty.clone();
            linker.func_new(import.module(), import.name(), ty, |mut caller, _, results| {
                repeat(&mut caller, results)
            })?;
        }
    }
    Ok(())
}

fn repeat(caller: &mut Caller<'_, Side>, results: &mut [Val]) -> Result<()> {
    // The leader may need what this side has told to go on.
    caller.data_mut().flush()?;
    let record = match caller.data_mut().records() {
        Some(records) => records.recv().context("the leader's run has ended")?,
        None => return Err(Error::msg("only followers repeat calls")),
    };
    match record {
        Record::Failed(error) => Err(Error::msg(error)),
        Record::Returned { results: words, writes } => {
            if let Some(memory) = memory(caller) {
                for (at, bytes) in writes {
                    memory.write(&mut *caller, at, &bytes)?;
                }
            }
            // The first word is the point.
            for (result, word) in results.iter_mut().zip(words.iter().skip(1)) {
                *result = value(*word)?;
            }
            Ok(())
        }
    }
}

fn value(word: Word) -> Result<Val> {
    Ok(match word {
        Word::I32(value) => Val::I32(value),
        Word::I64(value) => Val::I64(value),
        Word::F32(bits) => Val::F32(bits),
        Word::F64(bits) => Val::F64(bits),
        Word::V128(bits) => Val::V128(V128::from_u128(bits)),
        Word::Null(_) | Word::Point(_) => {
            return Err(Error::msg("a reference that the host returns cannot be repeated"));
        }
    })
}

/// The channel of a follower.
pub(super) type Records = Receiver<Record>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_outside_calls_of_the_host_is_not_kept() {
        let mut recorder = Recorder::new(Vec::new());
        recorder.note(Word::I32(1));
        assert!(recorder.results.is_empty());
        recorder.before = Some(Vec::new());
        recorder.note(Word::I32(2));
        assert_eq!(recorder.results, [Word::I32(2)]);
    }

    #[test]
    fn neighbouring_changes_are_one_and_growth_is_a_change() {
        let before = vec![0; 1024];
        let mut after = vec![0; 1100];
        after[300] = 1;
        after[600] = 2;
        assert_eq!(
            changes(&before, &after)
                .iter()
                .map(|(at, bytes)| (*at, bytes.len()))
                .collect::<Vec<_>>(),
            [(256, 512), (1024, 76)]
        );
        assert!(changes(&before, &before.clone()).is_empty());
    }
}
