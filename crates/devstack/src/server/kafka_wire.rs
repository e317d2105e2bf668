//! One Kafka request, spoken by hand: Metadata, version 4.
//!
//! A broker lists itself in the answer only once it is registered and unfenced, which is later than
//! the opening of its port. Version 4 is spoken by every broker since 0.11.
//! Source: <https://kafka.apache.org/protocol#The_Messages_Metadata>.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const METADATA: i16 = 3;
const VERSION: i16 = 4;
const CORRELATION: i32 = 7;
const TIMEOUT: Duration = Duration::from_secs(2);
const MAX_ANSWER: usize = 1 << 20;

/// Whether the broker at `port` serves requests; the error says why not.
pub(crate) fn is_serving(port: u16) -> Result<(), String> {
    let brokers = ask(port).map_err(|error| error.to_string())?;
    if brokers > 0 {
        Ok(())
    } else {
        Err("the broker is not registered yet".to_owned())
    }
}

fn ask(port: u16) -> std::io::Result<i32> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(&request())?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(i32::from_be_bytes(length)).unwrap_or(MAX_ANSWER);
    let mut answer = vec![0; length.min(MAX_ANSWER)];
    stream.read_exact(&mut answer)?;
    Ok(brokers_in(&answer).unwrap_or(0))
}

fn request() -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(METADATA.to_be_bytes());
    body.extend(VERSION.to_be_bytes());
    body.extend(CORRELATION.to_be_bytes());
    body.extend((-1_i16).to_be_bytes()); // no client id
    body.extend(0_i32.to_be_bytes()); // no topics
    body.push(0); // and none to be created
    let mut framed = i32::try_from(body.len())
        .unwrap_or(0)
        .to_be_bytes()
        .to_vec();
    framed.extend(body);
    framed
}

/// Correlation id, throttle time, then the array of brokers, whose length is all we want.
fn brokers_in(answer: &[u8]) -> Option<i32> {
    let word = |at: usize| Some(i32::from_be_bytes(answer.get(at..at + 4)?.try_into().ok()?));
    (word(0)? == CORRELATION).then(|| word(8)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_framed_by_its_length() {
        let request = request();
        assert_eq!(request[..4], 15_i32.to_be_bytes());
        assert_eq!(request.len(), 19);
    }

    #[test]
    fn only_an_answer_to_our_request_counts() {
        let answer = |correlation: i32, brokers: i32| {
            [correlation, 0, brokers].map(i32::to_be_bytes).concat()
        };
        assert_eq!(brokers_in(&answer(7, 1)), Some(1));
        assert_eq!(brokers_in(&answer(8, 1)), None);
        assert_eq!(brokers_in(&answer(7, 0)), Some(0));
        assert_eq!(brokers_in(&[0; 5]), None);
    }
}
