//! A map from transactions to anything, for ids that are few and mostly ascending: one behind the other, so that what is
//! kept is close together however far apart the ids are.

use std::collections::VecDeque;

use crate::ids::Gid;

/// A map by [`Gid`]. Memory is one slot for each id present.
#[derive(Clone, Debug)]
pub struct GidList<T> {
    /// In ascending order.
    slots: VecDeque<(Gid, T)>,
}

impl<T> Default for GidList<T> {
    fn default() -> Self {
        Self { slots: VecDeque::new() }
    }
}

impl<T> GidList<T> {
    /// How many transactions are present.
    #[inline]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no transaction is present.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The least id present.
    #[inline]
    pub fn first(&self) -> Option<Gid> {
        self.slots.front().map(|&(gid, _)| gid)
    }

    /// What is kept for `gid`.
    #[inline]
    pub fn get(&self, gid: Gid) -> Option<&T> {
        let (found, slot) = self.slots.get(self.place(gid))?;
        (*found == gid).then_some(slot)
    }

    /// What is kept for `gid`, to change it.
    #[inline]
    pub fn get_mut(&mut self, gid: Gid) -> Option<&mut T> {
        let place = self.place(gid);
        let (found, slot) = self.slots.get_mut(place)?;
        (*found == gid).then_some(slot)
    }

    /// Keeps `value` for `gid` and returns what was kept before.
    #[inline]
    pub fn insert(&mut self, gid: Gid, value: T) -> Option<T> {
        let place = self.place(gid);
        match self.slots.get_mut(place) {
            None => self.slots.push_back((gid, value)),
            Some((found, slot)) if *found == gid => return Some(std::mem::replace(slot, value)),
            Some(_) => self.slots.insert(place, (gid, value)),
        }
        None
    }

    /// Keeps nothing for `gid` any more and returns what was kept.
    #[inline]
    pub fn remove(&mut self, gid: Gid) -> Option<T> {
        let place = self.place(gid);
        let (found, _) = self.slots.get(place)?;
        if *found != gid {
            return None;
        }
        self.slots.remove(place).map(|(_, value)| value)
    }

    /// Keeps nothing for ids below `least` any more.
    #[inline]
    pub fn remove_below(&mut self, least: Gid) {
        while self.slots.front().is_some_and(|&(gid, _)| gid < least) {
            self.slots.pop_front();
        }
    }

    /// All that is kept, by ascending id.
    pub fn iter(&self) -> impl Iterator<Item = (Gid, &T)> {
        self.slots.iter().map(|(gid, value)| (*gid, value))
    }

    /// Where `gid` is, or would be. The news is at the end, and a handful is searched faster one by one.
    #[inline]
    fn place(&self, gid: Gid) -> usize {
        match self.slots.back() {
            None => 0,
            Some(&(last, _)) if last < gid => self.slots.len(),
            Some(&(last, _)) if last == gid => self.slots.len() - 1,
            Some(_) if self.slots.len() > 8 => self.slots.partition_point(|&(other, _)| other < gid),
            Some(_) => self.slots.iter().take_while(|&&(other, _)| other < gid).count(),
        }
    }
}
