//! PostgreSQL's protocol, version 3, by `postgres-protocol`. The drivers built on it keep the number of rows of a
//! command tag and drop its words, which are all that tells a PREPARE TRANSACTION that rolled back from one that did not.

use std::io;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::backend::{DataRowBody, ErrorFields, Message};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Answer, Duplex, Failure, Login};

pub(super) struct Postgres {
    stream: Box<dyn Duplex>,
    received: BytesMut,
    to_send: BytesMut,
}

impl Postgres {
    pub(super) async fn open(stream: Box<dyn Duplex>, login: &Login) -> Result<Self, Failure> {
        let mut wire = Self { stream, received: BytesMut::new(), to_send: BytesMut::new() };
        let parameters = [
            ("user", login.user.as_str()),
            ("database", login.database.as_str()),
            ("application_name", "2pc-test"),
            ("client_encoding", "UTF8"),
        ];
        frontend::startup_message(parameters, &mut wire.to_send)?;
        wire.send().await?;
        loop {
            match wire.receive().await? {
                Message::AuthenticationOk => {}
                Message::AuthenticationCleartextPassword => wire.tell(login.password.as_bytes()).await?,
                Message::AuthenticationMd5Password(body) => {
                    let hash = md5_hash(login.user.as_bytes(), login.password.as_bytes(), body.salt());
                    wire.tell(hash.as_bytes()).await?;
                }
                Message::AuthenticationSasl(_) => wire.scram(&login.password).await?,
                Message::ErrorResponse(body) => return Err(refused(body.fields())),
                Message::ReadyForQuery(_) => return Ok(wire),
                Message::BackendKeyData(_) | Message::ParameterStatus(_) | Message::NoticeResponse(_) => {}
                _ => return Err(unexpected("at login").into()),
            }
        }
    }

    async fn tell(&mut self, password: &[u8]) -> Result<(), Failure> {
        frontend::password_message(password, &mut self.to_send)?;
        self.send().await
    }

    async fn scram(&mut self, password: &str) -> Result<(), Failure> {
        let mut scram = sasl::ScramSha256::new(password.as_bytes(), sasl::ChannelBinding::unsupported());
        frontend::sasl_initial_response(sasl::SCRAM_SHA_256, scram.message(), &mut self.to_send)?;
        self.send().await?;
        match self.receive().await? {
            Message::AuthenticationSaslContinue(body) => scram.update(body.data())?,
            Message::ErrorResponse(body) => return Err(refused(body.fields())),
            _ => return Err(unexpected("amid SCRAM").into()),
        }
        frontend::sasl_response(scram.message(), &mut self.to_send)?;
        self.send().await?;
        match self.receive().await? {
            Message::AuthenticationSaslFinal(body) => Ok(scram.finish(body.data())?),
            Message::ErrorResponse(body) => Err(refused(body.fields())),
            _ => Err(unexpected("at the end of SCRAM").into()),
        }
    }

    pub(super) async fn ask(&mut self, statements: &str) -> Result<Vec<Answer>, Failure> {
        frontend::query(statements, &mut self.to_send)?;
        self.send().await?;
        let (mut answers, mut failure) = (Vec::new(), None);
        let mut answer = Answer::default();
        loop {
            match self.receive().await? {
                Message::DataRow(body) => answer.rows.push(columns(&body)?),
                Message::CommandComplete(body) => {
                    body.tag()?.clone_into(&mut answer.tag);
                    answers.push(std::mem::take(&mut answer));
                }
                Message::ErrorResponse(body) => failure = Some(refused(body.fields())),
                Message::ReadyForQuery(_) => return failure.map_or(Ok(answers), Err),
                Message::RowDescription(_)
                | Message::EmptyQueryResponse
                | Message::NoticeResponse(_)
                | Message::ParameterStatus(_) => {}
                _ => return Err(unexpected("as an answer").into()),
            }
        }
    }

    async fn send(&mut self) -> Result<(), Failure> {
        self.stream.write_all(&self.to_send.split()).await?;
        Ok(())
    }

    async fn receive(&mut self) -> Result<Message, Failure> {
        loop {
            if let Some(message) = Message::parse(&mut self.received)? {
                return Ok(message);
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }
}

fn columns(body: &DataRowBody) -> io::Result<Vec<Option<String>>> {
    let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&body.buffer()[range]).into_owned();
    body.ranges().map(|range| Ok(range.map(text))).collect()
}

fn refused(mut fields: ErrorFields<'_>) -> Failure {
    let (mut code, mut message) = (String::new(), String::new());
    while let Ok(Some(field)) = fields.next() {
        match field.type_() {
            b'C' => code = String::from_utf8_lossy(field.value_bytes()).into_owned(),
            b'M' => message = String::from_utf8_lossy(field.value_bytes()).into_owned(),
            _ => {}
        }
    }
    Failure::Refused { code, message }
}

fn unexpected(when: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("PostgreSQL sent a message that has no place {when}"))
}
