//! Histories as text, one fact a line, so that a test reads as a story and a variant of it as an edit. Some lines stand
//! for several facts that always go together; edits see those facts.

use std::str::FromStr;

use history::{
    Decision, DropReason, Event, Fact, Gid, Header, History, Key, LockMode, MessageKind, Nanos, NodeId,
    Outcome, RecordKind, Terms, Value, Vote,
};
use validator::{Property, ValidationResult, Verdict, validate};

/// A history under construction.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    lines: Vec<String>,
    terms: Terms,
}

impl Story {
    pub(crate) fn new(text: &str) -> Self {
        Self { lines: facts(text), terms: Terms::default() }
    }

    pub(crate) fn may_block(mut self) -> Self {
        self.terms.may_block = true;
        self
    }

    pub(crate) fn conserved_total(mut self) -> Self {
        self.terms.conserved_total = true;
        self
    }

    /// The story without a fact.
    pub(crate) fn without(self, line: &str) -> Self {
        self.instead_of(line, "")
    }

    /// The story with other facts in place of one.
    pub(crate) fn instead_of(mut self, line: &str, text: &str) -> Self {
        let at = self.place(line);
        self.lines.splice(at..=at, facts(text));
        self
    }

    /// The story with more facts before one.
    pub(crate) fn before(mut self, line: &str, text: &str) -> Self {
        let at = self.place(line);
        self.lines.splice(at..at, facts(text));
        self
    }

    /// The story with more facts after one.
    pub(crate) fn after(mut self, line: &str, text: &str) -> Self {
        let at = self.place(line);
        self.lines.splice(at + 1..=at, facts(text));
        self
    }

    /// The story up to a fact, and then others.
    pub(crate) fn until(mut self, line: &str, text: &str) -> Self {
        let at = self.place(line);
        self.lines.splice(at + 1.., facts(text));
        self
    }

    /// The story with more facts at the end.
    pub(crate) fn then(mut self, text: &str) -> Self {
        self.lines.extend(facts(text));
        self
    }

    fn place(&self, line: &str) -> usize {
        let found = self.lines.iter().position(|fact| fact == line);
        found.unwrap_or_else(|| panic!("\"{line}\" is not in the story:\n{}", self.lines.join("\n")))
    }

    pub(crate) fn history(&self) -> History {
        let event = |(n, line): (usize, &String)| {
            let (node, fact) = fact(line);
            Event { at: Nanos::from_micros(n as u64), node, fact }
        };
        let header = Header { terms: self.terms.clone(), ..Header::default() };
        History { header, events: self.lines.iter().enumerate().map(event).collect() }
    }

    pub(crate) fn judge(&self) -> ValidationResult {
        validate(&self.history())
    }

    /// Claims that the story keeps every promise, and that this one was looked at.
    #[track_caller]
    pub(crate) fn keeps(&self, property: Property) {
        let result = self.judge();
        assert_eq!(result.verdict, Verdict::Valid, "\n{result}");
        let check = result.check(property).expect("the property is judged");
        assert!(check.checked > 0, "nothing was checked:\n{result}");
    }

    /// Claims that the story breaks a promise, and says how, and which others it breaks with it.
    #[track_caller]
    pub(crate) fn breaks(&self, property: Property) -> String {
        let result = self.judge();
        let check = result.check(property).expect("the property is judged");
        assert_eq!(check.verdict, Verdict::Violated, "\n{result}");
        assert!(check.checked > 0 && check.violated > 0, "\n{result}");
        let lines = result.violations().map(|(property, violation)| format!("{property}: {violation}"));
        lines.collect::<String>().trim_end().to_owned()
    }
}

fn facts(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).flat_map(expand).collect()
}

/// The facts that a line stands for.
fn expand(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let facts = match words[..] {
        // tm runs t1: rm1 add k1 5, rm2 read k2 0
        [tm, "runs", gid, ..] => {
            let (_, branches) = line.split_once(':').expect("a colon before the branches");
            let gid = gid.trim_end_matches(':');
            let branches: Vec<&str> = branches.split(',').map(str::trim).collect();
            let mut facts = format!("{tm} begins {gid} {}", branches.len());
            for branch in branches {
                let (node, op) = branch.split_once(' ').expect("a node and an operation");
                facts += &format!("\n{node} enlisted {gid}\n{node} asked {gid} {op}");
            }
            facts
        }
        [rm, "prepares", gid] => format!(
            "{rm} appended {gid} prepared\n{rm} voted {gid} yes\n{rm} durable {gid} prepared\n\
             {rm} sent {gid} vote-yes tm\ntm heard {gid} vote-yes {rm}"
        ),
        [tm, "decides", gid] => {
            format!("{tm} decided {gid} commit\n{tm} appended {gid} commit\n{tm} durable {gid} commit")
        }
        [rm, "commits", gid, key, value] => format!(
            "{rm} heard {gid} commit tm\n{rm} appended {gid} commit\n{rm} applied {gid} {key} {value}\n\
             {rm} decided {gid} commit\n{rm} durable {gid} commit\n{rm} sent {gid} acknowledge tm"
        ),
        _ => line.to_owned(),
    };
    facts.lines().map(str::to_owned).collect()
}

fn fact(line: &str) -> (NodeId, Fact) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let node = words[0].parse().expect("a node comes first");
    let fact = match words[1..] {
        [verb] => alone(verb),
        ["took-over", from] => Fact::TookOver { from: from.parse().expect("a node") },
        ["fault", kind] => Fact::FaultFired { kind: word(kind), point: None },
        ["stored", k, value] => Fact::Stored { key: key(k), value: Value(number(value)) },
        ["inherited", k, value, writer] => {
            Fact::Inherited { key: key(k), value: Value(number(value)), writer: Gid(number(&writer[1..])) }
        }
        [verb, gid, ref rest @ ..] => of_transaction(verb, Gid(number(&gid[1..])), rest),
        [] => panic!("\"{line}\" says nothing"),
    };
    (node, fact)
}

fn alone(verb: &str) -> Fact {
    match verb {
        "crashed" => Fact::Crashed,
        "restarted" => Fact::Restarted,
        "recovered" => Fact::Recovered,
        "healed" => Fact::Healed,
        "left-down" => Fact::LeftDown,
        _ => panic!("no fact \"{verb}\""),
    }
}

fn of_transaction(verb: &str, gid: Gid, rest: &[&str]) -> Fact {
    match (verb, rest) {
        ("begins", [participants]) => Fact::Begun { gid, participants: number(participants) },
        ("enlisted", []) => Fact::Enlisted { gid },
        ("asked", [op, k, value]) => {
            Fact::Asked { gid, key: key(k), op: word(op), value: Value(number(value)) }
        }
        ("abort-asked", []) => Fact::AbortAsked { gid },
        ("outcome-asked", []) => Fact::OutcomeAsked { gid },
        ("answered", [outcome]) => Fact::Answered { gid, outcome: word::<Outcome>(outcome) },
        ("refused", []) => Fact::Refused { gid },
        ("granted", [k]) => Fact::LockGranted { gid, key: key(k), mode: LockMode::Exclusive },
        ("released", []) => Fact::LocksReleased { gid },
        ("read", [k, writer]) => Fact::Read { gid, key: key(k), writer: Gid(number(&writer[1..])) },
        ("wrote", [k, value]) => Fact::Wrote { gid, key: key(k), value: Value(number(value)) },
        ("applied", [k, value]) => Fact::Applied { gid, key: key(k), value: Value(number(value)) },
        ("decided", [decision]) => Fact::Decided { gid, decision: word(decision) },
        ("alone", [decision]) => Fact::HeuristicDecision { gid, decision: word(decision) },
        ("voted", [vote]) => Fact::Voted { gid, vote: word::<Vote>(vote) },
        ("appended", [record]) => Fact::Appended { gid, record: log_record(record), forced: true },
        ("durable", [record]) => Fact::Durable { gid, record: log_record(record) },
        ("lost", [record]) => Fact::Lost { gid, record: log_record(record) },
        ("sent", [message, to]) => {
            Fact::Sent { to: to.parse().expect("a node"), gid, message: word::<MessageKind>(message) }
        }
        ("heard", [message, from]) => {
            Fact::Delivered { from: from.parse().expect("a node"), gid, message: word(message) }
        }
        ("dropped", [message, to]) => {
            let (to, why) = (to.parse().expect("a node"), DropReason::Lost);
            Fact::Dropped { to, gid, message: word(message), why }
        }
        ("in-doubt", []) => Fact::LeftInDoubt { gid },
        ("left-open", []) => Fact::LeftOpen { gid },
        ("locked", [k]) => Fact::LeftLocked { gid, key: key(k) },
        _ => panic!("no fact \"{verb} {}\"", rest.join(" ")),
    }
}

fn log_record(name: &str) -> RecordKind {
    match name {
        "prepared" => RecordKind::Prepared,
        "commit" => RecordKind::Decided(Decision::Commit),
        "abort" => RecordKind::Decided(Decision::Abort),
        "ended" => RecordKind::Ended,
        _ => panic!("no record \"{name}\""),
    }
}

/// A word of the vocabulary, as in a history file but for its dashes.
fn word<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let json = format!("\"{}\"", name.replace('-', "_"));
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("\"{name}\": {error}"))
}

fn number<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("\"{text}\" is no number"))
}

fn key(name: &str) -> Key {
    Key(number(&name[1..]))
}
