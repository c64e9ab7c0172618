//! What is read as a fail point, and what is told of what is none.

use super::*;

#[test]
fn only_counted_actions_at_known_steps_are_allowed() {
    let good = "participant::after_vote_sent@rm2=3*off->1*return(crash 50)";
    let site = (Point::AfterVoteSent, "rm2".parse().ok());
    assert_eq!(entry(good).map(|(configured, _)| configured), Ok(Configured::Step(site)));
    for bad in [
        "participant::after_vote_sent",
        "participant::after_lunch=off",
        "participant::after_vote_sent@rm0=off",
        "participant::after_vote_sent@rm02=off",
        "participant::after_vote_sent=50%return(crash)",
        "participant::after_vote_sent=sleep(10)",
        "participant::after_vote_sent=return",
        "participant::after_vote_sent=1*return(burn)",
        "participant::after_vote_sent=return(crash)",
        "participant::after_vote_sent=1*return(crash 0)",
        "participant::after_vote_sent=1*return(wiped 0)",
        "participant::after_vote_sent=1*return(vote no)",
        "participant::after_vote_sent=1*return(lock timeout)",
        "participant::after_vote_sent=1*return(loss 101)",
        "participant::after_vote_sent=1*return(reorder 0)",
        "participant::after_vote_sent@tm=1*return(crash)",
        "participant::after_vote_sent=1* return(crash)",
        "participant::after_vote_sent=1 *off",
    ] {
        assert!(entry(bad).is_err(), "{bad} was accepted");
    }
}

#[test]
fn one_fail_point_has_one_entry() {
    let [plain, of_rm2] = ["participant::before_prepare", "participant::before_prepare@rm2"];
    let apart =
        format!("{plain}=1*return(crash);{of_rm2}=1*return(pause 3);{plain}@rm3=off;a::b=off;a::c=off");
    assert_eq!(parsed(&apart).map(|entries| entries.len()), Ok(5));
    for point in [plain, of_rm2, "mine::here"] {
        let told = parsed(&format!("{point}=1*off; {plain}@rm9=off; {point}=2*off")).expect_err("twice");
        assert_eq!(
            told,
            format!(
                "\"{point}=1*off\" and \"{point}=2*off\" are about the same fail point: write one entry, with -> \
                 between the actions, as in {point}=1*off->2*off"
            )
        );
    }
}

#[test]
fn points_of_others_take_what_replays() {
    for good in ["mine::here=1*return", "mine::here=2*off->1*return(x)", "mine::here=off", "a::b=1*panic"] {
        assert!(matches!(entry(good), Ok((Configured::Own(_), _))), "{good}");
    }
    for bad in [
        "mine=1*return",
        "mine::here=return",
        "mine::here=50%return",
        "mine::here=1*sleep(10)",
        "a::b=1* panic",
        "mine::here=1000000*off->1*return",
    ] {
        assert!(entry(bad).is_err(), "{bad} was accepted");
    }
    assert!(entry("recovery::here=1*return").is_err(), "a step of ours that is misspelt is none of theirs");
}

/// Every kind that can be written is, with each number that its usage names.
#[test]
fn a_fault_is_written_as_its_kind_and_a_number() {
    for &kind in FaultKind::ALL {
        let Some(usage) = usage(kind) else {
            assert!([FaultKind::Heuristic, FaultKind::Takeover].contains(&kind));
            continue;
        };
        let number = usage.strip_prefix(&kind.to_string()).expect("it begins with the kind").trim();
        let (good, bad): (&[&str], &[&str]) = match number {
            "" => (&[""], &[" 5", " never", " "]),
            "[MS|never]" => (&["", " 5", " never"], &[" -5", " soon", " ", "5"]),
            "[-]MS" => (&[" 5", " -5"], &["", " never", " 5.5"]),
            _ => (&[" 5"], &["", " -5", " never", " many", "5", " 5 5"]),
        };
        for text in good.iter().map(|number| format!("{kind}{number}")) {
            assert_eq!(mode_of(&text, None).map(|mode| mode.kind()), Some(kind), "{text}");
        }
        for text in bad.iter().map(|number| format!("{kind}{number}")) {
            assert_eq!(mode_of(&text, None), None, "{text}");
        }
    }
    assert_eq!(mode_of("heuristic", None), None);
}

#[test]
fn a_number_is_what_the_fault_is_about() {
    let rm2 = "rm2".parse::<NodeId>().ok();
    assert_eq!(mode_of("crash", rm2), Some(FailureMode::Crash { restart_after_ms: Some(100) }));
    assert_eq!(mode_of("wiped never", rm2), Some(FailureMode::Wiped { restart_after_ms: None }));
    assert_eq!(mode_of("pause 7", rm2), Some(FailureMode::Pause { for_ms: 7 }));
    assert_eq!(mode_of("clock -7", rm2), Some(FailureMode::Clock { jump_ms: -7, drift_ppm: 0 }));
    let Some(FailureMode::Network(cut)) = mode_of("partition 7", rm2) else { panic!("a partition") };
    let isolated = NetworkFault::isolate(rm2.into_iter().collect()).lasting_ms(7);
    assert_eq!(cut, isolated);
    let Some(FailureMode::Network(lossy)) = mode_of("loss 7", None) else { panic!("a loss") };
    assert_eq!((lossy.effect, lossy.from, lossy.for_ms), (LinkEffect::Lose { percent: 7 }, vec![], None));
}

#[test]
fn a_number_beyond_its_bounds_is_told_with_the_bound() {
    let told = |fault: &str| entry(&format!("participant::after_vote_sent=1*return({fault})")).err();
    for &kind in FaultKind::ALL {
        let Some(number) = number_of(kind).filter(|number| !number.is_empty()) else { continue };
        let most = if number == PERCENT { 100 } else { i32::MAX };
        for beyond in ["2147483648", "4294967295", "99999999999999999999"] {
            let fault = format!("{kind} {beyond}");
            let reason = format!("the number of \"{fault}\" is too large: the greatest is {most}");
            assert_eq!(told(&fault), Some(reason));
        }
        assert_eq!(told(&format!("{kind} {most}")), None);
    }
    let least = "the number of \"clock -2147483649\" is too small: the least is -2147483648";
    assert_eq!(told("clock -2147483649").as_deref(), Some(least));
    assert_eq!(told("clock -2147483648"), None);
    for no_number in ["vote no 2147483648", "crash -2147483649", "crash 2147483648 5", "clock -"] {
        let told = told(no_number).expect("it is refused");
        assert!(told.contains("is no fault that can be caused here"), "{told}");
    }
}

#[test]
fn what_is_no_fault_is_answered_with_all_that_are() {
    for none in ["explode", "", "heuristic", "crash soon"] {
        let told = entry(&format!("participant::after_vote_sent=return({none})")).expect_err("no fault");
        assert!(
            told.starts_with(&format!("\"{none}\" is no fault that can be caused here: use one of crash"))
        );
    }
    let told = entry("participant::after_vote_sent=return(crash)").expect_err("for ever");
    assert_eq!(told, "\"return(crash)\" would strike for ever: begin with a count, as in 1*return(crash)");
    let told = entry("participant::after_vote_sent=1*return(burn)").expect_err("no fault");
    let all = "crash [MS|never], vote no, pause MS, slow node MS, clock [-]MS, loss PERCENT, delay MS, \
               duplicate MS, reorder MS, corrupt PERCENT, partition MS, slow sync MS, failing sync, disk full MS, \
               torn tail [MS|never], corrupt record [MS|never], wiped [MS|never], lock timeout, \
               prepared limit BRANCHES";
    assert_eq!(told, format!("\"burn\" is no fault that can be caused here: use one of {all}"));
}
