//! Memory that one translation leaves to the next one of its thread: most functions are
//! so small that to ask for it anew, and for more whenever it is full, takes a tenth of
//! the time.

use std::cell::Cell;

use super::ir::Inst;
use crate::fast::dispatch::Word;

/// From how many elements on memory is given back: large functions are few.
const MOST: usize = 1 << 13;

thread_local! {
    static INSTS: Cell<Vec<Inst>> = const { Cell::new(Vec::new()) };
    static WORDS: Cell<Vec<Word>> = const { Cell::new(Vec::new()) };
    static CELLS: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
}

fn keep<T>(to: &Cell<Vec<T>>, mut used: Vec<T>) {
    if used.capacity() <= MOST {
        used.clear();
        to.set(used);
    }
}

/// Room for instructions.
pub(super) fn insts() -> Vec<Inst> {
    INSTS.take()
}

/// Takes back what [`insts`] gave.
pub(super) fn keep_insts(used: Vec<Inst>) {
    INSTS.with(|to| keep(to, used));
}

/// Room for words of code.
pub(super) fn words() -> Vec<Word> {
    WORDS.take()
}

/// Takes back what [`words`] gave.
pub(super) fn keep_words(used: Vec<Word>) {
    WORDS.with(|to| keep(to, used));
}

/// Room for the positions of cells.
pub(super) fn cells() -> Vec<u32> {
    CELLS.take()
}

/// Takes back what [`cells`] gave.
pub(super) fn keep_cells(used: Vec<u32>) {
    CELLS.with(|to| keep(to, used));
}
