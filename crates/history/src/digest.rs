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
        event.hash(self);
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

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.value()
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(n.into());
    }

    fn write_u16(&mut self, n: u16) {
        self.write_u64(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(n.into());
    }

    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_i64(&mut self, n: i64) {
        self.write_u64(n.cast_unsigned());
    }

    // The width of a machine's word must not show.
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.write_u64((n as i64).cast_unsigned());
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
        insta::assert_snapshot!(of(&events), @"1ec638d2e162e8a8");
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
