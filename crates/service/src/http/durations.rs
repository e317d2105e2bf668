//! How long requests take, by what was asked and what was answered.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use http::{Method, StatusCode};
use metrics::{Histogram, Unit, describe_histogram, histogram};

/// The series of one service. Making a series takes a lookup with owned labels, so each is made
/// once and kept: there are as many as routes, methods and statuses.
pub(super) struct Durations {
    service: &'static str,
    made: RwLock<HashMap<String, Vec<Series>>>,
}

struct Series {
    method: &'static str,
    status: StatusCode,
    seconds: Histogram,
}

impl fmt::Debug for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durations").finish_non_exhaustive()
    }
}

impl Durations {
    pub(super) fn new(service: &'static str) -> Self {
        describe_histogram!(
            "http_server_request_duration_seconds",
            Unit::Seconds,
            "Time until an answer began"
        );
        Self {
            service,
            made: RwLock::default(),
        }
    }

    pub(super) fn record(&self, route: &str, method: &Method, status: StatusCode, seconds: f64) {
        let method = method_label(method);
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        let found = made.get(route).and_then(|of_route| {
            let fits = |series: &&Series| series.method == method && series.status == status;
            of_route.iter().find(fits)
        });
        if let Some(series) = found {
            series.seconds.record(seconds);
            return;
        }
        drop(made);
        let series = self.make(route, method, status);
        series.seconds.record(seconds);
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        made.entry(route.to_owned()).or_default().push(series);
    }

    fn make(&self, route: &str, method: &'static str, status: StatusCode) -> Series {
        let seconds = histogram!(
            "http_server_request_duration_seconds",
            "service" => self.service,
            "http_route" => route.to_owned(),
            "http_request_method" => method,
            "http_response_status_code" => status.as_str().to_owned()
        );
        Series {
            method,
            status,
            seconds,
        }
    }
}

/// Methods are the caller's text: unknown ones share a label, or anyone could fill the memory.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}
