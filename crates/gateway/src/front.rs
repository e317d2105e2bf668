//! What is asked of every request, whatever its path: one host, and not too many of them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::HOST;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, StatusCode, Version};
use service::http::Problem;

use crate::forwarded::ClientInfo;
use crate::limits::Limits;

/// Probes have the address of a proxy or of the machine: they count against nobody's limit.
const PROBES: [&str; 2] = ["/livez", "/readyz"];

/// Refuses a request that names no host, or more than one, and one of an address that asks too
/// often.
pub(crate) async fn check(
    State(limits): State<Arc<Limits>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Err(problem) = name_host(&mut request) {
        return problem.into_response();
    }
    let client = request.extensions().get::<ClientInfo>();
    let address = client.and_then(|client| client.address);
    if !PROBES.contains(&request.uri().path())
        && let Err(problem) = limits.check_address(address)
    {
        return problem.into_response();
    }
    next.run(request).await
}

/// Leaves the host that was asked for in `Host`, wherever it stood: there, in `:authority` or in
/// the whole address of the request (RFC 9112 3.2, RFC 9113 8.3.1).
fn name_host(request: &mut Request) -> Result<(), Problem> {
    let (version, authority) = (request.version(), request.uri().authority().cloned());
    let mut written = request.headers().get_all(HOST).iter();
    let host = written.next().cloned();
    if written.next().is_some() {
        return Err(invalid_host("it has more than one `Host`"));
    }
    let host = match (host, authority) {
        (None, _) if version == Version::HTTP_11 => return Err(invalid_host("it has no `Host`")),
        (Some(host), Some(authority))
            if version == Version::HTTP_2 && host != authority.as_str() =>
        {
            return Err(invalid_host("`Host` is not its `:authority`"));
        }
        (_, Some(authority)) => HeaderValue::try_from(authority.as_str()).ok(),
        (host, None) => host,
    };
    let Some(host) = host else {
        return match version {
            Version::HTTP_09 | Version::HTTP_10 => Ok(()),
            _ => Err(invalid_host("it names none")),
        };
    };
    let read = Authority::try_from(host.as_bytes());
    if !read
        .is_ok_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'))
    {
        return Err(invalid_host("it is not a host with a port or without"));
    }
    request.headers_mut().insert(HOST, host);
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.unwrap_or(PathAndQuery::from_static("/")).into();
    Ok(())
}

fn invalid_host(why: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-host",
        "The request does not name one host",
    )
    .detail(format!(
        "the request has to name the host that it is for, once: {why}"
    ))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn named(version: Version, uri: &str, hosts: &[&str]) -> Result<String, String> {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let mut request = request.body(Body::empty()).unwrap();
        name_host(&mut request).map_err(|problem| problem.to_string())?;
        assert_eq!(request.uri(), "/a?b");
        let host = request.headers().get(HOST);
        Ok(host.map_or("", |host| host.to_str().unwrap()).to_owned())
    }

    #[test]
    fn the_host_is_known_wherever_it_stands() {
        let shop = Ok("shop.example:8443".to_owned());
        for (version, uri, hosts) in [
            (Version::HTTP_11, "/a?b", &["shop.example:8443"][..]),
            (Version::HTTP_11, "http://shop.example:8443/a?b", &["other"]),
            (Version::HTTP_10, "/a?b", &["shop.example:8443"]),
            (Version::HTTP_2, "https://shop.example:8443/a?b", &[]),
            (
                Version::HTTP_2,
                "https://shop.example:8443/a?b",
                &["shop.example:8443"],
            ),
        ] {
            assert_eq!(named(version, uri, hosts), shop, "{uri} {hosts:?}");
        }
        assert_eq!(named(Version::HTTP_10, "/a?b", &[]), Ok(String::new()));
        assert_eq!(
            named(Version::HTTP_11, "/a?b", &["[::1]:80"]),
            Ok("[::1]:80".to_owned())
        );
    }

    #[test]
    fn no_host_two_and_what_is_none_are_refused() {
        for (version, uri, hosts) in [
            (Version::HTTP_11, "/a?b", &[][..]),
            (Version::HTTP_11, "http://shop.example/a?b", &[]),
            (Version::HTTP_11, "/a?b", &["a", "a"]),
            (Version::HTTP_11, "/a?b", &[""]),
            (Version::HTTP_11, "/a?b", &["a b"]),
            (Version::HTTP_11, "/a?b", &["a/b"]),
            (Version::HTTP_11, "/a?b", &["user@a"]),
            (Version::HTTP_2, "/a?b", &[]),
            (
                Version::HTTP_2,
                "https://shop.example/a?b",
                &["evil.example"],
            ),
        ] {
            let refused = named(version, uri, hosts).unwrap_err();
            assert!(refused.contains("400 invalid-host"), "{hosts:?}: {refused}");
        }
    }
}
