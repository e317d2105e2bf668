//! The whole surface's description, from those of the services.

use std::collections::BTreeMap;

use service::http::PROBLEM_JSON;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    self, Content, ContentBuilder, Header, Object, Ref, RefOr, Response, ResponseBuilder, Type,
};
use utoipa::{Modify, OpenApi};

use crate::Upstream;

/// Health routes, which the gateway adds itself; the services describe their own routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Quadrille",
        description = "An event-driven shop: the catalogue, orders and accounts. Every answer that is not a success is a problem (RFC 9457) whose `type` leads to a page that explains it.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    paths(health, crate::operations::operations),
    components(schemas(service::health::Readiness, service::http::ProblemBody)),
    tags(
        (name = "health", description = "Whether a service can serve"),
        (name = "operations", description = "What goes on in the shop, for its operators"),
    ),
    modifiers(&Bearer),
)]
struct Surface;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// One description of the gateway's routes and the services', with what the gateway refuses at each
/// of them.
pub fn merged(services: &[Upstream]) -> openapi::OpenApi {
    let mut whole = Surface::openapi();
    // Each service's health has the form of the one that is described below.
    let health = whole.paths.paths.remove(HEALTH);
    for service in services {
        whole.merge(service.openapi.clone());
        if let Some(mut health) = health.clone() {
            if let Some(get) = &mut health.get {
                get.operation_id = Some(format!("{}_health", service.name));
            }
            whole.paths.paths.insert(service.health.to_owned(), health);
        }
    }
    add_refusals(&mut whole);
    whole
}

/// What the gateway itself answers to a request for any route.
struct Refusal {
    status: &'static str,
    /// Its name among the components.
    name: &'static str,
    code: &'static str,
    text: &'static str,
    /// Only what has a body is refused so.
    of_a_body: bool,
}

const JSON: &str = "application/json";

const REFUSALS: [Refusal; 5] = [
    Refusal {
        status: "400",
        name: "InvalidHost",
        code: "invalid-host",
        text: "the request does not name one host",
        of_a_body: false,
    },
    Refusal {
        status: "408",
        name: "BodyTimeout",
        code: "body-timeout",
        text: "the body stopped coming",
        of_a_body: true,
    },
    Refusal {
        status: "413",
        name: "BodyTooLarge",
        code: "body-too-large",
        text: "the body has more than `limit_bytes` bytes",
        of_a_body: true,
    },
    Refusal {
        status: "415",
        name: "UnsupportedMediaType",
        code: "unsupported-media-type",
        text: "the body is not JSON, or is compressed",
        of_a_body: true,
    },
    Refusal {
        status: "429",
        name: "TooManyRequests",
        code: "too-many-requests",
        text: "the caller asks too often; try again after `Retry-After` seconds",
        of_a_body: false,
    },
];

impl Refusal {
    fn description(&self) -> String {
        format!("`{}`: {}", self.code, self.text)
    }

    fn component(&self) -> Response {
        let body = Ref::from_schema_name("ProblemBody");
        let content = ContentBuilder::new().schema(Some(body)).build();
        let response = ResponseBuilder::new()
            .description(self.description())
            .content(PROBLEM_JSON, content);
        if self.status != "429" {
            return response.build();
        }
        let seconds = Header::new(Object::with_type(Type::Integer));
        response.header("Retry-After", seconds).build()
    }

    /// A response of the service's own with the same status is told of ours, too.
    fn add_to(&self, responses: &mut BTreeMap<String, RefOr<Response>>) {
        match responses.get_mut(self.status) {
            None => {
                let reference = Ref::from_response_name(self.name);
                responses.insert(self.status.to_owned(), reference.into());
            }
            Some(RefOr::T(own)) if !own.description.contains(self.code) => {
                own.description = format!("{}; {}", own.description, self.description());
            }
            Some(_) => {}
        }
    }
}

/// A problem is one whatever its description says of its media type.
fn name_media_type(response: &mut Response) {
    let problem = RefOr::Ref(Ref::from_schema_name("ProblemBody"));
    let is_problem = |content: &RefOr<Content>| match content {
        RefOr::T(content) => content.schema.as_ref() == Some(&problem),
        RefOr::Ref(_) => false,
    };
    if response.content.get(JSON).is_some_and(is_problem)
        && let Some(content) = response.content.shift_remove(JSON)
    {
        response.content.insert(PROBLEM_JSON.to_owned(), content);
    }
}

fn add_refusals(whole: &mut openapi::OpenApi) {
    for item in whole.paths.paths.values_mut() {
        let methods = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in methods.into_iter().flatten() {
            let has_body = operation.request_body.is_some();
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    name_media_type(response);
                }
            }
            for refusal in &REFUSALS {
                if has_body || !refusal.of_a_body {
                    refusal.add_to(&mut operation.responses.responses);
                }
            }
        }
    }
    let components = whole.components.get_or_insert_default();
    for refusal in &REFUSALS {
        let component = refusal.component().into();
        components
            .responses
            .insert(refusal.name.to_owned(), component);
    }
}

const HEALTH: &str = "/api/SERVICE_health";

/// Whether the service can serve
#[utoipa::path(
    get, path = "/api/SERVICE_health", tag = "health",
    responses((status = 200, body = service::health::Readiness), (status = 503, body = service::health::Readiness)),
)]
#[allow(dead_code, reason = "only describes routes of the access table")]
fn health() {}
