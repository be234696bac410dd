//! Cells by number, each filled at most once, of which most stay empty.

use std::sync::OnceLock;

/// As a slice of [`OnceLock`]s, but it takes memory only where cells have been filled:
/// what is kept for each function of a large module costs nothing until then.
#[derive(Debug)]
pub struct OnceTable<T> {
    len: usize,
    /// [`GROUP`] cells each.
    groups: Box<[OnceLock<Group<T>>]>,
}

type Group<T> = Box<[OnceLock<T>]>;

/// How many cells are made together.
const GROUP: usize = 32;

impl<T> OnceTable<T> {
    /// So many empty cells.
    pub fn new(len: usize) -> OnceTable<T> {
        OnceTable { len, groups: empty(len.div_ceil(GROUP)) }
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is in a cell: `None` if it is empty, or there is none of this number.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.groups.get(index / GROUP)?.get()?[index % GROUP].get()
    }

    /// What is in a cell, or is put into it now: by one thread, for which others that
    /// come at the same time wait. It stays in place.
    ///
    /// # Panics
    /// If there is no cell of this number.
    pub fn get_or_init(&self, index: usize, fill: impl FnOnce() -> T) -> &T {
        assert!(index < self.len, "cell {index} of {}", self.len);
        let group = self.groups[index / GROUP].get_or_init(|| empty(GROUP));
        group[index % GROUP].get_or_init(fill)
    }
}

fn empty<T>(len: usize) -> Box<[OnceLock<T>]> {
    (0..len).map(|_| OnceLock::new()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_filled_once_and_no_other_with_it() {
        let table = OnceTable::new(GROUP + 1);
        assert_eq!(table.get_or_init(GROUP, || 1), &1);
        assert_eq!(table.get_or_init(GROUP, || 2), &1);
        assert_eq!((table.get(GROUP), table.get(GROUP - 1)), (Some(&1), None));
        assert_eq!((table.len(), table.is_empty()), (GROUP + 1, false));
    }

    #[test]
    fn there_is_no_cell_beyond_the_last() {
        let table = OnceTable::new(3);
        table.get_or_init(2, || 1);
        assert_eq!((table.get(3), table.get(1 << 40)), (None, None));
        assert!(OnceTable::<u8>::new(0).is_empty());
    }

    #[test]
    #[should_panic = "cell 3 of 3"]
    fn a_cell_beyond_the_last_is_not_filled() {
        OnceTable::new(3).get_or_init(3, || 1);
    }
}
