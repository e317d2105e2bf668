//! As much of MongoDB's wire protocol as is needed to see whose turn it is.

use std::io;

use bson::RawDocument;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A message, whole, as it travels.
pub(super) struct Frame(pub(super) Vec<u8>);

const HEADER: usize = 16;
/// The message kind that carries every command and answer since MongoDB 3.6.
const OP_MSG: i32 = 2013;
/// Above MongoDB's own limit of 48,000,000 bytes something else is being spoken.
const LONGEST: usize = 50_000_000;

impl Frame {
    /// The next message; `None` when the other side has closed.
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut bytes = vec![0; HEADER];
        match from.read_exact(&mut bytes).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other.map(drop)?,
        }
        let length = usize::try_from(number(&bytes, 0)).unwrap_or(0);
        if !(HEADER..=LONGEST).contains(&length) {
            return Err(io::Error::other("this is not MongoDB's protocol"));
        }
        bytes.resize(length, 0);
        from.read_exact(&mut bytes[HEADER..]).await?;
        Ok(Some(Self(bytes)))
    }

    pub(super) fn id(&self) -> i32 {
        number(&self.0, 4)
    }

    /// The id of the message that this one answers.
    pub(super) fn answers(&self) -> i32 {
        number(&self.0, 8)
    }

    /// The command's name: the first field of its document.
    pub(super) fn command(&self) -> Option<String> {
        if number(&self.0, 12) != OP_MSG {
            return None;
        }
        // Four bytes of flags, then sections; a command's own document is the first, kind 0.
        let section = self.0.get(HEADER + 4..)?;
        let (kind, rest) = section.split_first()?;
        if *kind != 0 {
            return None;
        }
        let length = usize::try_from(number(rest, 0)).ok()?;
        let document = RawDocument::from_bytes(rest.get(..length)?).ok()?;
        let (name, _) = document.iter().next()?.ok()?;
        Some(name.as_str().to_owned())
    }
}

fn number(bytes: &[u8], at: usize) -> i32 {
    match bytes.get(at..at + 4).map(<[u8; 4]>::try_from) {
        Some(Ok(four)) => i32::from_le_bytes(four),
        _ => 0,
    }
}
