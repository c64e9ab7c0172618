//! The lists that were read, each beginning kept once: a read is a place on a branch. As long as all reads of a key
//! agree there is one branch, and a read costs eight bytes however long it is.

use super::words::Word;

const NONE: u32 = u32::MAX;

/// The reads of one key that agree with each other.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) key: u32,
    pub(crate) elements: Vec<Word>,
    /// The branch of the same key that was begun before.
    before: u32,
}

/// What all reads of lists have shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    pub(crate) branches: Vec<Branch>,
    /// The last branch of each key.
    last: Vec<u32>,
    /// The first branch of each key.
    first: Vec<u32>,
}

impl Lists {
    /// Where a read of this key with these elements is: a branch, and how far along it.
    #[inline]
    pub(crate) fn place(&mut self, key: u32, elements: &[Word]) -> (u32, u32) {
        let index = key as usize;
        if index >= self.last.len() {
            self.last.resize(index + 1, NONE);
            self.first.resize(index + 1, NONE);
        }
        // The first branch is nearly always the only one; the last is the next best guess. Searching all of them
        // would take time without bound, and a branch too many harms nothing.
        for branch in [self.first[index], self.last[index]] {
            if branch != NONE && self.branches[branch as usize].takes(elements) {
                return (branch, elements.len() as u32);
            }
        }
        let number = self.branches.len() as u32;
        self.branches.push(Branch { key, elements: elements.to_vec(), before: self.last[index] });
        if self.first[index] == NONE {
            self.first[index] = number;
        }
        self.last[index] = number;
        (number, elements.len() as u32)
    }

    /// The elements at a place.
    #[inline]
    pub(crate) fn elements(&self, branch: u32, length: u32) -> &[Word] {
        &self.branches[branch as usize].elements[..length as usize]
    }

    /// The branches of a key, from the last to the first.
    pub(crate) fn of_key(&self, key: u32) -> impl Iterator<Item = (u32, &Branch)> {
        let mut next = self.last.get(key as usize).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let branch = self.branches.get(next as usize)?;
            let number = std::mem::replace(&mut next, branch.before);
            Some((number, branch))
        })
    }

    /// The longest list that was read of a key, the earliest of equals; empty if none was.
    pub(crate) fn longest(&self, key: u32) -> (u32, &[Word]) {
        // `max_by_key` takes the last of equals, which are the earliest here.
        let longest = self.of_key(key).max_by_key(|(_, branch)| branch.elements.len());
        longest.map_or((NONE, &[]), |(number, branch)| (number, &branch.elements))
    }
}

impl Branch {
    /// Whether these elements are its beginning, or it is theirs; then it grows to hold them.
    #[inline]
    fn takes(&mut self, elements: &[Word]) -> bool {
        let shared = self.elements.len().min(elements.len());
        if self.elements[..shared] != elements[..shared] {
            return false;
        }
        self.elements.extend_from_slice(&elements[shared..]);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(elements: &[u32]) -> Vec<Word> {
        elements.iter().copied().map(Word).collect()
    }

    #[test]
    fn reads_that_agree_share_a_branch_and_others_begin_one() {
        let mut lists = Lists::default();
        assert_eq!(lists.place(1, &list(&[1, 2])), (0, 2));
        assert_eq!(lists.place(1, &list(&[1])), (0, 1));
        assert_eq!(lists.place(1, &list(&[1, 2, 3])), (0, 3));
        assert_eq!(lists.place(1, &list(&[2])), (1, 1));
        assert_eq!(lists.place(1, &list(&[2, 9])), (1, 2));
        assert_eq!(lists.place(0, &list(&[])), (2, 0));
        assert_eq!(lists.longest(1), (0, list(&[1, 2, 3]).as_slice()));
        assert_eq!(lists.longest(7), (NONE, list(&[]).as_slice()));
        let of_key: Vec<u32> = lists.of_key(1).map(|(number, _)| number).collect();
        assert_eq!(of_key, [1, 0]);
        assert_eq!(lists.elements(1, 1), list(&[2]));
    }
}
