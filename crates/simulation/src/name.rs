//! The processes by name.

use std::fmt;

use events::{AccountUpdate, OrderUpdate};
use host::Service as _;
use outbox::Event as _;

use crate::tally;

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Service {
    Orders,
    Products,
    Notifications,
    Tally,
}

impl Service {
    pub(crate) const ALL: [Self; 4] = [
        Self::Orders,
        Self::Products,
        Self::Notifications,
        Self::Tally,
    ];

    /// Whether it handles events of that type, where it reads their topic; it passes over others.
    pub(crate) fn handles(self, event_type: &str) -> bool {
        match self {
            Self::Orders | Self::Products | Self::Tally => true,
            Self::Notifications => [OrderUpdate::TYPE, AccountUpdate::TYPE].contains(&event_type),
        }
    }

    /// Its name and consumer group.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Orders => orders::Orders::NAME,
            Self::Products => products::Products::NAME,
            Self::Notifications => notifications::Notifications::NAME,
            Self::Tally => tally::GROUP,
        }
    }
}

/// Names a process: the service, which of its instances, and which of that one's lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) service: Service,
    pub(crate) place: usize,
    pub(crate) life: u32,
}

impl Name {
    pub(crate) fn number(self) -> u64 {
        (self.place as u64) << 32 | u64::from(self.life) << 8 | self.service as u64
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            service,
            place,
            life,
        } = self;
        write!(f, "{}-{place} (life {life})", service.name())
    }
}
