//! Keys and values as numbers: small integers are themselves, all else is kept once and numbered.

use std::borrow::Cow;

use super::table::{Table, hash};

/// A key, a value or an element as a history writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Word(pub(crate) u32);

impl Word {
    /// The initial state of a register: nothing.
    pub(crate) const NIL: Self = Self(u32::MAX);
    /// Words from here on are texts.
    const TEXT: u32 = 1 << 31;
}

/// The texts among the words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<u32>,
    /// The last text with each hash.
    known: Table,
    /// For each text, the one before it with the same hash, plus one.
    same_hash: Vec<u32>,
}

impl Words {
    /// The word for an integer.
    #[inline]
    pub(crate) fn integer(&mut self, number: i64) -> Option<Word> {
        match u32::try_from(number) {
            Ok(small) if small < Word::TEXT => Some(Word(small)),
            _ => self.text(number.to_string().as_bytes()),
        }
    }

    /// The word for a text; none if there are too many, or they are too long together.
    pub(crate) fn text(&mut self, text: &[u8]) -> Option<Word> {
        let hash = hash(text);
        let last = self.known.get(hash);
        let mut next = last;
        while let Some(number) = next {
            if self.bytes_of(number) == text {
                return Some(Word(Word::TEXT | number));
            }
            next = self.same_hash[number as usize].checked_sub(1);
        }
        let number = u32::try_from(self.ends.len()).ok().filter(|&number| number < Word::TEXT - 1)?;
        let end = u32::try_from(self.bytes.len() + text.len()).ok()?;
        self.bytes.extend_from_slice(text);
        self.ends.push(end);
        self.same_hash.push(last.map_or(0, |last| last + 1));
        self.known.replace(hash, number);
        Some(Word(Word::TEXT | number))
    }

    /// The word as it was written.
    pub(crate) fn show(&self, word: Word) -> Cow<'_, str> {
        if word == Word::NIL {
            Cow::Borrowed("nil")
        } else if word.0 < Word::TEXT {
            Cow::Owned(word.0.to_string())
        } else {
            String::from_utf8_lossy(self.bytes_of(word.0 & !Word::TEXT))
        }
    }

    fn bytes_of(&self, number: u32) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        &self.bytes[start as usize..self.ends[number as usize] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_shows_as_it_was_written_and_is_kept_once() {
        let mut words = Words::default();
        let all = [
            words.integer(7),
            words.integer(-7),
            words.integer(1 << 31),
            words.text(b":x"),
            words.text(b":y"),
            words.text(b""),
        ];
        let all = all.map(|word| word.expect("there is room"));
        let shown: Vec<_> = all.iter().map(|&word| words.show(word).into_owned()).collect();
        assert_eq!(shown, ["7", "-7", "2147483648", ":x", ":y", ""]);
        assert_eq!(words.text(b":x"), Some(all[3]));
        assert_eq!(words.integer(-7), Some(all[1]));
        assert_eq!(words.show(Word::NIL), "nil");
    }
}
