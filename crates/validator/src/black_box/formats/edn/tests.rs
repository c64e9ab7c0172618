//! What the reader of EDN takes apart, passes over and refuses, and where.

use super::*;

/// The tokens of a text as one would write them, or the complaint about it.
fn tokens(text: &str) -> Result<String, String> {
    let mut edn = Edn::new(Source::new(text.as_bytes()));
    let mut told = Vec::new();
    loop {
        match edn.next().map_err(|error| error.to_string())? {
            None => return Ok(told.join(" ")),
            Some(Token::Open(b'#')) => told.push("#{".to_owned()),
            Some(Token::Open(bracket) | Token::Close(bracket)) => told.push(char::from(bracket).to_string()),
            Some(Token::Nil) => told.push("nil".to_owned()),
            Some(Token::Integer(number)) => told.push(number.to_string()),
            Some(Token::Keyword | Token::Word) => told.push(String::from_utf8_lossy(edn.text()).into_owned()),
        }
    }
}

#[test]
fn every_kind_of_form_is_taken_apart() {
    let text = r#"{:a -1, "b\"}" [+2 3.5 4N 1/2 ##NaN \} \newline sym/bol nil true], #{:x}}(1)"#;
    let wanted = r#"{ :a -1 "b\"}" [ 2 3.5 4 1/2 NaN \} \newline sym/bol nil true ] #{ :x } } ( 1 )"#;
    assert_eq!(tokens(text).as_deref(), Ok(wanted));
}

#[test]
fn what_says_nothing_is_passed_over() {
    for (text, wanted) in [
        ("; a comment\n1 ; another", "1"),
        ("#_ [1 2 {3 4}] 5", "5"),
        ("#_#_ 1 2 3", "3"),
        ("[#_1]", "[ ]"),
        ("#jepsen.history.Op{:index 0}", "{ :index 0 }"),
        ("#inst \"2024-01-01\" 7", "\"2024-01-01\" 7"),
        ("^{:a 1} [2] ^:b 3", "[ 2 ] 3"),
        ("#:ns{:a 1}", "{ :a 1 }"),
        ("#\"reg.ex\"", "\"reg.ex\""),
        (",,\t\r\n ", ""),
    ] {
        assert_eq!(tokens(text).as_deref(), Ok(wanted), "{text}");
    }
}

#[test]
fn a_number_that_is_too_great_stays_a_word() {
    assert_eq!(
        tokens("9223372036854775807 9223372036854775808").as_deref(),
        Ok("9223372036854775807 9223372036854775808")
    );
}

#[test]
fn what_is_wrong_is_refused_where_it_is() {
    for (text, wanted) in [
        ("[1\n 2", "line 2, column 3: the text ends inside of what begins at line 1, column 1"),
        (
            "{:a [1}",
            "line 1, column 7: '}' where ']' is expected, which closes what begins at line 1, column 5",
        ),
        ("1 )", "line 1, column 3: ')' closes nothing"),
        ("\n \"abc", "line 2, column 2: the text ends inside of this string"),
        ("[#]", "line 1, column 2: \"#\" with nothing that it could mean"),
        ("[#tag]", "line 1, column 2: a tag with nothing after it"),
        ("[#_]", "line 1, column 2: a form that is discarded is missing"),
        ("é :", "line 1, column 3: a keyword without a name"),
        ("12q", "line 1, column 1: \"12q\" is no number"),
        ("a\u{1}b", "line 1, column 2: a character of control (0x01): is this a text?"),
    ] {
        assert_eq!(tokens(text), Err(wanted.to_owned()), "{text}");
    }
    let deep = "[".repeat(DEPTH_MAX + 1);
    assert_eq!(tokens(&deep), Err("line 1, column 1001: brackets are nested more than 1000 deep".to_owned()));
}

#[test]
fn a_form_is_written_in_one_way() {
    let mut edn = Edn::new(Source::new("[1,  [:a \"b c\"]\n #{nil} {}] 2".as_bytes()));
    let first = edn.next().expect("it is EDN").expect("there is a form");
    let mut out = Vec::new();
    edn.write_form(first, &mut out).expect("it is EDN");
    assert_eq!(String::from_utf8(out).as_deref(), Ok("[1 [:a \"b c\"] #{nil} {}]"));
    assert_eq!(edn.next().expect("it is EDN"), Some(Token::Integer(2)));
}
