//! What a transaction in doubt may block, and what it may not.

use harness_core::history::{Gid, MessageKind, Nanos, ParticipantId, Point, Value};
use harness_core::{FactCount, LinkEffect, NetworkFault, TestScenario};

use crate::{TM, X, Y, at_once, rm, work};

/// The first transaction is committed everywhere but on rm2, where it is in doubt until it is told again: 200 ms.
fn in_doubt_on_rm2(scenario: TestScenario) -> TestScenario {
    let lost = NetworkFault::everywhere(LinkEffect::Lose { percent: 100 }).of(MessageKind::Commit);
    scenario.in_flight(1).network(lost.sent_to(rm(2)).times(1)).may_wait_ms(1_000)
}

/// Others pass it on other keys, and on its own keys elsewhere; who wants its key waits, and gets it.
pub fn in_doubt_transaction_blocks_its_own_keys_only(participants: u32) -> TestScenario {
    let in_doubt = work().write(1, X, 1).write(2, X, 1);
    let beside_it = work().write(1, X, 2).write(2, Y, 2);
    let elsewhere = work().add(1, X, 1).add(3, X, 1);
    let behind_it = work().write(1, Y, 3).add(2, X, 3);
    let work = vec![in_doubt, beside_it, elsewhere, behind_it];
    in_doubt_on_rm2(at_once(
        participants,
        "Three clients meet a transaction in doubt, and one wants its key.",
        work,
    ))
    .expect_outcomes(4, 0)
    .expect_count(FactCount::LockWaited, 1)
    .expect_stored(ParticipantId(2), X, Value(4))
}

/// What it only read is free when it has voted: nobody needs to hear the outcome to go on.
pub fn in_doubt_read_lock_is_given_up_at_the_vote(participants: u32) -> TestScenario {
    let late = NetworkFault::everywhere(LinkEffect::Delay { min_ms: 300, max_ms: 300 });
    let reads = work().read(1, X).write(2, X, 1).write(3, X, 1);
    let writes = work().write(1, X, 2).write(2, Y, 2);
    at_once(
        participants,
        "A client writes what another has read that is not decided for a while.",
        vec![reads, writes],
    )
    .network(late.of(MessageKind::VoteYes).sent_by(rm(3)).times(1))
    .expect_outcomes(2, 0)
    // The reader votes read-only and lets the writer in long before its own decision.
    .expect_sent(MessageKind::VoteReadOnly, 1)
    .expect_count(FactCount::LockWaited, 1)
    .may_wait_ms(500)
}

/// Its locks come back before anybody else gets in.
pub fn in_doubt_transaction_blocks_its_keys_after_a_restart(participants: u32) -> TestScenario {
    let write = |value| work().write(1, X, value).write(2, X, value);
    let description =
        "A participant dies with a transaction in doubt, and others want its key when it is back.";
    at_once(participants, description, vec![write(1), write(2)])
        .in_flight(1)
        .down_for_ms(20, rm(2), Point::AfterVoteSent)
        .expect_outcomes(1, 1)
        .may_abort()
        .may_wait_ms(3_000)
}

/// Whoever comes before the decision finds the key locked: what is in doubt is neither there nor passed over.
pub fn in_doubt_transaction_blocks_its_keys_before_it_is_told_after_a_restart(
    participants: u32,
) -> TestScenario {
    let kept = NetworkFault::everywhere(LinkEffect::Cut).of(MessageKind::Commit);
    let add = |value| work().add(1, X, value).add(2, X, value);
    let description =
        "A participant dies with a transaction in doubt, and is back before anybody else wants its key.";
    at_once(participants, description, vec![add(1), add(2)])
        .in_flight(1)
        .network(kept.sent_to(rm(2)).lasting_ms(100))
        .lose(MessageKind::Inquire, 1)
        .down_for_ms(0, rm(2), Point::AfterVoteSent)
        .expect_outcomes(2, 0)
        .expect_stored(ParticipantId(2), X, Value(3))
        .may_wait_ms(3_000)
}

/// In doubt for longer than anybody is ready to wait.
pub fn whoever_waits_for_an_in_doubt_transaction_too_long_aborts(participants: u32) -> TestScenario {
    let lost = NetworkFault::everywhere(LinkEffect::Cut).of(MessageKind::Commit);
    let reply = NetworkFault::everywhere(LinkEffect::Cut).of(MessageKind::ReplyCommit);
    let write = |value| work().write(1, X, value).write(2, X, value);
    let description = "A client wants the key of a transaction that is in doubt for three seconds.";
    let mut scenario = at_once(participants, description, vec![write(1), write(2)])
        .in_flight(1)
        .network(lost.sent_to(rm(2)).lasting_ms(3_000))
        .network(reply.sent_to(rm(2)).lasting_ms(3_000))
        .expect_outcomes(1, 1)
        .expect_sent(MessageKind::Failed, 1)
        .expect_stored(ParticipantId(2), X, Value(1))
        .may_abort()
        .may_wait_ms(5_000);
    scenario.participant.inquiry_longest = Nanos::from_secs(1);
    scenario
}

/// No coordinator, no new transactions; but those in doubt must not be freed by anybody's impatience.
pub fn coordinator_away_blocks_only_what_is_in_doubt(participants: u32) -> TestScenario {
    let add = |key| work().add(1, key, 1).add(2, key, 1);
    let description =
        "The coordinator is away for ten seconds, with one transaction in doubt and one at work.";
    at_once(participants, description, vec![add(X), add(Y)])
        // All votes of the first are in, and the second has not been asked.
        .down_for_ms(10_000, TM, Point::BeforeDecisionForced)
        .expect_outcomes(0, 2)
        .expect_count(FactCount::ReadFrom(Gid::INITIAL), 4)
        .may_abort()
}
