//! Where frames of compiled code keep references while they call: what a
//! collection reads and updates.

/// The references in the frames of a function or of a block of functions.
#[derive(Clone, Debug, Default)]
pub(crate) struct StackMaps {
    /// Where calls return to that leave references behind, sorted; and where the
    /// list of each ends in `distances`.
    calls: Vec<(u32, u32)>,
    /// How far below the frame pointer each reference is, one list after another.
    distances: Vec<u32>,
}

impl StackMaps {
    /// Adds a call that returns to `offset`, which is behind all others.
    pub(crate) fn push(&mut self, offset: u32, distances: impl Iterator<Item = u32>) {
        self.distances.extend(distances);
        self.calls.push((offset, self.distances.len() as u32));
    }

    /// Adds those of a function that begins at `start`, behind all others.
    pub(crate) fn append(&mut self, start: u32, func: &StackMaps) {
        let before = self.distances.len() as u32;
        let moved = func.calls.iter().map(|&(offset, end)| (start + offset, before + end));
        self.calls.extend(moved);
        self.distances.extend_from_slice(&func.distances);
    }

    /// The two lists that it is made of.
    pub(crate) fn parts(&self) -> (&[(u32, u32)], &[u32]) {
        (&self.calls, &self.distances)
    }

    /// The value made of these lists; `None` if they contradict each other.
    pub(crate) fn from_parts(calls: Vec<(u32, u32)>, distances: Vec<u32>) -> Option<StackMaps> {
        let sorted = calls.is_sorted_by_key(|call| call.0) && calls.is_sorted_by_key(|call| call.1);
        let end = calls.last().map_or(0, |call| call.1 as usize);
        (sorted && end == distances.len()).then_some(StackMaps { calls, distances })
    }

    /// The references of a frame whose call returns to `offset`.
    pub(crate) fn at(&self, offset: u32) -> &[u32] {
        let Ok(position) = self.calls.binary_search_by_key(&offset, |call| call.0) else {
            return &[];
        };
        let start = position.checked_sub(1).map_or(0, |before| self.calls[before].1);
        &self.distances[start as usize..self.calls[position].1 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_its_own_references() {
        let mut func = StackMaps::default();
        func.push(4, [8, 16].into_iter());
        func.push(9, [24].into_iter());
        let mut maps = StackMaps::default();
        maps.append(0, &func);
        maps.append(32, &StackMaps::default());
        maps.append(64, &func);
        assert_eq!((maps.at(4), maps.at(9)), (&[8, 16][..], &[24][..]));
        assert_eq!((maps.at(68), maps.at(73)), (&[8, 16][..], &[24][..]));
        assert!(maps.at(5).is_empty() && maps.at(32).is_empty());
    }
}
