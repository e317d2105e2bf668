//! HTTP as every service speaks it: one middleware around all routes, extractors that refuse
//! clearly, and problems (RFC 9457) for everything that is not a success.

mod durations;
mod extract;
mod in_process;
mod metrics;
mod middleware;
mod problem;
mod request_id;
mod serve;

pub use extract::{Json, Path, Query};
pub use in_process::InProcess;
pub use metrics::serve_metrics;
pub(crate) use metrics::{METRICS, text as metrics_text};
pub use middleware::{layers, middleware};
pub use problem::{PROBLEM_JSON, Problem, ProblemBody};
pub use request_id::{REQUEST_ID, RequestId, trace_id, traceparent};
pub use serve::{BodyStalled, Door, InvalidTls, OverTls, Tls, bind, caller_key, serve, serve_at};
