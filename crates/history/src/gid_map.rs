//! A map from transactions to anything, for ids that are dense and mostly ascending: a window of slots, so that
//! a look-up is an index, not a hash, and iteration is in the order of the ids.

use std::collections::VecDeque;

use crate::ids::Gid;

/// A map by [`Gid`]. Memory is one slot for each id between the least and the greatest one present.
#[derive(Clone, Debug)]
pub struct GidMap<T> {
    first: u32,
    slots: VecDeque<Option<T>>,
    len: usize,
}

impl<T> Default for GidMap<T> {
    fn default() -> Self {
        Self { first: 0, slots: VecDeque::new(), len: 0 }
    }
}

impl<T> GidMap<T> {
    /// How many transactions are present.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no transaction is present.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The least id present.
    #[inline]
    pub fn first(&self) -> Option<Gid> {
        (!self.is_empty()).then_some(Gid(self.first))
    }

    /// What is kept for `gid`.
    #[inline]
    pub fn get(&self, gid: Gid) -> Option<&T> {
        self.slots.get(gid.0.wrapping_sub(self.first) as usize)?.as_ref()
    }

    /// What is kept for `gid`, to change it.
    #[inline]
    pub fn get_mut(&mut self, gid: Gid) -> Option<&mut T> {
        self.slots.get_mut(gid.0.wrapping_sub(self.first) as usize)?.as_mut()
    }

    /// Keeps `value` for `gid` and returns what was kept before.
    #[inline]
    pub fn insert(&mut self, gid: Gid, value: T) -> Option<T> {
        if self.slots.is_empty() {
            self.first = gid.0;
        }
        while gid.0 < self.first {
            self.slots.push_front(None);
            self.first -= 1;
        }
        let index = (gid.0 - self.first) as usize;
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        let before = self.slots[index].replace(value);
        self.len += usize::from(before.is_none());
        before
    }

    /// Keeps nothing for `gid` any more and returns what was kept.
    #[inline]
    pub fn remove(&mut self, gid: Gid) -> Option<T> {
        let index = gid.0.wrapping_sub(self.first) as usize;
        let removed = self.slots.get_mut(index)?.take()?;
        self.len -= 1;
        if index == 0 {
            self.drop_empty_front();
        }
        Some(removed)
    }

    /// Keeps nothing for ids below `least` any more.
    #[inline]
    pub fn remove_below(&mut self, least: Gid) {
        while self.first < least.0
            && let Some(slot) = self.slots.pop_front()
        {
            self.len -= usize::from(slot.is_some());
            self.first += 1;
        }
        self.drop_empty_front();
    }

    /// All that is kept, by ascending id.
    pub fn iter(&self) -> impl Iterator<Item = (Gid, &T)> {
        (0..).zip(&self.slots).filter_map(|(at, slot)| Some((Gid(self.first + at), slot.as_ref()?)))
    }

    fn drop_empty_front(&mut self) {
        while let Some(None) = self.slots.front() {
            self.slots.pop_front();
            // Behind the greatest id there is none, and nothing to be found by it.
            self.first = self.first.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gid_list::GidList;

    /// Both maps by id, against a tree map, on any sequence.
    macro_rules! agrees_with_a_tree_map {
        ($map:ty, $spread:expr) => {{
            let mut ours = <$map>::default();
            let mut model = std::collections::BTreeMap::new();
            // A small linear congruential generator: any sequence will do, as long as it is always the same one.
            let mut state = 7u32;
            for step in 0..20_000u32 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let gid = Gid(1 + step / 50 + (state >> 16) % $spread);
                match state >> 29 {
                    0..=3 => assert_eq!(ours.insert(gid, step), model.insert(gid, step)),
                    4..=6 => assert_eq!(ours.remove(gid), model.remove(&gid)),
                    _ => {
                        let least = Gid(gid.0.saturating_sub(30));
                        ours.remove_below(least);
                        model = model.split_off(&least);
                    }
                }
                assert_eq!(ours.get(gid), model.get(&gid));
                assert_eq!(ours.get_mut(gid), model.get_mut(&gid));
                assert_eq!((ours.len(), ours.is_empty()), (model.len(), model.is_empty()));
                assert_eq!(ours.first(), model.keys().next().copied());
            }
            assert!(ours.iter().map(|(gid, &value)| (gid, value)).eq(model));
        }};
    }

    #[test]
    fn a_window_agrees_with_a_tree_map_on_any_sequence() {
        agrees_with_a_tree_map!(GidMap<u32>, 40);
        agrees_with_a_tree_map!(GidMap<u32>, 5);
    }

    #[test]
    fn a_list_agrees_with_a_tree_map_on_any_sequence() {
        agrees_with_a_tree_map!(GidList<u32>, 40);
        agrees_with_a_tree_map!(GidList<u32>, 5);
    }

    #[test]
    fn the_greatest_id_comes_and_goes_like_any_other() {
        let mut ours = GidMap::default();
        ours.insert(Gid(u32::MAX), 'a');
        assert!(ours.iter().eq([(Gid(u32::MAX), &'a')]));
        assert_eq!((ours.remove(Gid(u32::MAX)), ours.first()), (Some('a'), None));
        ours.insert(Gid(7), 'b');
        assert!(ours.iter().eq([(Gid(7), &'b')]));
    }
}
