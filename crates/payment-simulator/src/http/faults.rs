//! `GET /v1/faults` and `PUT /v1/faults`: what goes wrong, for whoever tries the shop out.

use axum::extract::State;
use service::http::{Json, Problem};

use super::caller::Operator;
use super::simulator::Simulator;
use crate::faults::Faults;

/// The faults in force.
pub(super) async fn get_faults(_: Operator, State(simulator): State<Simulator>) -> Json<Faults> {
    Json(simulator.faults.now())
}

/// Puts others in force in this instance, until it ends; what is not named has its default.
pub(super) async fn put_faults(
    _: Operator,
    State(simulator): State<Simulator>,
    Json(faults): Json<Faults>,
) -> Result<Json<Faults>, Problem> {
    simulator.faults.set(faults.clone());
    Ok(Json(faults))
}
