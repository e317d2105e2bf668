//! One MongoDB message, spoken by hand: `OP_MSG` with one document each way.
//!
//! Three commands are needed (`hello`, `replSetInitiate`, `replSetReconfig`), and `cargo xtask`
//! links this crate: the driver would bring TLS and its C build to the tool that installs the C
//! compiler. Source: <https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/>.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bson::Document;

const OP_MSG: u32 = 2013;
const HEADER: usize = 16;
/// Flag bits, then the kind of the one section.
const PREFIX: usize = 5;
const MAX_ANSWER: usize = 1 << 24;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Initiating a replica set writes its first oplog entries to disk.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends `command` to the `admin` database of the server at `port`.
pub(crate) fn command(port: u16, mut command: Document) -> io::Result<Document> {
    command.insert("$db", "admin");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.write_all(&message(&command)?)?;

    let mut header = [0; HEADER];
    stream.read_exact(&mut header)?;
    let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
    if !(HEADER + PREFIX..MAX_ANSWER).contains(&length) {
        return Err(io::Error::other(format!("an answer of {length} bytes")));
    }
    let mut body = vec![0; length - HEADER];
    stream.read_exact(&mut body)?;
    Document::from_reader(&body[PREFIX..]).map_err(io::Error::other)
}

fn message(document: &Document) -> io::Result<Vec<u8>> {
    let document = document.to_vec().map_err(io::Error::other)?;
    let length = HEADER + PREFIX + document.len();
    let length = u32::try_from(length).map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    // Length, request id, response to, operation; then the flag bits and section kind 0.
    for word in [length, 1, 0, OP_MSG, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.push(0);
    bytes.extend(document);
    Ok(bytes)
}

/// Whether the server says that the command went well; the error is its message.
pub(crate) fn accepted(answer: &Document) -> Result<(), String> {
    if answer.get_f64("ok").is_ok_and(|ok| ok > 0.5) {
        return Ok(());
    }
    Err(answer
        .get_str("errmsg")
        .unwrap_or("the server gave no reason")
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_its_own_length() {
        let bytes = message(&bson::doc! { "hello": 1 }).unwrap();
        assert_eq!(
            bytes[..4],
            u32::try_from(bytes.len()).unwrap().to_le_bytes()
        );
        assert_eq!(bytes[12..16], OP_MSG.to_le_bytes());
        let document = Document::from_reader(&bytes[HEADER + PREFIX..]).unwrap();
        assert_eq!(document, bson::doc! { "hello": 1 });
    }

    #[test]
    fn a_refusal_gives_the_servers_reason() {
        assert_eq!(accepted(&bson::doc! { "ok": 1.0 }), Ok(()));
        let refused = bson::doc! { "ok": 0.0, "errmsg": "already initialized" };
        assert_eq!(accepted(&refused), Err("already initialized".to_owned()));
    }
}
