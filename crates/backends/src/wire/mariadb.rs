//! MariaDB's client protocol, as far as this needs it: the native password and queries in text, several statements to a
//! query. The client libraries bring a hundred crates and two minutes of compile time for what is a page here.

use std::io;

use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Answer, Duplex, Failure, Login};

/// <https://mariadb.com/kb/en/connection/#capabilities>.
mod capability {
    pub(super) const LONG_PASSWORD: u32 = 1;
    pub(super) const CONNECT_WITH_DB: u32 = 1 << 3;
    pub(super) const PROTOCOL_41: u32 = 1 << 9;
    pub(super) const TRANSACTIONS: u32 = 1 << 13;
    pub(super) const SECURE_CONNECTION: u32 = 1 << 15;
    pub(super) const MULTI_STATEMENTS: u32 = 1 << 16;
    pub(super) const MULTI_RESULTS: u32 = 1 << 17;
    pub(super) const PLUGIN_AUTH: u32 = 1 << 19;
}

const UTF8MB4: u8 = 45;
const NATIVE_PASSWORD: &[u8] = b"mysql_native_password";
const MORE_RESULTS: u16 = 8;
const COM_QUERY: u8 = 3;
/// A longer one is sent in parts, which nothing here needs.
const PACKET_MAX: usize = 0xff_ffff;

pub(super) struct MariaDb {
    stream: Box<dyn Duplex>,
    /// What has arrived, and from where on it was not looked at.
    received: Vec<u8>,
    next: usize,
    sequence: u8,
}

impl MariaDb {
    pub(super) async fn open(stream: Box<dyn Duplex>, login: &Login) -> Result<Self, Failure> {
        let mut wire = Self { stream, received: Vec::new(), next: 0, sequence: 0 };
        let greeting = wire.receive().await?;
        let scramble = scramble_of(&greeting)?;
        let response = handshake_response(login, &scramble);
        wire.send(&response).await?;
        let mut reply = wire.receive().await?;
        if reply.first() == Some(&0xfe) {
            let mut fields = Fields(&reply[1..]);
            let (plugin, scramble) = (fields.until_zero()?, fields.0);
            if plugin != NATIVE_PASSWORD {
                let name = String::from_utf8_lossy(plugin);
                let code = "authentication".to_owned();
                let message = format!("the plugin {name} is not known here: give the user a native password");
                return Err(Failure::Refused { code, message });
            }
            let proof = native_password(&login.password, scramble.strip_suffix(&[0]).unwrap_or(scramble));
            wire.send(&proof).await?;
            reply = wire.receive().await?;
        }
        match reply.first() {
            Some(0) => Ok(wire),
            _ => Err(refused(&reply)),
        }
    }

    pub(super) async fn ask(&mut self, statements: &str) -> Result<Vec<Answer>, Failure> {
        self.sequence = 0;
        let mut query = Vec::with_capacity(statements.len() + 1);
        query.push(COM_QUERY);
        query.extend_from_slice(statements.as_bytes());
        self.send(&query).await?;
        let mut answers = Vec::new();
        loop {
            let (answer, status) = self.answer().await?;
            answers.push(answer);
            if status & MORE_RESULTS == 0 {
                return Ok(answers);
            }
        }
    }

    /// The answer to one statement, and the status that follows it.
    async fn answer(&mut self) -> Result<(Answer, u16), Failure> {
        let first = self.receive().await?;
        let mut answer = Answer::default();
        match first.first() {
            Some(0) => {
                let mut fields = Fields(&first[1..]);
                fields.number()?;
                fields.number()?;
                return Ok((answer, fields.u16()?));
            }
            None | Some(0xff) => return Err(refused(&first)),
            Some(_) => {}
        }
        let columns = Fields(&first).number()?;
        // A definition for each column, and a packet that ends them.
        for _ in 0..=columns {
            self.receive().await?;
        }
        loop {
            let packet = self.receive().await?;
            match packet.first() {
                Some(0xfe) if packet.len() < 9 => return Ok((answer, Fields(&packet[3..]).u16()?)),
                Some(0xff) => return Err(refused(&packet)),
                _ => answer.rows.push(Fields(&packet).row(columns)?),
            }
        }
    }

    async fn send(&mut self, payload: &[u8]) -> Result<(), Failure> {
        if payload.len() >= PACKET_MAX {
            return Err(malformed("a request is too long").into());
        }
        let mut packet = Vec::with_capacity(payload.len() + 4);
        packet.extend_from_slice(&(payload.len() as u32).to_le_bytes()[..3]);
        packet.push(self.sequence);
        packet.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.write_all(&packet).await?;
        Ok(())
    }

    async fn receive(&mut self) -> Result<Vec<u8>, Failure> {
        let header = self.take(4).await?;
        self.sequence = header[3].wrapping_add(1);
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
        if length == PACKET_MAX {
            return Err(malformed("an answer is too long").into());
        }
        self.take(length).await
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>, Failure> {
        if self.next == self.received.len() {
            self.received.clear();
            self.next = 0;
        }
        while self.received.len() < self.next + length {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        let taken = self.received[self.next..self.next + length].to_vec();
        self.next += length;
        Ok(taken)
    }
}

fn handshake_response(login: &Login, scramble: &[u8]) -> Vec<u8> {
    let wanted = capability::LONG_PASSWORD
        | capability::CONNECT_WITH_DB
        | capability::PROTOCOL_41
        | capability::TRANSACTIONS
        | capability::SECURE_CONNECTION
        | capability::MULTI_STATEMENTS
        | capability::MULTI_RESULTS
        | capability::PLUGIN_AUTH;
    let mut response = Vec::new();
    response.extend_from_slice(&wanted.to_le_bytes());
    response.extend_from_slice(&(PACKET_MAX as u32).to_le_bytes());
    response.push(UTF8MB4);
    response.extend_from_slice(&[0; 23]);
    response.extend_from_slice(login.user.as_bytes());
    response.push(0);
    let proof = native_password(&login.password, scramble);
    response.push(proof.len() as u8);
    response.extend_from_slice(&proof);
    response.extend_from_slice(login.database.as_bytes());
    response.push(0);
    response.extend_from_slice(NATIVE_PASSWORD);
    response.push(0);
    response
}

/// The 20 bytes by which the server wants the password proven.
fn scramble_of(greeting: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut fields = Fields(greeting);
    match fields.bytes(1)? {
        [10] => {}
        [0xff] => return Err(refused(greeting)),
        _ => return Err(malformed("the server speaks another protocol").into()),
    }
    fields.until_zero()?;
    fields.bytes(4)?;
    let mut scramble = fields.bytes(8)?.to_vec();
    // A filler, capabilities, character set, status, capabilities, the length of the scramble, reserved.
    fields.bytes(1 + 2 + 1 + 2 + 2 + 1 + 10)?;
    scramble.extend_from_slice(fields.until_zero()?);
    Ok(scramble)
}

/// SHA1(password) XOR SHA1(scramble, SHA1(SHA1(password))); nothing for no password.
fn native_password(password: &str, scramble: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let once = Sha1::digest(password.as_bytes());
    let twice = Sha1::digest(once);
    let salted = Sha1::new().chain_update(scramble).chain_update(twice).finalize();
    once.iter().zip(salted).map(|(one, other)| one ^ other).collect()
}

/// An error packet.
fn refused(packet: &[u8]) -> Failure {
    let mut fields = Fields(packet.get(1..).unwrap_or_default());
    let Ok(code) = fields.u16() else { return malformed("an error has no number").into() };
    // A marker and the SQLSTATE, which says less than the number.
    let words =
        if fields.0.first() == Some(&b'#') { fields.0.get(6..).unwrap_or_default() } else { fields.0 };
    Failure::Refused { code: code.to_string(), message: String::from_utf8_lossy(words).into_owned() }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("MariaDB: {what}"))
}

/// The fields of a packet, from the first on.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| malformed("a packet is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u16(&mut self) -> io::Result<u16> {
        let bytes = self.bytes(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    /// A number whose first byte says how long it is.
    fn number(&mut self) -> io::Result<usize> {
        let first = self.bytes(1)?[0];
        let width = match first {
            0xfc => 2,
            0xfd => 3,
            0xfe => 8,
            _ => return Ok(first.into()),
        };
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(self.bytes(width)?);
        Ok(u64::from_le_bytes(wide) as usize)
    }

    fn until_zero(&mut self) -> io::Result<&'a [u8]> {
        let length = self.0.iter().position(|&byte| byte == 0).unwrap_or(self.0.len());
        let taken = self.bytes(length)?;
        self.0 = self.0.get(1..).unwrap_or_default();
        Ok(taken)
    }

    fn row(&mut self, columns: usize) -> io::Result<Vec<Option<String>>> {
        (0..columns)
            .map(|_| {
                if self.0.first() == Some(&0xfb) {
                    self.bytes(1)?;
                    return Ok(None);
                }
                let length = self.number()?;
                Ok(Some(String::from_utf8_lossy(self.bytes(length)?).into_owned()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of the plugin: the server can check it against SHA1(SHA1(password)) alone.
    #[test]
    fn a_password_is_proven_without_being_told() {
        let (password, scramble) = ("secret", [7; 20]);
        let proof = native_password(password, &scramble);
        let stored = Sha1::digest(Sha1::digest(password.as_bytes()));
        let salted = Sha1::new().chain_update(scramble).chain_update(stored).finalize();
        let once: Vec<u8> = proof.iter().zip(salted).map(|(one, other)| one ^ other).collect();
        assert_eq!(Sha1::digest(once), stored);
        assert!(native_password("", &scramble).is_empty());
    }

    #[test]
    fn fields_read_back_and_a_short_packet_is_an_error() {
        let mut fields = Fields(&[5, 0xfc, 1, 2, b'a', 0, 3, b'x', b'y', b'z', 0xfb]);
        assert_eq!(fields.number().ok(), Some(5));
        assert_eq!(fields.number().ok(), Some(0x201));
        assert_eq!(fields.until_zero().ok(), Some(&b"a"[..]));
        assert_eq!(fields.row(2).ok(), Some(vec![Some("xyz".to_owned()), None]));
        assert!(fields.u16().is_err());
    }

    #[test]
    fn an_error_has_its_number_and_its_words() {
        let packet = b"\xff\x75\x05#XAE04XAER_NOTA: Unknown XID";
        assert_eq!(refused(packet).to_string(), "1397: XAER_NOTA: Unknown XID");
    }
}
