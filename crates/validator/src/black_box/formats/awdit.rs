//! AWDIT's text: `w KEY VALUE` and `r KEY VALUE`, a line of hyphens after each transaction and a line of equals signs
//! after each session. All transactions are committed, and no time is recorded but the order in a session.

use std::io::Read;

use super::super::history::{ClientHistory, Ending, Model};
use super::super::recorder::{Done, Phase, Recorder};
use super::super::words::Word;
use super::source::{Place, ReadError, Source};

struct Awdit<R> {
    source: Source<R>,
    recorder: Recorder,
    session: i64,
    /// Where the transaction begins that is being read, if one is.
    began: Option<Place>,
}

pub(super) fn read<R: Read>(source: Source<R>) -> Result<ClientHistory, ReadError> {
    let mut awdit = Awdit { source, recorder: Recorder::default(), session: 0, began: None };
    while awdit.line()? {}
    awdit.source.verify()?;
    awdit.end()?;
    awdit.recorder.history.model = Some(Model::Register);
    awdit.recorder.history.has_sessions = true;
    let place = awdit.source.place();
    awdit.recorder.finish().ok_or_else(|| ReadError::at(place, TOO_MANY))
}

const TOO_MANY: &str = "more transactions, keys or values than can be counted";

impl<R: Read> Awdit<R> {
    /// Reads one line, and says whether there was one.
    fn line(&mut self) -> Result<bool, ReadError> {
        self.skip_blank();
        let place = self.source.place();
        match self.source.peek() {
            None => return Ok(false),
            Some(b'\n') => self.source.take(),
            Some(mark @ (b'-' | b'=')) => {
                while self.source.peek() == Some(mark) {
                    self.source.take();
                }
                self.end()?;
                self.session += i64::from(mark == b'=');
            }
            Some(b'w' | b'W') => self.step(place, true)?,
            Some(b'r' | b'R') => self.step(place, false)?,
            Some(_) => {
                let reason =
                    "expected \"w KEY VALUE\", \"r KEY VALUE\", a line of hyphens or one of equals signs";
                return Err(ReadError::at(place, reason));
            }
        }
        self.skip_blank();
        match self.source.peek() {
            None | Some(b'\n') => Ok(true),
            Some(_) if self.source.place().line != place.line => Ok(true),
            Some(_) => Err(ReadError::at(self.source.place(), "expected the end of the line")),
        }
    }

    fn step(&mut self, place: Place, writes: bool) -> Result<(), ReadError> {
        self.source.take();
        let (key, value) = (self.number("a key")?, self.number("a value")?);
        let kept = if writes { self.recorder.write(key, value) } else { self.recorder.read(key, value) };
        self.began.get_or_insert(place);
        kept.ok_or_else(|| ReadError::at(place, TOO_MANY))
    }

    /// The transaction is over, if there is one.
    fn end(&mut self) -> Result<(), ReadError> {
        let Some(place) = self.began.take() else { return Ok(()) };
        let process = self.recorder.history.words.integer(self.session);
        let recorded = process.and_then(|process| {
            let phase = Phase::Completed(Ending::Committed);
            self.recorder.record(Done { process, phase, index: None, line: place.line, steps_known: true })
        });
        recorded.ok_or_else(|| ReadError::at(place, TOO_MANY))
    }

    fn number(&mut self, what: &str) -> Result<Word, ReadError> {
        let before = self.source.place();
        self.skip_blank();
        let place = self.source.place();
        let wrong = || ReadError::at(place, format!("expected {what}, a whole number of at most 18 digits"));
        let negative = self.source.peek() == Some(b'-');
        if negative {
            self.source.take();
        }
        let (mut number, mut digits) = (0, 0);
        while let Some(digit @ b'0'..=b'9') = self.source.peek() {
            digits += 1;
            if digits > 18 {
                return Err(wrong());
            }
            number = number * 10 + i64::from(digit - b'0');
            self.source.take();
        }
        let follows = self.source.peek();
        if digits == 0 || before == place || !matches!(follows, None | Some(b' ' | b'\t' | b'\r' | b'\n')) {
            return Err(wrong());
        }
        let word = self.recorder.history.words.integer(if negative { -number } else { number });
        word.ok_or_else(|| ReadError::at(place, TOO_MANY))
    }

    fn skip_blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.source.peek() {
            self.source.take();
        }
    }
}
