//! Operations as Jepsen writes them: maps with `:type`, `:process`, `:f` and `:value`, in any order, on any lines, or
//! all in one vector. What a process without a number does (the nemesis) is not a client's and is left out.

use std::io::Read;

use super::super::bank::BankHistory;
use super::super::history::{Ending, Model};
use super::super::recorder::{Done, Phase, Recorder};
use super::super::words::Word;
use super::Recording;
use super::edn::{Edn, Token};
use super::micro_ops::{Found, NOT_A_BALANCE, Shape, Value, Verb};
use super::source::{Place, ReadError};

/// What an operation says of itself, beside its value.
#[derive(Clone, Copy, Debug, Default)]
struct Fields {
    place: Place,
    phase: Option<Phase>,
    process: Option<Process>,
    function: Function,
    index: Option<u32>,
}

/// What an operation is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Function {
    ReadBank,
    Transfer,
    #[default]
    Other,
}

#[derive(Clone, Copy, Debug)]
enum Process {
    Client(Word),
    Other,
}

struct Jepsen<R> {
    edn: Edn<R>,
    value: Value,
    recorder: Recorder,
    bank: BankHistory,
    /// What the values are: told, or seen at this place.
    model: Option<(Model, Place)>,
    /// The last index.
    index: Option<u32>,
    elements: Vec<Word>,
}

pub(super) fn read<R: Read>(edn: Edn<R>, model: Option<Model>) -> Result<Recording, ReadError> {
    let mut jepsen = Jepsen {
        edn,
        value: Value::default(),
        recorder: Recorder::default(),
        bank: BankHistory::default(),
        model: model.map(|model| (model, Place::default())),
        index: None,
        elements: Vec::new(),
    };
    while let Some(token) = jepsen.edn.next()? {
        match token {
            Token::Open(b'{') => jepsen.operation()?,
            Token::Open(b'[' | b'(') if jepsen.edn.depth() == 1 => {}
            Token::Close(_) => {}
            _ => {
                return jepsen
                    .edn
                    .complain("expected an operation, such as {:type :ok, :process 0, :value ..}");
            }
        }
    }
    jepsen.finish()
}

impl<R: Read> Jepsen<R> {
    /// Reads one operation, whose bracket has been read.
    fn operation(&mut self) -> Result<(), ReadError> {
        let mut fields = Fields { place: self.edn.place(), ..Fields::default() };
        self.value.clear();
        loop {
            let name = match self.edn.expect("a key")? {
                Token::Close(_) => break,
                Token::Keyword => match self.edn.text() {
                    b":type" => 1,
                    b":process" => 2,
                    b":f" => 3,
                    b":value" => 4,
                    b":index" => 5,
                    _ => 0,
                },
                token => {
                    self.edn.skip(token)?;
                    0
                }
            };
            let token = self.edn.expect("a value")?;
            if let Token::Close(_) = token {
                return self.edn.complain("a key without a value");
            }
            match name {
                1 => fields.phase = Some(self.phase(token)?),
                2 => fields.process = Some(self.process(token)?),
                3 => {
                    let text = if token == Token::Keyword { self.edn.text() } else { b"" };
                    fields.function = match text {
                        b":read" => Function::ReadBank,
                        b":transfer" => Function::Transfer,
                        _ => Function::Other,
                    };
                    self.edn.skip(token)?;
                }
                4 => {
                    let model = self.model.map(|(model, _)| model);
                    let words = &mut self.recorder.history.words;
                    self.value.read(&mut self.edn, token, words, model)?;
                }
                5 => fields.index = self.index(token)?,
                _ => self.edn.skip(token)?,
            }
        }
        self.deliver(fields)
    }

    fn phase(&mut self, token: Token) -> Result<Phase, ReadError> {
        let text = if token == Token::Keyword { self.edn.text() } else { b"" };
        match text {
            b":invoke" => Ok(Phase::Invoked),
            b":ok" => Ok(Phase::Completed(Ending::Committed)),
            b":fail" => Ok(Phase::Completed(Ending::Aborted)),
            b":info" => Ok(Phase::Completed(Ending::Unknown)),
            _ => self.edn.complain("the :type of an operation is :invoke, :ok, :fail or :info"),
        }
    }

    fn process(&mut self, token: Token) -> Result<Process, ReadError> {
        match token {
            Token::Integer(number) => {
                let word = self.recorder.history.words.integer(number);
                word.map_or_else(|| self.edn.complain("too many processes"), |word| Ok(Process::Client(word)))
            }
            token => self.edn.skip(token).map(|()| Process::Other),
        }
    }

    fn index(&mut self, token: Token) -> Result<Option<u32>, ReadError> {
        let index = match token {
            Token::Nil => return Ok(None),
            Token::Integer(number) => u32::try_from(number).ok(),
            _ => None,
        };
        let Some(index) = index else {
            return self.edn.complain("the :index of an operation is a whole number below 4294967296");
        };
        if self.index.is_some_and(|before| before >= index) {
            let before = self.index.unwrap_or_default();
            return self.edn.complain(format!(
                "index {index} comes after index {before}: operations are not in the order in which they happened"
            ));
        }
        self.index = Some(index);
        Ok(Some(index))
    }

    /// Hands a whole operation on to who keeps it.
    fn deliver(&mut self, fields: Fields) -> Result<(), ReadError> {
        let Some(phase) = fields.phase else {
            return Err(ReadError::at(fields.place, "this operation has no :type"));
        };
        let process = match fields.process {
            Some(Process::Client(process)) => process,
            Some(Process::Other) => return Ok(()),
            None => return Err(ReadError::at(fields.place, "this operation has no :process")),
        };
        let known = self.model.map(|(model, _)| model);
        let is_bank = match known {
            Some(model) => model == Model::Bank,
            None => fields.function != Function::Other && self.value.shape != Shape::Transaction,
        };
        if is_bank {
            self.model.get_or_insert((Model::Bank, fields.place));
            return self.deliver_to_bank(phase, fields);
        }
        let steps_known = match (&self.value.shape, phase) {
            (Shape::Transaction, _) => true,
            (Shape::Nothing, Phase::Completed(Ending::Committed)) => {
                return Err(ReadError::at(
                    fields.place,
                    "this operation has no :value, so what it did is not known",
                ));
            }
            (Shape::Nothing, _) => false,
            (Shape::Balances, _) => {
                let reason =
                    "a map is no transaction: a history of a bank is one of :f :read and :f :transfer";
                return Err(ReadError::at(self.value.place, reason));
            }
            (Shape::Other(place, reason), _) => return Err(ReadError::at(*place, *reason)),
        };
        if steps_known {
            self.convert(phase)?;
        }
        let line = fields.place.line;
        let done = Done { process, phase, index: fields.index, line, steps_known };
        match self.recorder.record(done) {
            Some(()) => Ok(()),
            None => Err(ReadError::at(fields.place, "more operations than can be counted")),
        }
    }

    /// Turns the steps as they are written into those that are kept.
    fn convert(&mut self, phase: Phase) -> Result<(), ReadError> {
        let is_known = phase == Phase::Completed(Ending::Committed);
        for index in 0..self.value.steps.len() {
            let step = self.value.steps[index];
            let model = match (step.verb, step.found) {
                (Verb::Append, _) | (Verb::Read, Found::List { .. }) => Some(Model::ListAppend),
                (Verb::Write, _) | (Verb::Read, Found::Word(_)) => Some(Model::Register),
                (Verb::Read, Found::Nothing) => None,
            };
            if let Some(model) = model {
                self.agree(model, step.place)?;
            }
            let kept = match (step.verb, step.found) {
                (Verb::Append | Verb::Write, Found::Word(word)) => self.recorder.write(step.key, word),
                // What was found is known if the transaction was committed, or said so all the same.
                (Verb::Read, Found::Nothing) if is_known => self.recorder.read(step.key, Word::NIL),
                (Verb::Read, Found::Word(word)) if phase.happened() => self.recorder.read(step.key, word),
                (Verb::Read, Found::List { first, length }) if phase.happened() => {
                    self.elements.clear();
                    self.elements.extend_from_slice(&self.value.elements[first..first + length]);
                    self.recorder.read_list(step.key, &self.elements)
                }
                _ => Some(()),
            };
            if kept.is_none() {
                return Err(ReadError::at(step.place, "more keys than can be counted"));
            }
        }
        Ok(())
    }

    /// A history has one model.
    fn agree(&mut self, model: Model, place: Place) -> Result<(), ReadError> {
        match self.model {
            None => self.model = Some((model, place)),
            Some((known, _)) if known == model => {}
            Some((known, seen)) => {
                let what = |model| if model == Model::ListAppend { "lists" } else { "registers" };
                let since = if seen.line == 0 { "as told".to_owned() } else { format!("since {seen}") };
                let reason =
                    format!("a step on {}, but this is a history of {}, {since}", what(model), what(known));
                return Err(ReadError::at(place, reason));
            }
        }
        Ok(())
    }

    fn deliver_to_bank(&mut self, phase: Phase, fields: Fields) -> Result<(), ReadError> {
        let fail = |place, reason: &str| Err(ReadError::at(place, reason));
        if phase != Phase::Completed(Ending::Committed) {
            return Ok(());
        }
        match (fields.function, &self.value.shape) {
            (Function::Transfer, _) => {
                self.bank.transfers += 1;
                Ok(())
            }
            (Function::ReadBank, Shape::Balances) => {
                let kept = self.bank.read(fields.index, fields.place.line, &self.value.balances);
                kept.map_or_else(|| fail(fields.place, "more reads than can be counted"), Ok)
            }
            (Function::ReadBank, Shape::Nothing) => {
                fail(fields.place, "this read has no :value, so what it found is not known")
            }
            (Function::ReadBank, Shape::Other(place, NOT_A_BALANCE)) => fail(*place, NOT_A_BALANCE),
            (Function::ReadBank, _) => {
                fail(self.value.place, "a read of a bank is a map of all accounts and their balances")
            }
            (Function::Other, _) => {
                fail(fields.place, "the :f of an operation of a bank is :read or :transfer")
            }
        }
    }

    fn finish(mut self) -> Result<Recording, ReadError> {
        if let Some((Model::Bank, _)) = self.model {
            self.bank.words = self.recorder.history.words;
            return Ok(Recording::Bank(self.bank));
        }
        self.recorder.history.model = self.model.map(|(model, _)| model);
        match self.recorder.finish() {
            Some(history) => Ok(Recording::Transactions(history)),
            None => self.edn.complain("more operations than can be counted"),
        }
    }
}
