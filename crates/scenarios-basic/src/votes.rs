//! Who votes what, and what follows from it.

use harness_core::history::{Gid, Key, MessageKind, NodeId, ParticipantId, Point};
use harness_core::{DistributedTransaction, Ending, Load, Read, SlaRequirements, TestScenario};

/// The first thing that anybody tries: three participants, one transaction, no trouble.
pub fn simple_commit_three_participants(participants: u32) -> TestScenario {
    TestScenario::new("Three participants vote yes, and the transaction commits.", participants.max(3))
        .writing_to(3)
        .expect_outcomes(1, 0)
        .expect_commit_records(4)
        .sla(SlaRequirements::strict())
}

/// However many there are, a yes from each of them commits on each of them.
pub fn all_yes_commits(participants: u32) -> TestScenario {
    let participants = participants.max(2);
    TestScenario::new("All participants vote yes, and the transaction commits on each.", participants)
        .writing_to(participants)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, participants.into())
        .sla(SlaRequirements::strict())
}

/// One no is enough: those who voted yes must roll back what they prepared.
pub fn one_no_aborts(participants: u32) -> TestScenario {
    let participants = participants.max(3);
    TestScenario::new("One participant votes no, and nothing is left of the transaction.", participants)
        .writing_to(participants)
        .votes_no(ParticipantId(2))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteNo, 1)
        .expect_commit_records(0)
        .sla(SlaRequirements::chaos())
}

/// The first no decides; the others must change nothing.
pub fn all_no_aborts(participants: u32) -> TestScenario {
    let participants = participants.max(3);
    let scenario =
        TestScenario::new("All participants vote no, and the transaction aborts once.", participants)
            .writing_to(participants)
            .expect_outcomes(0, 1)
            .expect_sent(MessageKind::VoteYes, 0)
            .expect_commit_records(0)
            .sla(SlaRequirements::chaos());
    (1..=participants).fold(scenario, |scenario, n| scenario.votes_no(ParticipantId(n)))
}

/// With one participant there is nobody to agree with: it decides alone, and the coordinator logs nothing.
pub fn single_participant_commits_in_one_phase(participants: u32) -> TestScenario {
    TestScenario::new("The only participant is told to commit without a vote.", participants.max(1))
        .writing_to(1)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Prepare, 0)
        .expect_sent(MessageKind::CommitOnePhase, 1)
        .expect_commit_records(1)
        .sla(SlaRequirements::strict())
}

/// Who wrote nothing is done when it has voted: it needs no record and hears no decision.
pub fn read_only_participant_skips_phase_two(participants: u32) -> TestScenario {
    let participants = participants.max(3);
    let mut scenario =
        TestScenario::new("One of the participants only reads.", participants).writing_to(participants);
    let transaction = &mut scenario.transactions[0];
    transaction.writes.retain(|write| write.participant != ParticipantId(2));
    transaction.reads.push(Read { participant: ParticipantId(2), key: Key(1) });
    scenario
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::VoteReadOnly, 1)
        .expect_sent(MessageKind::Commit, u64::from(participants) - 1)
        .sla(SlaRequirements::strict())
}

/// Nobody wrote, so there is nothing that a crash could lose: a decision record would cost a sync for nothing.
pub fn all_read_only_writes_no_decision(participants: u32) -> TestScenario {
    let participants = participants.max(2);
    let mut scenario =
        TestScenario::new("All participants only read.", participants).writing_to(participants);
    let transaction = &mut scenario.transactions[0];
    let reads =
        transaction.writes.drain(..).map(|write| Read { participant: write.participant, key: write.key });
    transaction.reads = reads.collect();
    scenario
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::VoteReadOnly, participants.into())
        .expect_sent(MessageKind::Commit, 0)
        .expect_commit_records(0)
        .sla(SlaRequirements::strict())
}

/// Everything at once: reads, writes, idle participants, clients that abort, and conflicts among them.
pub fn mixed_transactions_all_end(participants: u32) -> TestScenario {
    TestScenario::new("A thousand transactions of all sorts, ten at a time.", participants.max(5))
        .load(Load { keys: 50, ..Load::mixed(1_000, 5) })
        .in_flight(10)
        .sla(SlaRequirements::relaxed())
}

/// A participant that was enlisted and given nothing to do is read-only, and so is a transaction of such.
pub fn empty_write_set_commits(participants: u32) -> TestScenario {
    let participants = participants.max(3);
    TestScenario::new("The participants of a transaction have nothing to do.", participants)
        .transaction(DistributedTransaction::new(Gid(1), (1..=3).map(ParticipantId).collect()))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::VoteReadOnly, 3)
        .expect_commit_records(0)
        .sla(SlaRequirements::strict())
}

/// Until it asks for a commit, a client may change its mind: nobody is asked to vote.
pub fn client_aborts_before_prepare(participants: u32) -> TestScenario {
    let mut scenario =
        TestScenario::new("The client aborts once the work is done.", participants.max(3)).writing_to(3);
    scenario.transactions[0].ending = Ending::Abort;
    scenario
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Prepare, 0)
        .expect_commit_records(0)
        .sla(SlaRequirements::chaos())
}

/// A client that sends its request twice must not run it twice, nor be told that the first did not happen.
pub fn repeated_gid_is_refused(participants: u32) -> TestScenario {
    let mut scenario =
        TestScenario::new("A second transaction has the id of the first.", participants.max(3)).writing_to(3);
    let repeated = scenario.transactions[0].clone();
    scenario = scenario.transaction(repeated).expect_outcomes(1, 0).expect_sent(MessageKind::Execute, 3);
    scenario.expect.refused = Some(1);
    scenario
}

/// The coordinator logs nothing of a one-phase commit, so after its restart it does not know the id any more; but the
/// participant does. Without it the client of the first was told "committed", and then "aborted".
pub fn repeated_gid_is_refused_after_a_restart(participants: u32) -> TestScenario {
    let mut scenario = TestScenario::new(
        "A second transaction has the id of the first, and the coordinator has restarted in between.",
        participants.max(1),
    )
    .writing_to(1);
    let repeated = scenario.transactions[0].clone();
    scenario = scenario
        .transaction(repeated)
        .crash_at(NodeId::COORDINATOR, Point::AfterAnswer)
        .expect_outcomes(1, 0)
        .expect_commit_records(1)
        .may_wait_ms(500);
    scenario.expect.refused = Some(1);
    scenario
}
