//! AWDIT's sessions: read committed, read atomic and causal, each with its nearest neighbour.

use validator::Verdict;

use super::{history, judged};

/// Sessions are separated by `||`, transactions by `|`, steps by commas.
fn sessions(text: &str) -> String {
    text.replace("||", "\n=====\n")
        .replace('|', "\n-----\n")
        .replace(',', "\n")
        .replace("\n ", "\n")
        .trim()
        .to_owned()
        + "\n"
}

/// The strongest of the three levels that hold, after each was judged.
fn strongest(text: &str) -> &'static str {
    let history = history(&sessions(text));
    let mut holding = "none";
    let mut broken = false;
    for level in ["read-committed", "read-atomic", "causal"] {
        let report = judged(&history, level);
        match report.verdict {
            Verdict::Valid => {
                assert!(!broken, "{level} holds though a weaker one does not: {text}");
                holding = level;
            }
            Verdict::Violated => broken = true,
            Verdict::Inconclusive(reason) => panic!("{level}: {reason}"),
        }
    }
    holding
}

#[test]
fn a_level_is_told_from_the_next() {
    for (text, level) in [
        // Two reads of a key find two versions.
        ("w 0 0 || w 0 1 || r 0 0, r 0 1", "read-committed"),
        ("w 0 0 || w 0 1 || r 0 1, r 0 1", "causal"),
        // After a read from the second writer, a read of what it overwrote; the session tells that it did.
        ("w 0 0 | w 0 1, w 1 1 || r 1 1, r 0 0", "none"),
        ("w 0 0 | w 0 1, w 1 1 || r 0 0, r 1 1", "read-committed"),
        ("w 0 0 | w 0 1, w 1 1 || r 0 1, r 1 1", "causal"),
        // A session that goes back behind its own write, which may be the earlier one; and one that then sees it again.
        ("w 0 0 || w 0 1 | r 0 0", "causal"),
        ("w 0 0 || w 0 1 | r 0 0 | r 0 1", "read-atomic"),
        ("w 0 0 | w 0 1 | r 0 0", "read-committed"),
        // The effect is seen and its cause is not.
        ("w 0 0 | w 0 1 || r 0 1, w 1 1 || r 1 1, r 0 0", "read-atomic"),
        ("w 0 0 | w 0 1 || r 0 1, w 1 1 || r 1 1, r 0 1", "causal"),
        // Reads and sessions in a circle.
        ("r 1 1 | w 0 0 || r 0 0 | w 1 1", "none"),
        // What nobody wrote, what was overwritten, and what one's own write hides.
        ("w 0 0 || r 0 7", "none"),
        ("w 0 0, w 0 1 || r 0 0", "none"),
        ("w 0 0 || w 0 1, r 0 0", "none"),
        ("w 0 0 || w 0 1, r 0 1 | r 0 1", "causal"),
        ("r 0 1, w 0 1 || r 0 1", "none"),
    ] {
        assert_eq!(strongest(text), level, "{text}");
    }
}

#[test]
fn the_circle_is_told_with_the_read_that_demands_it() {
    let report = judged(&history(&sessions("w 0 0 | w 0 1 || r 0 1, w 1 1 || r 1 1, r 0 0")), "causal");
    insta::assert_snapshot!(report.found[0].found.told[0].story.join("\n"), @r"
    T1 (session 0, line 3): wrote 1 to 0
    T0 (session 0, line 1): wrote 0 to 0
    T3 (session 2, line 8): read 1 of 1, read 0 of 0
    T1 was committed before T0: both wrote 0, and T3, which must have known what T1 wrote, read what T0 wrote
    T0 came before T1 in their session
    which is a circle: there is no such order of commits
    ");
}

/// Two writers, and two readers who disagree about which of them came first (Cerone et al., 2015: long fork).
const FORK: &str = "w 0 0, w 1 0 || w 0 1 | r 0 1, r 1 0 || w 1 1 | r 1 1, r 0 0";

#[test]
fn sessions_that_no_serial_order_explains_are_not_serializable_and_may_be_less() {
    let history = history(&sessions(FORK));
    for level in ["serializable", "strict-serializable"] {
        let report = judged(&history, level);
        assert_eq!(report.verdict, Verdict::Violated, "{level}");
        let anomalies: Vec<&str> = report.found.iter().map(|check| &check.anomaly[..]).collect();
        assert_eq!(anomalies, ["G2-item-process"], "{level}: no time is known");
    }
    for level in ["snapshot-isolation", "prefix"] {
        let Verdict::Inconclusive(reason) = judged(&history, level).verdict else {
            panic!("{level} is decided")
        };
        assert_eq!(
            reason,
            format!(
                "the order of versions is not known: no serial order explains all reads, and {level} may hold without \
                 one"
            )
        );
    }
    let explained = FORK.replace("r 1 1, r 0 0", "r 1 1, r 0 1");
    for level in ["serializable", "prefix"] {
        assert_eq!(judged(&super::history(&sessions(&explained)), level).verdict, Verdict::Valid, "{level}");
    }
}
