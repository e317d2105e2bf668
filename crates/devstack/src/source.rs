use crate::Server;

/// Where one of the two servers comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Given(String),
    Started { server: Server, address: String },
}

impl Source {
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::Given(address) | Self::Started { address, .. } => address,
        }
    }

    pub(crate) fn server(&self) -> Option<&Server> {
        match self {
            Self::Given(_) => None,
            Self::Started { server, .. } => Some(server),
        }
    }
}
