//! The value of an operation: the steps of a transaction, the balances that a bank showed, or something else, which
//! is an error only if the operation turns out to be a client's.

use std::io::Read;

use super::super::history::Model;
use super::super::words::{Word, Words};
use super::edn::{Edn, Token};
use super::source::{Place, ReadError};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Append,
    Write,
    Read,
}

/// What a step adds, sets or finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Word(Word),
    /// These of the elements of [`Value`].
    List {
        first: usize,
        length: usize,
    },
}

/// One step, as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct MicroOp {
    pub(super) place: Place,
    pub(super) verb: Verb,
    pub(super) key: Word,
    pub(super) found: Found,
}

/// What kind of value it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// None, or nil.
    #[default]
    Nothing,
    Transaction,
    Balances,
    /// None of these, for this reason.
    Other(Place, &'static str),
}

/// The value that was read last; what it holds is reused.
#[derive(Debug, Default)]
pub(super) struct Value {
    pub(super) shape: Shape,
    pub(super) place: Place,
    pub(super) steps: Vec<MicroOp>,
    pub(super) elements: Vec<Word>,
    pub(super) balances: Vec<(Word, Option<i64>)>,
    text: Vec<u8>,
}

pub(super) const NOT_A_BALANCE: &str = "a balance is a whole number, or nil";
const STEPS: &str = "the value of a transaction is a list of steps, such as [[:r 1 nil] [:append 2 3]]";

impl Value {
    pub(super) fn clear(&mut self) {
        self.shape = Shape::Nothing;
        self.steps.clear();
        self.elements.clear();
        self.balances.clear();
    }

    /// Reads the form that begins with this token.
    pub(super) fn read<R: Read>(
        &mut self,
        edn: &mut Edn<R>,
        first: Token,
        words: &mut Words,
        model: Option<Model>,
    ) -> Result<(), ReadError> {
        self.clear();
        self.place = edn.place();
        let depth = edn.depth();
        self.shape = match first {
            Token::Nil => Shape::Nothing,
            Token::Open(b'[' | b'(') => self.transaction(edn, words, model)?,
            Token::Open(b'{') => self.map(edn, words)?,
            _ => Shape::Other(edn.place(), STEPS),
        };
        // Whatever is left of something else.
        if let Token::Open(_) = first {
            edn.leave(depth - 1)?;
        }
        Ok(())
    }

    fn transaction<R: Read>(
        &mut self,
        edn: &mut Edn<R>,
        words: &mut Words,
        model: Option<Model>,
    ) -> Result<Shape, ReadError> {
        loop {
            match edn.expect("a step")? {
                Token::Close(_) => return Ok(Shape::Transaction),
                Token::Open(b'[' | b'(') => {}
                _ => return Ok(Shape::Other(edn.place(), STEPS)),
            }
            let place = edn.place();
            let verb = match edn.expect("what the step does")? {
                Token::Keyword => match edn.text() {
                    b":append" => Verb::Append,
                    b":w" => Verb::Write,
                    b":r" => Verb::Read,
                    _ => return Ok(Shape::Other(edn.place(), "a step is an :append, a :w or an :r")),
                },
                _ => return Ok(Shape::Other(edn.place(), STEPS)),
            };
            let key = match edn.expect("a key")? {
                Token::Close(_) => return Ok(Shape::Other(edn.place(), "this step has no key")),
                token => self.word(edn, token, words)?,
            };
            let (found, closed) = match edn.expect("a value")? {
                Token::Close(_) => (Found::Nothing, true),
                Token::Nil => (Found::Nothing, false),
                Token::Open(b'[' | b'(') if verb == Verb::Read && model != Some(Model::Register) => {
                    (self.list(edn, words)?, false)
                }
                token => (Found::Word(self.word(edn, token, words)?), false),
            };
            if verb != Verb::Read && found == Found::Nothing {
                return Ok(Shape::Other(place, "this step writes nothing"));
            }
            if !closed && !matches!(edn.expect("the end of the step")?, Token::Close(_)) {
                return Ok(Shape::Other(edn.place(), "a step is a verb, a key and a value, and no more"));
            }
            self.steps.push(MicroOp { place, verb, key, found });
        }
    }

    #[inline]
    fn list<R: Read>(&mut self, edn: &mut Edn<R>, words: &mut Words) -> Result<Found, ReadError> {
        let first = self.elements.len();
        loop {
            match edn.expect("an element")? {
                Token::Close(_) => return Ok(Found::List { first, length: self.elements.len() - first }),
                token => {
                    let word = self.word(edn, token, words)?;
                    self.elements.push(word);
                }
            }
        }
    }

    fn map<R: Read>(&mut self, edn: &mut Edn<R>, words: &mut Words) -> Result<Shape, ReadError> {
        let mut shape = Shape::Balances;
        loop {
            let name = match edn.expect("an account")? {
                Token::Close(_) => return Ok(shape),
                token => self.word(edn, token, words)?,
            };
            let balance = match edn.expect("a balance")? {
                Token::Integer(balance) => Some(balance),
                Token::Nil => None,
                Token::Close(_) => return edn.complain("a key without a value"),
                token => {
                    shape = Shape::Other(edn.place(), NOT_A_BALANCE);
                    edn.skip(token)?;
                    None
                }
            };
            self.balances.push((name, balance));
        }
    }

    #[inline]
    fn word<R: Read>(
        &mut self,
        edn: &mut Edn<R>,
        token: Token,
        words: &mut Words,
    ) -> Result<Word, ReadError> {
        let word = if let Token::Integer(number) = token {
            words.integer(number)
        } else {
            self.text.clear();
            edn.write_form(token, &mut self.text)?;
            words.text(&self.text)
        };
        word.map_or_else(|| edn.complain("more different keys and values than can be counted"), Ok)
    }
}
