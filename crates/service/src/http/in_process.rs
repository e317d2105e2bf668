//! A service that is called by another role of the same process.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::Problem;

/// What a caller is told to wait when the service has ended: another start takes that long.
const SOON: Duration = Duration::from_secs(2);

/// A service's routes for callers in the same process: the same answers as through its listener,
/// without a connection between. Cheap to clone.
#[derive(Debug, Clone)]
pub struct InProcess {
    router: Router,
    calls: TaskTracker,
}

impl From<Router> for InProcess {
    fn from(router: Router) -> Self {
        Self {
            router,
            calls: TaskTracker::new(),
        }
    }
}

impl InProcess {
    /// Answers `request`; what one side has noted in its extensions is not shown to the other. The
    /// call is over when its answer begins, as a stream may be endless. Once the service has ended,
    /// 503 `unavailable`.
    pub async fn call(&self, mut request: Request) -> Response {
        let _under_way = self.calls.token();
        if self.calls.is_closed() {
            return Problem::unavailable(SOON).into_response();
        }
        request.extensions_mut().clear();
        let Ok(mut response) = self.router.clone().oneshot(request).await;
        response.extensions_mut().clear();
        response
    }

    pub(super) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Takes no more calls, and waits for those under way.
    pub(super) async fn end(&self) {
        self.calls.close();
        self.calls.wait().await;
    }
}
