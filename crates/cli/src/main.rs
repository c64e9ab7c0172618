//! The program `2pc-test`.

fn main() {}
