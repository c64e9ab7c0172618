//! A map from small numbers to anything: an array where the numbers are dense, a tree for those far off.

use std::collections::BTreeMap;

/// A map by number in which everything is present and default until changed.
#[derive(Debug)]
pub(crate) struct Dense<T> {
    near: Vec<T>,
    far: BTreeMap<u32, T>,
}

impl<T> Default for Dense<T> {
    fn default() -> Self {
        Self { near: Vec::new(), far: BTreeMap::new() }
    }
}

impl<T: Default> Dense<T> {
    /// What is kept for `number`, to change it.
    #[inline]
    pub(crate) fn get_mut(&mut self, number: u32) -> &mut T {
        let index = number as usize;
        if index < self.near.len() { &mut self.near[index] } else { self.get_mut_beyond(number) }
    }

    /// What is kept for `number`, if it was ever reached.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.near.get(number as usize).or_else(|| self.far.get(&number))
    }

    /// All that is kept, by ascending number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let far = self.far.iter().map(|(&number, value)| (number, value));
        (0..).zip(&self.near).chain(far)
    }

    #[cold]
    fn get_mut_beyond(&mut self, number: u32) -> &mut T {
        let index = number as usize;
        // The array grows by little at a time, or once enough numbers are kept in the tree to fill a fair share of
        // it: numbers that are far apart cost a node of the tree each and no more.
        if index >= self.near.len() + 64 + 4 * self.far.len() {
            return self.far.entry(number).or_default();
        }
        self.near.resize_with(index + 1, T::default);
        while let Some(entry) = self.far.first_entry()
            && *entry.key() <= number
        {
            let (number, value) = entry.remove_entry();
            self.near[number as usize] = value;
        }
        &mut self.near[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_a_tree_map_for_near_and_far_numbers() {
        let mut ours = Dense::<u32>::default();
        let mut model = BTreeMap::new();
        // A small linear congruential generator: any sequence will do, as long as it is always the same one.
        let mut state = 7u32;
        for step in 1..5_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let number = if state >> 28 == 0 { state } else { (state >> 16) % 700 };
            *ours.get_mut(number) = step;
            model.insert(number, step);
            assert_eq!(ours.get(number), model.get(&number));
        }
        let kept = ours.iter().filter(|&(_, &value)| value > 0).map(|(number, &value)| (number, value));
        assert!(kept.eq(model));
        assert!(ours.near.len() < 1_400, "{} slots for 700 dense numbers", ours.near.len());
    }
}
