//! Many short lists in two vectors: the items of each row, one row after the other.

use std::ops::Range;

/// Items by row.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Rows {
    /// From pairs of a row and an item, which stay in their order within each row.
    pub(super) fn of(pairs: &[(u32, u32)], rows: usize) -> Self {
        let mut starts = vec![0u32; rows + 1];
        for &(row, _) in pairs {
            starts[row as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut items = vec![0; pairs.len()];
        for &(row, item) in pairs {
            let place = &mut next[row as usize];
            items[*place as usize] = item;
            *place += 1;
        }
        Self { starts, items }
    }

    /// The items of a row.
    #[inline]
    pub(super) fn row(&self, row: u32) -> &[u32] {
        &self.items[self.range(row)]
    }

    /// Where the items of a row stand among all items.
    #[inline]
    pub(super) fn range(&self, row: u32) -> Range<usize> {
        self.starts[row as usize] as usize..self.starts[row as usize + 1] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_in_its_row_in_its_order() {
        let rows = Rows::of(&[(2, 5), (0, 1), (2, 3), (0, 9)], 4);
        let all: Vec<&[u32]> = (0..4).map(|row| rows.row(row)).collect();
        assert_eq!(all, [&[1, 9][..], &[], &[5, 3], &[]]);
        assert_eq!(rows.range(2), 2..4);
    }
}
