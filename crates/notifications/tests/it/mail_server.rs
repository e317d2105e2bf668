//! A mail server that goes away and comes back.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use mailin::response::{INTERNAL_ERROR, NO_MAILBOX, OK};
use mailin::{Action, Handler, Response, SessionBuilder};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Below the ports that the system gives to clients: nobody takes it while the server is away.
const PORTS: std::ops::Range<u16> = 21_000..32_000;

/// What the server does with a mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It takes it.
    #[default]
    Takes,
    /// It takes it and ends the connection before it says so.
    HangsUp,
    /// It refuses it for now.
    IsBusy,
    /// It knows no such mailbox.
    KnowsNobody,
}

#[derive(Default)]
struct State {
    mood: Mood,
    mails: Vec<String>,
}

type Shared = Arc<Mutex<State>>;

pub(crate) struct MailServer {
    address: SocketAddr,
    state: Shared,
    task: Option<JoinHandle<()>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let first = u16::try_from(std::process::id() % 10_000).unwrap();
        let ports = PORTS.cycle().skip(usize::from(first));
        for port in ports {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            if let Ok(listener) = TcpListener::bind(address).await {
                let mut server = Self {
                    address,
                    state: Shared::default(),
                    task: None,
                };
                server.serve(listener);
                return server;
            }
        }
        unreachable!("ports are tried for ever")
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub(crate) fn is(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// The mails so far.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.state.lock().unwrap().mails.clone()
    }

    pub(crate) async fn goes_away(&mut self) {
        let task = self.task.take().unwrap();
        task.abort();
        let _ = task.await;
    }

    pub(crate) async fn comes_back(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serve(listener);
    }

    fn serve(&mut self, listener: TcpListener) {
        let state = self.state.clone();
        self.task = Some(tokio::spawn(async move {
            // They end with the server.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, state.clone()));
            }
        }));
    }
}

/// The values of the header `name` of `mails`.
pub(crate) fn headers(mails: &[String], name: &str) -> Vec<String> {
    let of = |mail: &String| {
        let start = format!("{name}: ");
        let line = mail.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {name}: {mail}"))
            .to_owned()
    };
    mails.iter().map(of).collect()
}

async fn serve(stream: TcpStream, state: Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mailbox = Mailbox {
        state: state.clone(),
        mail: Vec::new(),
    };
    let mut session = SessionBuilder::new("test").build(ip, mailbox);
    answer(&mut stream, &session.greeting()).await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let before = state.lock().unwrap().mails.len();
        let response = session.process(&line);
        let taken = before < state.lock().unwrap().mails.len();
        if taken && state.lock().unwrap().mood == Mood::HangsUp {
            return Ok(());
        }
        if response.action != Action::NoReply {
            answer(&mut stream, &response).await?;
        }
        if response.action == Action::Close {
            return Ok(());
        }
    }
}

async fn answer(stream: &mut BufReader<TcpStream>, response: &Response) -> io::Result<()> {
    stream.write_all(&response.buffer()?).await?;
    stream.flush().await
}

struct Mailbox {
    state: Shared,
    mail: Vec<u8>,
}

impl Handler for Mailbox {
    fn rcpt(&mut self, _to: &str) -> Response {
        match self.state.lock().unwrap().mood {
            Mood::KnowsNobody => NO_MAILBOX,
            Mood::IsBusy => INTERNAL_ERROR,
            Mood::Takes | Mood::HangsUp => OK,
        }
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        self.mail.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mail = std::mem::take(&mut self.mail);
        let mail = String::from_utf8(mail).unwrap();
        self.state.lock().unwrap().mails.push(mail);
        OK
    }
}
