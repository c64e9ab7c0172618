//! A hash table from pairs of numbers to numbers, of which nobody asks the order: twelve bytes a slot, no deletion,
//! and the same on every run.

const EMPTY: u32 = u32::MAX;

/// From (u32, u32) to any u32 but the greatest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    slots: Vec<(u32, u32, u32)>,
    len: usize,
}

impl Table {
    /// Whether nothing is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is kept under this key.
    #[inline]
    pub(crate) fn get(&self, key: (u32, u32)) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let (_, _, value) = self.slots[self.place(key)];
        (value != EMPTY).then_some(value)
    }

    /// Keeps a value under the key, unless there is one, which is returned.
    #[inline]
    pub(crate) fn insert(&mut self, key: (u32, u32), value: u32) -> Option<u32> {
        debug_assert_ne!(value, EMPTY, "the greatest number marks an empty slot");
        if self.len * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let place = self.place(key);
        let (_, _, present) = self.slots[place];
        if present != EMPTY {
            return Some(present);
        }
        self.slots[place] = (key.0, key.1, value);
        self.len += 1;
        None
    }

    /// Keeps a value under the key, in place of the one before.
    pub(crate) fn replace(&mut self, key: (u32, u32), value: u32) {
        if self.insert(key, value).is_some() {
            let place = self.place(key);
            self.slots[place].2 = value;
        }
    }

    /// The slot of the key, or the empty one where it would go.
    #[inline]
    fn place(&self, key: (u32, u32)) -> usize {
        let mask = self.slots.len() - 1;
        let mut place = mix(key) as usize & mask;
        loop {
            let (first, second, value) = self.slots[place];
            if value == EMPTY || (first, second) == key {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(16);
        let before = std::mem::replace(&mut self.slots, vec![(0, 0, EMPTY); slots]);
        for slot in before.into_iter().filter(|slot| slot.2 != EMPTY) {
            let place = self.place((slot.0, slot.1));
            self.slots[place] = slot;
        }
    }
}

/// Spreads keys over the table (the finalizer of SplitMix64, Steele et al., 2014).
#[inline]
fn mix((first, second): (u32, u32)) -> u64 {
    let mut bits = (u64::from(first) << 32 | u64::from(second)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A hash of a text (FNV-1a, 32 bits twice).
pub(super) fn hash(text: &[u8]) -> (u32, u32) {
    let bits = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |bits, &byte| {
        (bits ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    ((bits >> 32) as u32, bits as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_and_nothing_else() {
        let mut table = Table::default();
        assert_eq!(table.get((1, 2)), None);
        for n in 0..10_000 {
            assert_eq!(table.insert((n, n * 7), n), None);
        }
        for n in 0..10_000 {
            assert_eq!(table.get((n, n * 7)), Some(n));
            assert_eq!(table.get((n, n * 7 + 1)), None);
        }
        assert_eq!(table.insert((3, 21), 5), Some(3));
        assert_eq!(table.get((3, 21)), Some(3));
        table.replace((3, 21), 5);
        assert_eq!(table.get((3, 21)), Some(5));
    }
}
