//! A history file says the same when it is read back, and a damaged one says what is wrong and where.

use history::{
    Decision, DropReason, Event, Fact, FaultKind, FileError, FileReader, FileWriter, Gid, Header, History,
    Key, Level, LockMode, MessageKind, Nanos, NodeId, OpKind, Outcome, ParticipantId, Point, RecordKind,
    Terms, Value, Vote,
};
use rstest::rstest;

fn every_fact() -> Vec<Fact> {
    let (gid, key, value, mode) = (Gid(7), Key(3), Value(-12), LockMode::Exclusive);
    let (peer, message) = (NodeId::coordinator(1), MessageKind::VoteReadOnly);
    let record = RecordKind::Decided(Decision::Commit);
    vec![
        Fact::Begun { gid, participants: 2 },
        Fact::Enlisted { gid },
        Fact::Asked { gid, key, op: OpKind::Add, value },
        Fact::AbortAsked { gid },
        Fact::OutcomeAsked { gid },
        Fact::Answered { gid, outcome: Outcome::HeuristicMixed },
        Fact::Refused { gid },
        Fact::LockWaited { gid, key, mode },
        Fact::LockGranted { gid, key, mode: LockMode::Shared },
        Fact::LocksReleased { gid },
        Fact::Read { gid, key, writer: Gid::INITIAL },
        Fact::Wrote { gid, key, value: Value(i64::MIN) },
        Fact::Applied { gid, key, value: Value(i64::MAX) },
        Fact::Decided { gid, decision: Decision::Abort },
        Fact::Voted { gid, vote: Vote::ReadOnly },
        Fact::Appended { gid, record, forced: true },
        Fact::Durable { gid, record: RecordKind::Prepared },
        Fact::Lost { gid, record: RecordKind::Other },
        Fact::Sent { to: peer, gid, message },
        Fact::Delivered { from: peer, gid, message },
        Fact::Dropped { to: peer, gid, message, why: DropReason::Corrupted },
        Fact::Crashed,
        Fact::Restarted,
        Fact::Recovered,
        Fact::FaultFired { kind: FaultKind::TornTail, point: Some(Point::BeforeLogRead) },
        Fact::FaultFired { kind: FaultKind::Loss, point: None },
        Fact::Healed,
        Fact::Stored { key, value },
        Fact::LeftInDoubt { gid },
        Fact::LeftLocked { gid, key },
        Fact::LeftOpen { gid: Gid(1) },
        Fact::LeftDown,
    ]
}

fn sample() -> History {
    let node = |n: usize| if n == 0 { NodeId::COORDINATOR } else { ParticipantId(n as u32).into() };
    let event = |(n, fact)| Event { at: Nanos(n as u64 * 1_000), node: node(n), fact };
    let terms = Terms {
        conserved_total: true,
        may_block: false,
        isolation: Level::SnapshotIsolation,
        without_log: true,
    };
    let header = Header { scenario: "a_sample".to_owned(), seed: u64::MAX, participants: 40, terms };
    History { header, events: every_fact().into_iter().enumerate().map(event).collect() }
}

fn written(history: &History) -> String {
    let mut writer = FileWriter::new(Vec::new(), &history.header).expect("writing to memory");
    history.events.iter().for_each(|event| writer.write(event).expect("writing to memory"));
    String::from_utf8(writer.finish().expect("writing to memory")).expect("JSON is UTF-8")
}

fn read(text: &str) -> Result<History, FileError> {
    FileReader::new(text.as_bytes())?.read_all()
}

#[test]
fn it_reads_back_as_it_was_written() {
    assert_eq!(read(&written(&sample())).expect("a whole file"), sample());
}

#[test]
fn its_lines_can_be_read_by_a_person() {
    let text = written(&History { events: sample().events.split_off(28), ..sample() });
    insta::assert_snapshot!(text);
}

#[test]
fn cut_anywhere_it_is_refused() {
    let text = written(&sample());
    let whole = text.trim_end().len();
    for end in (0..whole).filter(|&end| text.is_char_boundary(end)) {
        let error = read(&text[..end]).expect_err("a file cut short was accepted");
        let line = text[..end].matches('\n').count().max(1);
        let said = error.to_string();
        let at = said.strip_prefix("line ").and_then(|rest| rest.split([':', ',']).next()?.parse().ok());
        // An error at the end of a line names that line or, with nothing of the next one there, either.
        assert!(at == Some(line) || at == Some(line + 1), "cut in line {line}: {said}");
    }
}

#[rstest]
#[case::other_version("\"version\":1", "\"version\":2", "line 1: the file has version 2")]
#[case::other_format("2pc-test history", "shopping list", "line 1: not a 2pc-test history")]
#[case::unknown_fact("{\"enlisted\"", "{\"enlightened\"", "line 3, column ")]
#[case::unknown_node("\"rm4\"", "\"rm0\"", "line 6, column ")]
#[case::other_node(
    "\"rm4\"",
    "\"rm41\"",
    "line 6: rm41 is not among the participants that the header counts, which are 40"
)]
#[case::out_of_order(
    "\"at\":4000",
    "\"at\":2999",
    "line 6: it happened at 2999 ns, before the line before it, at 3000 ns"
)]
#[case::changed_value("\"at\":4000", "\"at\":4001", "line 34: the closing line says 32 events")]
#[case::other_count("{\"events\":32", "{\"events\":31", "line 34: the closing line says 31 events")]
fn a_damaged_file_says_where(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let text = written(&sample());
    assert!(text.contains(from), "{from} is not in the file");
    let error = read(&text.replacen(from, to, 1)).expect_err("a damaged file was accepted");
    assert!(error.to_string().starts_with(expected), "{error}");
}

/// Who writes a history by other means than ours knows how many events it has, and not our digest of them.
#[test]
fn a_digest_may_be_left_out_and_the_number_of_events_may_not() {
    let text = written(&sample());
    let (events, closing) = text.trim_end().rsplit_once('\n').expect("there are several lines");
    let (number, _) = closing.split_once(",\"digest\"").expect("the closing line has a digest");
    assert_eq!(read(&format!("{events}\n{number}}}\n")).expect("a whole file"), sample());
    let error =
        read(&format!("{events}\n{{}}\n")).expect_err("a file without its number of events was accepted");
    assert!(error.to_string().starts_with("line 34, column "), "{error}");
    let (fewer, _) = events.rsplit_once('\n').expect("there are several lines");
    let error =
        read(&format!("{fewer}\n{number}}}\n")).expect_err("a file with an event too few was accepted");
    let expected =
        "line 33: the closing line says 32 events, but before it there are 31 events: the file was changed";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn nothing_may_follow_the_closing_line() {
    let text = written(&sample()) + "\n{}\n";
    let error = read(&text).expect_err("a trailing line was accepted");
    assert_eq!(error.to_string(), "line 36: something follows the closing line");
}

#[test]
fn every_fact_reads_as_a_sentence() {
    let sentences: Vec<String> = sample().events.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(sentences.join("\n"));
}
