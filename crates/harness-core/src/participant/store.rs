//! A participant's items: each a value, who wrote it, and its lock.

use std::collections::{BTreeMap, VecDeque};

use history::{Gid, Key, LockMode, Value};
use smallvec::SmallVec;

/// All items, indexed by key.
#[derive(Debug, Default)]
pub(super) struct Store {
    items: Vec<Item>,
    /// The locks of those items that say so.
    several: BTreeMap<u32, Holders>,
    written: u64,
}

/// One item. An item that nobody wrote holds 0, written by [`Gid::INITIAL`].
#[derive(Clone, Debug)]
struct Item {
    value: Value,
    writer: Gid,
    lock: Lock,
}

const _: () = assert!(size_of::<Item>() <= 16, "four items a cache line: a store is read at random");

/// Who holds an item. Nearly always it is nobody, or one writer that nobody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lock(Gid);

impl Lock {
    /// Nobody holds it.
    const FREE: Self = Self(Gid::INITIAL);
    /// There is more to say than who writes.
    const SEVERAL: Self = Self(Gid(u32::MAX));
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
        Self { value: Value(0), writer: Gid::INITIAL, lock: Lock::FREE }
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
        if *lock == Lock::FREE && mode == LockMode::Exclusive {
            *lock = Lock(gid);
            return true;
        }
        let before = std::mem::replace(lock, Lock::SEVERAL);
        let holders = self.several.entry(key.0).or_default();
        if before != Lock::FREE && before != Lock::SEVERAL {
            holders.grant(before.0, LockMode::Exclusive);
        }
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
        if let Some(holders) = self.several.get_mut(&key.0) {
            holders.waiting.retain(|&(other, _)| other != gid);
            holders.grant_next(granted);
        }
    }

    /// Gives up these locks. Those who waited first may be `granted` them.
    pub(super) fn release(&mut self, gid: Gid, keys: &[(Key, LockMode)], granted: &mut SmallVec<[Gid; 4]>) {
        for &(key, _) in keys {
            let lock = &mut self.item_mut(key).lock;
            if *lock != Lock::SEVERAL {
                *lock = Lock::FREE;
                continue;
            }
            let holders = self.several.get_mut(&key.0).expect("the lock says that there are several");
            holders.holding.retain(|holder| *holder != gid);
            if holders.holding.is_empty() {
                holders.mode = None;
            }
            holders.grant_next(granted);
            if holders.holding.is_empty() && holders.waiting.is_empty() {
                self.several.remove(&key.0);
                self.item_mut(key).lock = Lock::FREE;
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
        let held = (0..).zip(&self.items).filter(|(_, item)| item.lock != Lock::FREE);
        let holding = held.flat_map(|(key, item)| {
            let holding = match self.several.get(&key) {
                Some(holders) => &holders.holding[..],
                None => std::slice::from_ref(&item.lock.0),
            };
            holding.iter().map(move |&gid| (gid, Key(key)))
        });
        holding.collect()
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
