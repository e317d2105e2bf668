//! What is checked.

use crate::action::BatchEnd;
use crate::guard::{Guard, Guards};
use crate::state::{Group, PRODUCTS, State};

/// The batches of products: up to two records, from one partition or from both.
pub(crate) const PAIRS: [[u8; 2]; 5] = [[1, 0], [0, 1], [2, 0], [0, 2], [1, 1]];
/// Those of orders, whose handlers look at each record by itself.
pub(crate) const SINGLES: [[u8; 2]; 2] = [[1, 0], [0, 1]];

/// What is checked.
#[derive(Debug, Clone)]
pub struct Choreography {
    /// How many of each product there are at the start: each pair is a beginning of its own.
    pub stock: Vec<[u8; 2]>,
    /// How many faults a run has, of any kinds.
    pub faults: u8,
    /// The order that its customer may cancel at any time.
    pub cancels: Option<u8>,
    /// The rules that stand.
    pub guards: Guards,
    /// Whether the database refuses a transaction that writes what another one has written since
    /// its snapshot. MongoDB does. Without it the design's own guards are alone.
    pub isolation: bool,
    /// Whether steps that commute with all that can come are taken at once, instead of in every
    /// order. It changes the figures and not the verdict.
    pub reduced: bool,
}

impl Default for Choreography {
    fn default() -> Self {
        Self {
            stock: vec![[1, 1], [1, 2], [2, 1], [2, 2]],
            faults: 2,
            cancels: None,
            guards: Guards::all(),
            isolation: true,
            reduced: true,
        }
    }
}

impl Choreography {
    /// The same without `guard`.
    #[must_use]
    pub fn without(self, guard: Guard) -> Self {
        let guards = self.guards.without(guard);
        Self { guards, ..self }
    }
}

/// The batches that `group` may run next, and their ends.
pub(crate) fn batch_actions<V>(
    model: &Choreography,
    batches: &[[u8; 2]],
    state: &State,
    group: &Group<V>,
    lengths: [u8; PRODUCTS],
    mut push: impl FnMut([u8; 2], BatchEnd),
) {
    for &count in batches {
        let fits = (0..2).all(|at| {
            count[at] == 0
                || group.checkpoints[at].next + count[at] <= lengths[at] && !group.is_held(at)
        });
        if !fits {
            continue;
        }
        push(count, BatchEnd::Done);
        if state.faults_left == 0 {
            continue;
        }
        push(count, BatchEnd::ReplyLost);
        if group.stalled.is_none() {
            push(count, BatchEnd::Stalls);
        }
        if !model.guards.stand(Guard::Checkpoint) {
            push(count, BatchEnd::DiesAfterCheckpoint);
        }
        if !model.guards.stand(Guard::OutboxInTransaction) {
            push(count, BatchEnd::DiesBeforeOutbox);
        }
    }
}
