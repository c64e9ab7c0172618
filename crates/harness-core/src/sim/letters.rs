//! The messages under way. They are kept apart from what happens to them, so that what is yet to happen is plain data, and
//! a message stands still from the send to the delivery.

use history::{Gid, MessageKind};
use protocol::Message;

/// A message under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter {
    pub(super) gid: Gid,
    pub(super) kind: MessageKind,
    place: u32,
}

/// All messages under way.
#[derive(Debug, Default)]
pub(super) struct Letters {
    messages: Vec<Message>,
    free: Vec<u32>,
}

/// What stands where no message is.
const NOTHING: Message = Message::Recover;

impl Letters {
    /// Takes a message of this kind from where it is.
    #[inline(always)]
    pub(super) fn post(&mut self, message: &mut Message, gid: Gid, kind: MessageKind) -> Letter {
        if let Some(place) = self.free.pop() {
            std::mem::swap(&mut self.messages[place as usize], message);
            return Letter { gid, kind, place };
        }
        self.messages.push(std::mem::replace(message, NOTHING));
        Letter { gid, kind, place: self.messages.len() as u32 - 1 }
    }

    /// Hands out a message, once.
    #[inline(always)]
    pub(super) fn open(&mut self, letter: Letter) -> Message {
        self.free.push(letter.place);
        std::mem::replace(&mut self.messages[letter.place as usize], NOTHING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_holds_what_was_posted_and_its_place_is_used_again() {
        let mut letters = Letters::default();
        let commit = |gid| Message::Commit { gid: Gid(gid) };
        let post = |letters: &mut Letters, gid| letters.post(&mut commit(gid), Gid(gid), MessageKind::Commit);
        let [first, second] = [1, 2].map(|gid| post(&mut letters, gid));
        assert_eq!(letters.open(first), commit(1));
        let third = post(&mut letters, 3);
        assert_eq!((letters.open(second), letters.open(third)), (commit(2), commit(3)));
        assert_eq!(letters.messages.len(), 2);
    }
}
