//! Where an instruction is that was compiled as part of another function, in place
//! of a call.

/// An instruction in such a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The function that the body is of, as a position among the defined ones.
    pub(crate) defined: u32,
    /// The instruction's byte offset in the module.
    pub(crate) offset: u32,
    /// The position of the call: a byte offset, that of an earlier place or
    /// [`Place::NO_CALLER`].
    pub(crate) caller: u32,
}

impl Place {
    /// The position that stands for the first place of a list; the next one for the
    /// second. Lower positions are byte offsets, and a module so long that its are
    /// not has no places.
    pub(crate) const FIRST: u32 = 1 << 31;

    /// What stands for the call where there is none, because a tail call led there from
    /// the function that is compiled.
    pub(crate) const NO_CALLER: u32 = Place::FIRST - 1;

    /// The place that a position stands for, if it is no byte offset.
    pub(crate) fn at(places: &[Place], position: u32) -> Option<&Place> {
        places.get((position ^ Place::FIRST) as usize)
    }

    /// What a position becomes when its list is put behind so many other places.
    pub(crate) fn behind(position: u32, others: usize) -> u32 {
        if position < Place::FIRST { position } else { position + others as u32 }
    }

    /// The same place in a list that is put behind so many other places.
    pub(crate) fn behind_all(&self, others: usize) -> Place {
        Place { caller: Place::behind(self.caller, others), ..*self }
    }

    /// Keeps the places that positions stand for, and their callers.
    pub(crate) fn retain<'a>(
        places: &[Place],
        positions: impl Iterator<Item = &'a mut u32>,
    ) -> Vec<Place> {
        let positions: Vec<&mut u32> = positions.collect();
        let mut used = vec![false; places.len()];
        let index = |position: u32| (position ^ Place::FIRST) as usize;
        for position in &positions {
            let mut at = index(**position);
            while let Some(flag) = used.get_mut(at).filter(|flag| !**flag) {
                *flag = true;
                at = index(places[at].caller);
            }
        }
        // A caller comes before what it calls.
        let mut kept: Vec<Place> = Vec::new();
        let mut moved = vec![0; places.len()];
        for (at, place) in places.iter().enumerate().filter(|place| used[place.0]) {
            moved[at] = Place::FIRST + kept.len() as u32;
            let caller = moved.get(index(place.caller)).copied().unwrap_or(place.caller);
            kept.push(Place { caller, ..*place });
        }
        for position in positions {
            *position = moved.get(index(*position)).copied().unwrap_or(*position);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_with_their_callers() {
        let place = |offset, caller| Place { defined: 1, offset, caller };
        let places = [place(10, 5), place(11, 5), place(20, Place::FIRST + 1), place(12, 5)];
        let mut positions = [7, Place::FIRST + 2];
        let kept = Place::retain(&places, positions.iter_mut());
        assert_eq!(kept, [place(11, 5), place(20, Place::FIRST)]);
        assert_eq!(positions, [7, Place::FIRST + 1]);
        assert_eq!(Place::at(&kept, positions[1]), Some(&place(20, Place::FIRST)));
        assert_eq!(Place::at(&kept, positions[0]), None);
    }
}
