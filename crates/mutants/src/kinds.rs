//! The shapes that most bugs have: something is heard wrongly, said wrongly, read wrongly, or written too late.

use protocol::{Effect, Input, LogRecord, Message, StoredRecord};

use crate::altered::{Bug, Turn};

/// Hears something else, or nothing.
pub(crate) struct Hears<F>(pub(crate) F);

impl<F: FnMut(Input<'static>) -> Option<Input<'static>>> Bug for Hears<F> {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Some(input) = (self.0)(input) {
            turn.feed(input);
        }
    }
}

/// Hears a message of somebody as another one, or not at all.
pub(crate) fn hears(
    mut mistake: impl FnMut(Message) -> Option<Message>,
) -> Hears<impl FnMut(Input<'static>) -> Option<Input<'static>>> {
    Hears(move |input| match input {
        Input::Received { from, epoch, message } => {
            Some(Input::Received { from, epoch, message: mistake(message)? })
        }
        other => Some(other),
    })
}

/// Says something else, or nothing.
pub(crate) struct Says<F>(pub(crate) F);

impl<F: FnMut(Effect) -> Option<Effect>> Bug for Says<F> {
    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Some(effect) = (self.0)(effect) {
            turn.emit(effect);
        }
    }
}

/// Writes something else, or nothing.
pub(crate) fn writes(
    mut mistake: impl FnMut(LogRecord, bool) -> Option<(LogRecord, bool)>,
) -> Says<impl FnMut(Effect) -> Option<Effect>> {
    Says(move |effect| match effect {
        Effect::Append { record, forced } => {
            let (record, forced) = mistake(record, forced)?;
            Some(Effect::Append { record, forced })
        }
        other => Some(other),
    })
}

/// Sends something else, or nothing.
pub(crate) fn sends(
    mut mistake: impl FnMut(Message) -> Option<Message>,
) -> Says<impl FnMut(Effect) -> Option<Effect>> {
    Says(move |effect| match effect {
        Effect::Send { to, message } => Some(Effect::Send { to, message: mistake(message)? }),
        other => Some(other),
    })
}

/// Reads something else in its log.
pub(crate) struct Reads(pub(crate) fn(&mut Vec<StoredRecord>));

impl Bug for Reads {
    fn read(&mut self, log: &mut Vec<StoredRecord>, _epoch: u32, _turn: &mut Turn<'_>) {
        (self.0)(log);
    }
}

/// Does something before it writes what that rests on.
pub(crate) struct DoesFirst {
    pub(crate) before: fn(&LogRecord) -> bool,
    pub(crate) what: fn(&Effect) -> bool,
    held: Vec<Effect>,
}

impl DoesFirst {
    pub(crate) fn new(what: fn(&Effect) -> bool, before: fn(&LogRecord) -> bool) -> Self {
        Self { before, what, held: Vec::new() }
    }
}

impl Bug for DoesFirst {
    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        let is_record = matches!(&effect, Effect::Append { record, .. } if (self.before)(record));
        if is_record || (!self.held.is_empty() && !(self.what)(&effect)) {
            self.held.push(effect);
        } else {
            turn.emit(effect);
        }
    }

    fn end(&mut self, turn: &mut Turn<'_>) {
        self.held.drain(..).for_each(|effect| turn.emit(effect));
    }
}
