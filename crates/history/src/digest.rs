//! A 64-bit fingerprint of a history: equal for equal histories, on every machine and in every build.
//!
//! It tells runs apart; it is no defence against an adversary.

use std::hash::{Hash, Hasher};

use crate::event::Event;

/// The fingerprint of the events taken in so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// Takes in one more event.
    #[inline]
    pub fn add(&mut self, event: &Event) {
        let mut fields = Fields::default();
        event.hash(&mut fields);
        fields.close_pair();
        self.0 = (self.0.rotate_left(5) ^ fields.sum).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// The fingerprint as a number.
    pub fn value(self) -> u64 {
        // A final mix (that of MurmurHash3), so that the last events reach every bit.
        let mut hash = self.0;
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.value())
    }
}

/// The fields of one event, packed into pairs of words, and the two of a pair multiplied with each other, so that the
/// products do not wait for each other (as in NH; Black et al., *UMAC: Fast and Secure Message Authentication*, 1999).
/// Where a field stands depends on the kind of event alone, so the compiler does the packing.
#[derive(Default)]
struct Fields {
    pair: u128,
    bits: u32,
    pairs: usize,
    sum: u64,
}

impl Fields {
    #[inline(always)]
    fn push(&mut self, field: u64, bits: u32) {
        if self.bits + bits > 128 {
            self.close_pair();
        }
        self.pair |= u128::from(field) << self.bits;
        self.bits += bits;
    }

    #[inline(always)]
    fn close_pair(&mut self) {
        let [low, high] = MASKS[self.pairs & 3];
        let (low, high) = (self.pair as u64 ^ low, (self.pair >> 64) as u64 ^ high);
        let product = u128::from(low) * u128::from(high);
        self.sum = self.sum.wrapping_add(product as u64 ^ (product >> 64) as u64);
        self.pairs += 1;
        (self.pair, self.bits) = (0, 0);
    }
}

/// What the words of each pair are masked with, so that a field of 0 takes nothing from its neighbour.
const MASKS: [[u64; 2]; 4] = masks();

const fn masks() -> [[u64; 2]; 4] {
    let mut masks = [[0; 2]; 4];
    let (mut index, mut state) = (0, 0u64);
    while index < 8 {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        masks[index / 2][index % 2] = mixed ^ (mixed >> 31);
        index += 1;
    }
    masks
}

impl Hasher for Fields {
    fn finish(&self) -> u64 {
        self.sum
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.push(byte.into(), 8));
    }

    #[inline(always)]
    fn write_u8(&mut self, n: u8) {
        self.push(n.into(), 8);
    }

    #[inline(always)]
    fn write_u32(&mut self, n: u32) {
        self.push(n.into(), 32);
    }

    #[inline(always)]
    fn write_u64(&mut self, n: u64) {
        self.push(n, 64);
    }

    #[inline(always)]
    fn write_i64(&mut self, n: i64) {
        self.push(n.cast_unsigned(), 64);
    }

    /// The place of a variant among its siblings, of which there are fewer than 256 everywhere.
    #[inline(always)]
    fn write_isize(&mut self, n: isize) {
        self.push(n as u64 & 0xff, 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decision, Fact, Gid, Nanos, NodeId};

    fn decided(at: u64, gid: u32, decision: Decision) -> Event {
        let fact = Fact::Decided { gid: Gid(gid), decision };
        Event { at: Nanos(at), node: NodeId::COORDINATOR, fact }
    }

    fn of(events: &[Event]) -> String {
        let mut digest = Digest::default();
        events.iter().for_each(|event| digest.add(event));
        digest.to_string()
    }

    #[test]
    fn it_is_the_same_in_every_build() {
        let events = [decided(1, 1, Decision::Commit), decided(2, 2, Decision::Abort)];
        insta::assert_snapshot!(of(&events), @"19f5980a8bb8a5ad");
    }

    #[test]
    fn every_field_and_the_order_count() {
        let (one, two) = (decided(1, 1, Decision::Commit), decided(2, 2, Decision::Abort));
        let others = [
            vec![one],
            vec![two, one],
            vec![decided(9, 1, Decision::Commit), two],
            vec![decided(1, 9, Decision::Commit), two],
            vec![decided(1, 1, Decision::Abort), two],
            vec![Event { node: NodeId::coordinator(1), ..one }, two],
        ];
        assert!(others.iter().all(|other| of(other) != of(&[one, two])));
    }
}
