//! EDN as a stream of tokens: what Jepsen writes, in constant memory and without a tree. Comments, discarded forms,
//! metadata and tags (`#jepsen.history.Op`) are passed over, so that a record reads as the map that it is.

use std::io::Read;

use super::source::{Place, ReadError, Source};

/// Deeper than any history, and not so deep that a file of brackets fills the memory.
const DEPTH_MAX: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A bracket: `(`, `[` or `{`, and `#` for the `#{` of a set.
    Open(u8),
    /// Its counterpart: `)`, `]` or `}`.
    Close(u8),
    Nil,
    Integer(i64),
    /// The text is its name, with the colon.
    Keyword,
    /// Anything else that is one word: the text is as it is written.
    Word,
}

/// Takes EDN apart.
pub(super) struct Edn<R> {
    source: Source<R>,
    /// The text of the last token that has one.
    text: Vec<u8>,
    /// Where the last token begins.
    place: Place,
    /// The brackets that are open: the one that closes each, and where it was opened.
    open: Vec<(u8, Place)>,
}

impl<R: Read> Edn<R> {
    pub(super) fn new(source: Source<R>) -> Self {
        Self { source, text: Vec::new(), place: Place::default(), open: Vec::new() }
    }

    /// The text of the last keyword or word.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where the last token begins.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// How many brackets are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// A complaint about the last token.
    pub(super) fn complain<T>(&self, reason: impl Into<String>) -> Result<T, ReadError> {
        Err(ReadError::at(self.place, reason))
    }

    /// The next token; none at the end of the text.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Token>, ReadError> {
        loop {
            let Some(byte) = self.skip_blank() else {
                self.source.verify()?;
                return match self.open.last() {
                    None => Ok(None),
                    Some((_, opened)) => {
                        self.complain(format!("the text ends inside of what begins at {opened}"))
                    }
                };
            };
            match byte {
                b'(' | b'[' | b'{' => {
                    self.source.take();
                    return self.opened(byte).map(Some);
                }
                b')' | b']' | b'}' => {
                    self.source.take();
                    return self.closed(byte).map(Some);
                }
                b'"' => return self.string().map(Some),
                b'#' => {
                    if let Some(token) = self.dispatch()? {
                        return Ok(Some(token));
                    }
                }
                b'^' => {
                    self.source.take();
                    self.discard("metadata")?;
                }
                _ => return self.atom().map(Some),
            }
        }
    }

    /// The next token, where the text may not end.
    #[inline]
    pub(super) fn expect(&mut self, wanted: &str) -> Result<Token, ReadError> {
        match self.next()? {
            Some(token) => Ok(token),
            None => self.complain(format!("the text ends where {wanted} is expected")),
        }
    }

    /// Passes over the rest of the form that began with this token.
    pub(super) fn skip(&mut self, first: Token) -> Result<(), ReadError> {
        if let Token::Open(_) = first {
            let depth = self.open.len();
            self.leave(depth - 1)?;
        }
        Ok(())
    }

    /// Passes over everything until no more than so many brackets are open.
    pub(super) fn leave(&mut self, depth: usize) -> Result<(), ReadError> {
        while self.open.len() > depth {
            self.expect("a bracket that closes")?;
        }
        Ok(())
    }

    /// Appends the form that began with this token, in one way of writing it, to a text.
    pub(super) fn write_form(&mut self, first: Token, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let depth = self.open.len() - usize::from(matches!(first, Token::Open(_)));
        let mut token = first;
        loop {
            match token {
                Token::Open(b'#') => out.extend_from_slice(b"#{"),
                Token::Open(bracket) => out.push(bracket),
                Token::Close(bracket) => {
                    if out.last() == Some(&b' ') {
                        out.pop();
                    }
                    out.push(bracket);
                }
                Token::Nil => out.extend_from_slice(b"nil"),
                Token::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
                Token::Keyword | Token::Word => out.extend_from_slice(&self.text),
            }
            if self.open.len() == depth {
                return Ok(());
            }
            if !matches!(token, Token::Open(_)) {
                out.push(b' ');
            }
            token = self.expect("a bracket that closes")?;
        }
    }

    /// Passes over white space, commas and comments, and shows the byte after them.
    #[inline]
    fn skip_blank(&mut self) -> Option<u8> {
        loop {
            let byte = self.source.peek();
            match byte {
                Some(b' ' | b'\n' | b',' | b'\t' | b'\r' | b'\x0c') => self.source.take(),
                Some(b';') => {
                    while self.source.peek().is_some_and(|byte| byte != b'\n') {
                        self.source.take();
                    }
                }
                _ => {
                    self.place = self.source.place();
                    return byte;
                }
            }
        }
    }

    fn opened(&mut self, bracket: u8) -> Result<Token, ReadError> {
        if self.open.len() >= DEPTH_MAX {
            return self.complain(format!("brackets are nested more than {DEPTH_MAX} deep"));
        }
        let close = match bracket {
            b'(' => b')',
            b'[' => b']',
            _ => b'}',
        };
        self.open.push((close, self.place));
        Ok(Token::Open(bracket))
    }

    fn closed(&mut self, bracket: u8) -> Result<Token, ReadError> {
        match self.open.pop() {
            Some((close, _)) if close == bracket => Ok(Token::Close(bracket)),
            Some((close, opened)) => self.complain(format!(
                "{:?} where {:?} is expected, which closes what begins at {opened}",
                char::from(bracket),
                char::from(close)
            )),
            None => self.complain(format!("{:?} closes nothing", char::from(bracket))),
        }
    }

    /// What begins with `#`: a token, or nothing that counts.
    fn dispatch(&mut self) -> Result<Option<Token>, ReadError> {
        let place = self.place;
        self.source.take();
        match self.source.peek() {
            Some(b'{') => {
                self.source.take();
                self.opened(b'#').map(Some)
            }
            Some(b'_') => {
                self.source.take();
                self.discard("a form that is discarded").map(|()| None)
            }
            Some(b'"') => self.string().map(Some),
            Some(b'#') => {
                self.source.take();
                let token = self.atom()?;
                self.place = place;
                Ok(Some(token))
            }
            // A tag: what follows is judged by what it is.
            Some(byte) if byte.is_ascii_alphabetic() || byte == b':' => {
                self.atom()?;
                match self.skip_blank() {
                    None | Some(b')' | b']' | b'}') => {
                        self.source.verify()?;
                        Err(ReadError::at(place, "a tag with nothing after it"))
                    }
                    Some(_) => Ok(None),
                }
            }
            _ => Err(ReadError::at(place, "\"#\" with nothing that it could mean")),
        }
    }

    /// Passes over the next form.
    fn discard(&mut self, what: &str) -> Result<(), ReadError> {
        let place = self.place;
        match self.next()? {
            Some(Token::Close(_)) | None => Err(ReadError::at(place, format!("{what} is missing"))),
            Some(token) => self.skip(token),
        }
    }

    fn string(&mut self) -> Result<Token, ReadError> {
        self.text.clear();
        self.text.push(b'"');
        self.source.take();
        loop {
            let Some(byte) = self.source.peek() else {
                self.source.verify()?;
                return self.complain("the text ends inside of this string");
            };
            self.source.take();
            self.text.push(byte);
            match byte {
                b'"' => return Ok(Token::Word),
                b'\\' => {
                    if let Some(escaped) = self.source.peek() {
                        self.source.take();
                        self.text.push(escaped);
                    }
                }
                _ => {}
            }
        }
    }

    /// A number, a keyword, a symbol or a character.
    #[inline]
    fn atom(&mut self) -> Result<Token, ReadError> {
        self.text.clear();
        while let Some(byte) = self.source.peek() {
            let ends = matches!(
                byte,
                b' ' | b'\n'
                    | b','
                    | b'\t'
                    | b'\r'
                    | b'\x0c'
                    | b';'
                    | b'"'
                    | b'('
                    | b')'
                    | b'['
                    | b']'
                    | b'{'
                    | b'}'
            );
            if ends && !(self.text.len() == 1 && self.text[0] == b'\\') {
                break;
            }
            if byte < b' ' || byte == 0x7f {
                self.place = self.source.place();
                return self.complain(format!("a character of control (0x{byte:02x}): is this a text?"));
            }
            self.source.take();
            self.text.push(byte);
        }
        self.classify()
    }

    #[inline]
    fn classify(&self) -> Result<Token, ReadError> {
        match self.text.as_slice() {
            b"nil" => Ok(Token::Nil),
            b":" => self.complain("a keyword without a name"),
            [b':', ..] => Ok(Token::Keyword),
            [b'0'..=b'9', ..] | [b'-' | b'+', b'0'..=b'9', ..] => self.number(),
            [] => self.complain("nothing that EDN knows"),
            _ => Ok(Token::Word),
        }
    }

    /// An integer that fits; another number stays a word.
    #[inline]
    fn number(&self) -> Result<Token, ReadError> {
        let (negative, digits) = match self.text.as_slice() {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] => (false, digits),
            digits => (false, digits),
        };
        let digits = digits.strip_suffix(b"N").unwrap_or(digits);
        let mut number = 0i64;
        for &digit in digits {
            if !digit.is_ascii_digit() {
                return self.other_number(digits);
            }
            let next = number.checked_mul(10).and_then(|number| number.checked_add(i64::from(digit - b'0')));
            match next {
                Some(next) => number = next,
                None => return Ok(Token::Word),
            }
        }
        Ok(Token::Integer(if negative { -number } else { number }))
    }

    #[cold]
    fn other_number(&self, digits: &[u8]) -> Result<Token, ReadError> {
        if digits
            .iter()
            .all(|byte| byte.is_ascii_digit() || b".eE+-M/xXrR".contains(byte) || byte.is_ascii_hexdigit())
        {
            return Ok(Token::Word);
        }
        self.complain(format!("{:?} is no number", String::from_utf8_lossy(&self.text)))
    }
}

#[cfg(test)]
mod tests;
