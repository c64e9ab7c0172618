//! Spans of time and rates as people write them: `12w`, `1h30m`, `30/min`.

use std::fmt;
use std::str::FromStr;

use harness_core::history::Nanos;
use serde::{Deserialize, Serialize};

/// A span of virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub Nanos);

/// So many times in each span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    times: u32,
    every: Span,
}

/// Why a text is no span, or no rate, in words that say what is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseSpanError(&'static str);

/// The units, the longest first.
const UNITS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 60 * 60 * 1_000_000_000),
    ("d", 24 * 60 * 60 * 1_000_000_000),
    ("h", 60 * 60 * 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

/// The other names of units.
const ALIASES: [(&str, &str); 4] = [("min", "m"), ("sec", "s"), ("day", "d"), ("week", "w")];

const NO_SPAN: ParseSpanError = ParseSpanError(
    "use a number above 0 and one of the units ms, s, m, h, d and w, such as 90s, 1h30m or 12w",
);
const NO_RATE: ParseSpanError =
    ParseSpanError("use a whole number and a unit of time, such as 1/s, 30/min or 10/h");

fn unit(name: &str) -> Option<u64> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    UNITS.iter().find(|(unit, _)| *unit == name).map(|&(_, nanos)| nanos)
}

impl FromStr for Span {
    type Err = ParseSpanError;

    fn from_str(text: &str) -> Result<Self, ParseSpanError> {
        let (mut rest, mut nanos) = (text, 0u64);
        while !rest.is_empty() {
            let number_end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(NO_SPAN)?;
            let (number, after) = rest.split_at(number_end);
            let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (name, after) = after.split_at(unit_end);
            let number: u64 = number.parse().map_err(|_| NO_SPAN)?;
            let added = unit(name).and_then(|unit| number.checked_mul(unit)).ok_or(NO_SPAN)?;
            nanos = nanos.checked_add(added).ok_or(NO_SPAN)?;
            rest = after;
        }
        if nanos == 0 { Err(NO_SPAN) } else { Ok(Self(Nanos(nanos))) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.0;
        for (unit, nanos) in UNITS {
            if rest >= nanos {
                write!(f, "{}{unit}", rest / nanos)?;
                rest %= nanos;
            }
        }
        if self.0.0 < UNITS[5].1 { f.write_str("0s") } else { Ok(()) }
    }
}

impl Rate {
    /// Never.
    pub const NEVER: Self = Self { times: 0, every: Span(Nanos(1)) };

    /// How often this is from the start to this instant.
    pub(crate) fn until(self, instant: Nanos) -> u64 {
        (u128::from(self.times) * u128::from(instant.0) / u128::from(self.every.0.0)) as u64
    }
}

impl FromStr for Rate {
    type Err = ParseSpanError;

    fn from_str(text: &str) -> Result<Self, ParseSpanError> {
        let (times, name) = text.split_once('/').ok_or(NO_RATE)?;
        let times = times.parse().map_err(|_| NO_RATE)?;
        let every = unit(name).map(|nanos| Span(Nanos(nanos))).ok_or(NO_RATE)?;
        Ok(Self { times, every })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|&&(_, nanos)| nanos == self.every.0.0);
        write!(f, "{}/{}", self.times, unit.map_or("s", |&(name, _)| if name == "m" { "min" } else { name }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_told_as_people_write_them() {
        for text in ["12w", "90s", "1h30m", "250ms", "1d1ms"] {
            let span: Span = text.parse().expect(text);
            assert_eq!(span.to_string().parse(), Ok(span), "{span}");
        }
        let told = |text: &str| text.parse::<Span>().map(|span| span.to_string());
        assert_eq!(told("90s").as_deref(), Ok("1m30s"));
        assert_eq!(told("84d").as_deref(), Ok("12w"));
        assert_eq!(told("2min").as_deref(), Ok("2m"));
        for wrong in ["", "12", "w", "1.5h", "-1h", "1y", "0s", "1h 30m", "99999999999w", "1hm", "12W"] {
            assert_eq!(wrong.parse::<Span>(), Err(NO_SPAN), "{wrong}");
        }
    }

    #[test]
    fn rates_are_read_and_count_without_drift() {
        let rate: Rate = "30/min".parse().expect("it is a rate");
        assert_eq!(rate.to_string(), "30/min");
        assert_eq!(rate.until(Nanos::from_secs(60 * 60 * 24 * 7 * 12)), 30 * 60 * 24 * 7 * 12);
        let third: Rate = "20/m".parse().expect("it is a rate");
        assert_eq!([1, 2, 3, 4].map(|s| third.until(Nanos::from_secs(s))), [0, 0, 1, 1]);
        assert_eq!(Rate::NEVER.until(Nanos::from_secs(9)), 0);
        for wrong in ["", "1", "/s", "1/", "1/y", "-1/s", "1.5/s", "1/2s", "5000000000/s"] {
            assert_eq!(wrong.parse::<Rate>(), Err(NO_RATE), "{wrong}");
        }
    }
}
