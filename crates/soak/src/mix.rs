//! Numbers out of numbers, the same for ever: seeds from a seed, and a digest of digests.

/// A number that looks like no other and is always the same for these (the finalizer of SplitMix64; Steele, Lea and
/// Flood, *Fast Splittable Pseudorandom Number Generators*, 2014).
pub(crate) fn mix(state: u64, number: u64) -> u64 {
    let mut mixed = state.rotate_left(23).wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A checksum of bytes (FNV-1a): any one that is changed shows. It is no defence against an adversary.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_same_for_ever() {
        assert_eq!([mix(0, 0), mix(0, 1), mix(1, 0)], [0, 0xe220_a839_7b1d_cdaf, 0xaefa_3200_7774_9c8b]);
        assert_eq!(checksum(b"2pc"), 0x6118_9518_2846_dd34);
    }
}
