//! What is no history is refused where it is wrong, and nothing makes the reader panic.

use validator::black_box::{BankOptions, Format, Model, Options, Recording, check, read};

use super::promise;

fn refused(text: &str, model: Option<Model>) -> String {
    let Some(format) = Format::detect(text.as_bytes()) else { return "unknown format".to_owned() };
    match read(text.as_bytes(), format, model) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// A text, and the complaint about it.
const NO_OPERATIONS: &[(&str, &str)] = &[
    ("{:type :ok, :process 0", "line 1, column 23: the text ends inside of what begins at line 1, column 1"),
    ("{:process 0, :value []}", "line 1, column 1: this operation has no :type"),
    ("\n {:type :ok, :value []}", "line 2, column 2: this operation has no :process"),
    (
        "{:type :maybe, :process 0}",
        "line 1, column 8: the :type of an operation is :invoke, :ok, :fail or :info",
    ),
    (
        "{:type \"ok\", :process 0}",
        "line 1, column 8: the :type of an operation is :invoke, :ok, :fail or :info",
    ),
    ("{:type :ok, :process}", "line 1, column 21: a key without a value"),
    (
        "{:type :ok, :process 0}",
        "line 1, column 1: this operation has no :value, so what it did is not known",
    ),
    (
        "{:type :ok, :process 0, :value 7}",
        "line 1, column 32: the value of a transaction is a list of steps, such as [[:r 1 nil] [:append 2 3]]",
    ),
    (
        "{:type :ok, :process 0, :value [7]}",
        "line 1, column 33: the value of a transaction is a list of steps, such as [[:r 1 nil] [:append 2 3]]",
    ),
    (
        "{:type :ok, :process 0, :value [[]]}",
        "line 1, column 34: the value of a transaction is a list of steps, such as [[:r 1 nil] [:append 2 3]]",
    ),
    (
        "{:type :ok, :process 0, :value [[:cas 1 2]]}",
        "line 1, column 34: a step is an :append, a :w or an :r",
    ),
    ("{:type :ok, :process 0, :value [[:r]]}", "line 1, column 36: this step has no key"),
    ("{:type :ok, :process 0, :value [[:append :x]]}", "line 1, column 33: this step writes nothing"),
    ("{:type :ok, :process 0, :value [[:w :x nil]]}", "line 1, column 33: this step writes nothing"),
    (
        "{:type :ok, :process 0, :value [[:r 1 2 3]]}",
        "line 1, column 41: a step is a verb, a key and a value, and no more",
    ),
    (
        "{:type :ok, :process 0, :value {1 2}}",
        "line 1, column 32: a map is no transaction: a history of a bank is one of :f :read and :f :transfer",
    ),
    (
        "{:type :ok, :process 0, :value [[:w 1 2]]}\n{:type :ok, :process 0, :value [[:append 1 3]]}",
        "line 2, column 33: a step on lists, but this is a history of registers, since line 1, column 33",
    ),
    (
        "{:type :ok, :process 0, :index 4, :value [[:w 1 2]]}\n{:type :ok, :process 0, :index 4}",
        "line 2, column 32: index 4 comes after index 4: operations are not in the order in which they happened",
    ),
    (
        "{:type :ok, :process 0, :index 4, :value [[:w 1 2]]}\n{:type :ok, :process 0, :index 3, :value [[:w 1 3]]}",
        "line 2, column 32: index 3 comes after index 4: operations are not in the order in which they happened",
    ),
    (
        "{:type :ok, :process 0, :index -1}",
        "line 1, column 32: the :index of an operation is a whole number below 4294967296",
    ),
    (
        "[[{:type :ok}]]",
        "line 1, column 2: expected an operation, such as {:type :ok, :process 0, :value ..}",
    ),
    (
        "{:type :ok, :process 0, :value [[:r 1 nil]]} 7",
        "line 1, column 46: expected an operation, such as {:type :ok, :process 0, :value ..}",
    ),
    ("{:type :ok, :process 0, :value [[:r 1 nil]]}}", "line 1, column 45: '}' closes nothing"),
];

#[test]
fn operations_that_are_none_are_refused_where_they_are() {
    for (text, wanted) in NO_OPERATIONS {
        assert_eq!(refused(text, None), *wanted, "{text}");
    }
}

#[test]
fn a_model_that_was_told_is_held_to() {
    let lists = "{:type :ok, :process 0, :value [[:r 1 nil] [:append 1 2]]}";
    assert_eq!(refused(lists, Some(Model::ListAppend)), "accepted");
    assert_eq!(
        refused(lists, Some(Model::Register)),
        "line 1, column 44: a step on lists, but this is a history of registers, as told"
    );
    let compound = "{:type :ok, :process 0, :value [[:w 1 [2 3]] [:r 1 [2 3]]]}";
    assert_eq!(refused(compound, Some(Model::Register)), "accepted");
}

#[test]
fn banks_that_are_none_are_refused_where_they_are() {
    for (text, wanted) in [
        (
            "{:type :ok, :f :read, :process 0}",
            "line 1, column 1: this read has no :value, so what it found is not known",
        ),
        (
            "{:type :ok, :f :read, :process 0, :value 7}",
            "line 1, column 42: a read of a bank is a map of all accounts and their balances",
        ),
        (
            "{:type :ok, :f :read, :process 0, :value {0 :x}}",
            "line 1, column 45: a balance is a whole number, or nil",
        ),
        ("{:type :ok, :f :read, :process 0, :value {0}}", "line 1, column 44: a key without a value"),
        (
            "{:type :ok, :f :transfer, :process 0, :value {:from 1}}\n{:type :ok, :f :add, :process 0}",
            "line 2, column 1: the :f of an operation of a bank is :read or :transfer",
        ),
    ] {
        assert_eq!(refused(text, None), wanted, "{text}");
    }
}

#[test]
fn sessions_that_are_none_are_refused_where_they_are() {
    for (text, wanted) in [
        (
            "w 1 2\nx 1 2",
            "line 2, column 1: expected \"w KEY VALUE\", \"r KEY VALUE\", a line of hyphens or one of equals signs",
        ),
        ("w 1", "line 1, column 4: expected a value, a whole number of at most 18 digits"),
        ("w 1 2\nr\n", "line 2, column 2: expected a key, a whole number of at most 18 digits"),
        ("w 1 b", "line 1, column 5: expected a value, a whole number of at most 18 digits"),
        ("w 1 2x", "line 1, column 5: expected a value, a whole number of at most 18 digits"),
        ("w 1 2 3", "line 1, column 7: expected the end of the line"),
        (
            "w 1 1234567890123456789",
            "line 1, column 5: expected a value, a whole number of at most 18 digits",
        ),
        ("----- 1", "line 1, column 7: expected the end of the line"),
        ("w 1 2\n===-", "line 2, column 4: expected the end of the line"),
    ] {
        assert_eq!(refused(text, None), wanted, "{text}");
    }
}

#[test]
fn what_looks_like_nothing_that_is_known_is_said_to_be_so() {
    for text in ["", "  \n", "hello", "<?xml", "12", "w", "\u{0}\u{1}"] {
        assert_eq!(Format::detect(text.as_bytes()), None, "{text:?}");
    }
    for (text, format) in [
        ("{\"format\":", Format::JsonLines),
        (" { \"a\"", Format::JsonLines),
        ("{:a", Format::Edn),
        ("#jepsen", Format::Edn),
        ("[", Format::Edn),
        (";x", Format::Edn),
        ("w 1", Format::Awdit),
        ("=====", Format::Awdit),
    ] {
        assert_eq!(Format::detect(text.as_bytes()), Some(format), "{text:?}");
    }
}

#[test]
fn jepsens_ways_of_writing_mean_the_same() {
    let plain =
        "{:type :ok, :process 0, :value [[:append :x 1]]}\n{:type :ok, :process 1, :value [[:r :x [1]]]}";
    for other in [
        "[{:type :ok, :process 0, :value [[:append :x 1]]} {:type :ok, :process 1, :value [[:r :x [1]]]}]",
        "({:value ((:append :x 1)) :process 0 :type :ok}\n\n\n{:value [[:r\n:x\n(1)]],:type\n:ok,:process 1})",
        "; by hand\n#jepsen.history.Op{:type :ok, :process 0, :f :txn, :value [[:append :x 1]], :error #{:a \"}\"}}\n\
         {:type :info, :process :nemesis, :value {\"n1\" :killed}}\n#_ {:ignored 1}\n\
         {:time 1.5, :type :ok, :process 1, :value [[:r :x [1]]], :exception {:via [{:at [java.lang.Thread run nil]}]}}",
    ] {
        let judge = |text: &str| {
            let Ok(Recording::Transactions(history)) = read(text.as_bytes(), Format::Edn, None) else {
                panic!("{text}")
            };
            let report = check(&history, &Options::new(promise("serializable")));
            (report.verdict, report.counts)
        };
        assert_eq!(judge(other), judge(plain), "{other}");
    }
}

const LISTS: &str = "\
; é€
{:index 0, :type :invoke, :process 0, :f :txn, :value ([:append :x 1] [:r \"k\\\"é\" nil])}
#jepsen.history.Op{:index 1, :type :ok, :process 0, :f :txn, :value [[:append :x 1] [:r \"k\\\"é\" []]]}
{:type :invoke, :process -7, :value [[:r :x] [:append #{1 [2]} -3]]}
{:type :info, :process -7, :value nil, :error {:via [#_ 1 2N 3.5e7 \\a ##NaN]}}
{:type :fail, :process 3, :value [[:append :x 4]]} {:type :ok, :process 4, :value [[:r :x [1 4 1]] [:r :x [4]]]}
";
const REGISTERS: &str = "[{:type :ok, :process 0, :value [[:w :x 1] [:w :x 2] [:r :y nil]]}
 {:type :ok, :process 1, :value [[:r :x 1] [:w :y 2] [:r :x 9]]} {:type :invoke, :process 2, :value [[:w 1 1]]}]";
const BANK: &str =
    "{:type :ok, :f :read, :process 0, :value {0 10, 1 nil, :é -3}} {:type :ok, :f :transfer, :process 0}";
const AWDIT: &str = "w 0 0\nw 1 -1\n-----\nr 0 0 \n=====\nr 0 7\nr 1 -1\r\n-----\n\nw 0 5\n";

/// Every beginning of a history is refused or judged, at any level.
#[test]
fn a_history_that_was_cut_short_anywhere_makes_nobody_panic() {
    for text in [LISTS, REGISTERS, BANK, AWDIT] {
        let format = Format::detect(text.as_bytes()).expect("it is known");
        for length in 0..=text.len() {
            judge_bytes(&text.as_bytes()[..length], format);
        }
        assert!(judge_bytes(text.as_bytes(), format), "{text}");
    }
}

/// So does every history in which one byte was changed.
#[test]
fn a_history_with_a_changed_byte_makes_nobody_panic() {
    for text in [LISTS, REGISTERS, BANK, AWDIT] {
        let format = Format::detect(text.as_bytes()).expect("it is known");
        for place in 0..text.len() {
            for byte in [0, b' ', b'(', b')', b'}', b'"', b'#', b':', b'-', b'9', b'\\', 0xff] {
                let mut bytes = text.as_bytes().to_vec();
                bytes[place] = byte;
                judge_bytes(&bytes, format);
            }
        }
    }
}

/// Whether the bytes are a history; if so, it is judged in every way.
fn judge_bytes(bytes: &[u8], format: Format) -> bool {
    match read(bytes, format, None) {
        Ok(Recording::Transactions(history)) => {
            for level in ["read-uncommitted", "causal", "strict-serializable"] {
                let mut options = Options::new(promise(level));
                options.assumptions.linearizable_keys = true;
                options.assumptions.writes_follow_reads = true;
                check(&history, &options);
            }
            true
        }
        Ok(Recording::Bank(bank)) => {
            bank.check(BankOptions::default());
            true
        }
        Err(_) => false,
    }
}
