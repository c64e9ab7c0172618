//! Databases that somebody already runs, by URL: `postgres://user:password@host:port/database`, and the same with
//! `mariadb` or `mysql`. A host that begins with `%2F` is a path: PostgreSQL's folder of sockets, or MariaDB's socket.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::wire::{Address, Login};
use crate::{BackendError, Kind};

/// A database that is there already.
#[derive(Clone, Debug)]
pub struct Url {
    pub(crate) kind: Kind,
    pub(crate) address: Address,
    pub(crate) login: Login,
}

impl FromStr for Url {
    type Err = BackendError;

    fn from_str(text: &str) -> Result<Self, BackendError> {
        let wrong = |why: &str| BackendError::Url { url: without_password(text), why: why.to_owned() };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let (kind, standard_port) = match scheme {
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => (Kind::Postgres, 5432),
            #[cfg(feature = "mariadb")]
            "mariadb" | "mysql" => (Kind::MariaDb, 3306),
            _ => return Err(wrong("this build knows no such database")),
        };
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        if database.contains('?') {
            return Err(wrong("it has parameters, of which none is known: leave out what follows the \"?\""));
        }
        let (user, place) = authority.rsplit_once('@').ok_or_else(|| wrong("it names no user"))?;
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong("its port is no number"))?),
            None => (place, standard_port),
        };
        if host.is_empty() || user.is_empty() {
            return Err(wrong("it needs a user and a host"));
        }
        let decode =
            |part: &str| decoded(part).ok_or_else(|| wrong("a % in it is not followed by two digits"));
        let login = Login {
            user: decode(user)?,
            password: decode(password)?,
            database: if database.is_empty() { decode(user)? } else { decode(database)? },
        };
        let host = decode(host)?;
        let address =
            if host.starts_with('/') { socket(kind, host.into(), port) } else { Address::Tcp(host, port) };
        Ok(Self { kind, address, login })
    }
}

/// PostgreSQL has several sockets in one folder, named by ports.
fn socket(kind: Kind, path: PathBuf, port: u16) -> Address {
    // Only PostgreSQL's depends on the port.
    let _ = port;
    Address::Unix(match kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres => path.join(format!(".s.PGSQL.{port}")),
        #[cfg(feature = "mariadb")]
        Kind::MariaDb => path,
    })
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Login { user, database, .. } = &self.login;
        match &self.address {
            Address::Tcp(host, port) => write!(f, "{}://{user}@{host}:{port}/{database}", self.kind),
            Address::Unix(path) => {
                let encoded = path.to_string_lossy().replace('%', "%25").replace('/', "%2F");
                let host = encoded.split("%2F.s.PGSQL.").next().unwrap_or_default();
                match encoded.rsplit_once(".s.PGSQL.") {
                    Some((_, port)) => write!(f, "{}://{user}@{host}:{port}/{database}", self.kind),
                    None => write!(f, "{}://{user}@{host}/{database}", self.kind),
                }
            }
        }
    }
}

/// A password has no place in an error.
fn without_password(url: &str) -> String {
    let hidden = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, place) = rest.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:...@{place}"))
    });
    hidden.unwrap_or_else(|| url.to_owned())
}

/// Replaces `%40` by `@` and so on.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(all(test, feature = "postgres", feature = "mariadb"))]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_who() {
        let url: Url = "postgres://me:p%40ss@db.example:5433/bank".parse().expect("a good one");
        assert_eq!(url.to_string(), "postgres://me@db.example:5433/bank");
        assert_eq!(url.login.password, "p@ss");
        for url in ["postgres://me@%2Frun%2Fpostgresql:5433/bank", "mariadb://me@%2Frun%2Fmysqld%2Fs/bank"] {
            assert_eq!(url.parse::<Url>().expect("a good one").to_string(), url);
        }
        let url: Url = "mysql://root@localhost".parse().expect("a good one");
        assert_eq!(url.to_string(), "mariadb://root@localhost:3306/root");
    }

    #[test]
    fn a_wrong_one_says_why_without_its_password() {
        for (url, why) in [
            ("localhost:5432", "it has no scheme"),
            ("oracle://me@there/", "this build knows no such database"),
            ("postgres://there/bank", "it names no user"),
            ("postgres://me:secret@there:port/bank", "its port is no number"),
            ("postgres://me:secret@there/bank?sslmode=require", "it has parameters, of which none is known"),
            ("postgres://me:%zz@there/bank", "a % in it is not followed by two digits"),
        ] {
            let told = url.parse::<Url>().expect_err("a wrong one").to_string();
            assert!(told.contains(why) && !told.contains("secret"), "{told}");
        }
    }
}
