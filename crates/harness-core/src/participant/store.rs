//! A participant's items: each a value, who wrote it, and its lock.

use std::collections::VecDeque;

use history::{Gid, Key, LockMode, Value};
use smallvec::SmallVec;

/// All items, indexed by key.
#[derive(Debug, Default)]
pub(super) struct Store {
    items: Vec<Item>,
    written: u64,
}

/// One item. An item that nobody wrote holds 0, written by [`Gid::INITIAL`].
#[derive(Clone, Debug)]
struct Item {
    value: Value,
    writer: Gid,
    lock: Lock,
}

const _: () = assert!(size_of::<Item>() <= 32, "two items a cache line: a store is read at random");

/// Who holds an item. Nearly always it is nobody, or one writer that nobody waits for.
#[derive(Clone, Debug, Default)]
enum Lock {
    #[default]
    Free,
    One(Gid),
    Several(Box<Holders>),
}

/// Who holds an item and who waits for it, in the order of arrival: nobody overtakes.
#[derive(Clone, Debug, Default)]
struct Holders {
    mode: Option<LockMode>,
    holding: SmallVec<[Gid; 2]>,
    waiting: VecDeque<(Gid, LockMode)>,
}

impl Default for Item {
    fn default() -> Self {
        Self { value: Value(0), writer: Gid::INITIAL, lock: Lock::Free }
    }
}

impl Lock {
    /// The same lock, written out.
    fn several(&mut self) -> &mut Holders {
        if !matches!(self, Self::Several(_)) {
            let mut holders = Holders::default();
            if let Self::One(gid) = *self {
                holders.grant(gid, LockMode::Exclusive);
            }
            *self = Self::Several(Box::new(holders));
        }
        match self {
            Self::Several(holders) => holders,
            Self::Free | Self::One(_) => unreachable!("it was just written out"),
        }
    }

    fn holding(&self) -> &[Gid] {
        match self {
            Self::Free => &[],
            Self::One(gid) => std::slice::from_ref(gid),
            Self::Several(holders) => &holders.holding,
        }
    }
}

impl Holders {
    fn admits(&self, mode: LockMode) -> bool {
        match self.mode {
            None => true,
            Some(held) => held == LockMode::Shared && mode == LockMode::Shared,
        }
    }

    fn grant(&mut self, gid: Gid, mode: LockMode) {
        self.mode = Some(mode);
        self.holding.push(gid);
    }

    fn grant_next(&mut self, granted: &mut SmallVec<[Gid; 4]>) {
        while let Some(&(gid, mode)) = self.waiting.front()
            && self.admits(mode)
        {
            self.waiting.pop_front();
            self.grant(gid, mode);
            granted.push(gid);
        }
    }
}

impl Store {
    /// Takes the lock, or queues for it and returns false.
    pub(super) fn lock(&mut self, gid: Gid, key: Key, mode: LockMode) -> bool {
        let lock = &mut self.item_mut(key).lock;
        if matches!(lock, Lock::Free) && mode == LockMode::Exclusive {
            *lock = Lock::One(gid);
            return true;
        }
        let holders = lock.several();
        let free = holders.waiting.is_empty() && holders.admits(mode);
        if free {
            holders.grant(gid, mode);
        } else {
            holders.waiting.push_back((gid, mode));
        }
        free
    }

    /// Leaves the queue for a lock. Those behind may be `granted` it.
    pub(super) fn stop_waiting(&mut self, gid: Gid, key: Key, granted: &mut SmallVec<[Gid; 4]>) {
        if let Lock::Several(holders) = &mut self.item_mut(key).lock {
            holders.waiting.retain(|&(other, _)| other != gid);
            holders.grant_next(granted);
        }
    }

    /// Gives up these locks. Those who waited first may be `granted` them.
    pub(super) fn release(&mut self, gid: Gid, keys: &[(Key, LockMode)], granted: &mut SmallVec<[Gid; 4]>) {
        for &(key, _) in keys {
            let lock = &mut self.item_mut(key).lock;
            let Lock::Several(holders) = lock else {
                *lock = Lock::Free;
                continue;
            };
            holders.holding.retain(|holder| *holder != gid);
            if holders.holding.is_empty() {
                holders.mode = None;
            }
            holders.grant_next(granted);
            if holders.holding.is_empty() && holders.waiting.is_empty() {
                *lock = Lock::Free;
            }
        }
    }

    /// The value of a key and who wrote it.
    pub(super) fn read(&self, key: Key) -> (Value, Gid) {
        self.items.get(key.0 as usize).map_or((Value(0), Gid::INITIAL), |item| (item.value, item.writer))
    }

    /// Sets the value of a key.
    pub(super) fn write(&mut self, key: Key, value: Value, writer: Gid) {
        let item = self.item_mut(key);
        let first = item.writer == Gid::INITIAL;
        (item.value, item.writer) = (value, writer);
        self.written += u64::from(first);
    }

    /// How many items were ever written.
    pub(super) fn written_count(&self) -> u64 {
        self.written
    }

    /// All items ever written: key, value, writer.
    pub(super) fn written(&self) -> impl Iterator<Item = (Key, Value, Gid)> {
        let written = self.items.iter().enumerate().filter(|(_, item)| item.writer != Gid::INITIAL);
        written.map(|(key, item)| (Key(key as u32), item.value, item.writer))
    }

    pub(super) fn contents(&self) -> Vec<(Key, Value)> {
        self.written().map(|(key, value, _)| (key, value)).collect()
    }

    pub(super) fn locks(&self) -> Vec<(Gid, Key)> {
        let keys = self.items.iter().enumerate();
        keys.flat_map(|(key, item)| item.lock.holding().iter().map(move |&gid| (gid, Key(key as u32))))
            .collect()
    }

    #[inline]
    fn item_mut(&mut self, key: Key) -> &mut Item {
        let index = key.0 as usize;
        if index >= self.items.len() {
            self.items.resize_with(index + 1, Item::default);
        }
        &mut self.items[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LockMode::{Exclusive, Shared};

    const K: Key = Key(3);

    fn released(store: &mut Store, gid: u32) -> Vec<Gid> {
        let mut granted = SmallVec::new();
        store.release(Gid(gid), &[(K, Shared)], &mut granted);
        granted.to_vec()
    }

    #[test]
    fn readers_share_and_writers_do_not() {
        let mut store = Store::default();
        assert!(store.lock(Gid(1), K, Shared) && store.lock(Gid(2), K, Shared));
        assert!(!store.lock(Gid(3), K, Exclusive));
        assert!(!store.lock(Gid(4), K, Shared), "nobody overtakes the writer");
        assert!(released(&mut store, 1).is_empty());
        assert_eq!(released(&mut store, 2), [Gid(3)]);
        assert_eq!(released(&mut store, 3), [Gid(4)]);
        assert_eq!(store.locks(), [(Gid(4), K)]);
    }

    #[test]
    fn who_stops_waiting_lets_those_behind_pass() {
        let mut store = Store::default();
        store.lock(Gid(1), K, Shared);
        store.lock(Gid(2), K, Exclusive);
        store.lock(Gid(3), K, Shared);
        let mut granted = SmallVec::new();
        store.stop_waiting(Gid(2), K, &mut granted);
        assert_eq!(granted.to_vec(), [Gid(3)]);
    }

    #[test]
    fn only_what_was_written_is_contained() {
        let mut store = Store::default();
        store.lock(Gid(1), Key(9), Shared);
        store.write(K, Value(5), Gid(1));
        assert_eq!(store.contents(), [(K, Value(5))]);
        assert_eq!(store.read(K), (Value(5), Gid(1)));
        assert_eq!(store.read(Key(1_000)), (Value(0), Gid::INITIAL));
    }
}
