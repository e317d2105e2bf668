//! The ids that a Kafka cluster gives its topics.
//!
//! A topic that is deleted and made anew has its old name and another id, and offsets of the one mean
//! nothing in the other. librdkafka knows ids since 2.3 (`rd_kafka_DescribeTopics`); its Rust binding
//! does not. This is the only crate of the workspace with `unsafe` in it, so that all others forbid it.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_int};
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use uuid::Uuid;

/// The ids of `topics`, by their names on the wire. One whose broker gives no ids, as before Kafka 2.8,
/// is left out. Blocks the thread, for twice `timeout` at most.
///
/// # Errors
/// When the cluster does not answer in time, or does not have or show one of them.
pub fn topic_ids<C: ClientContext>(
    client: &Client<C>,
    topics: &[&str],
    timeout: Duration,
) -> Result<BTreeMap<String, Uuid>, KafkaError> {
    if topics.is_empty() {
        return Ok(BTreeMap::new());
    }
    let names: Result<Vec<CString>, _> = topics.iter().map(|name| CString::new(*name)).collect();
    let names = names?;
    let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let millis = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
    // Any broker knows. Unless told otherwise the client would ask the controller alone.
    let broker = client.fetch_metadata(topics.first().copied(), timeout)?;
    ask(client, broker.orig_broker_id(), &mut pointers, millis)
}

#[expect(unsafe_code, reason = "the binding has no function for it")]
fn ask<C: ClientContext>(
    client: &Client<C>,
    broker: i32,
    names: &mut [*const std::ffi::c_char],
    millis: c_int,
) -> Result<BTreeMap<String, Uuid>, KafkaError> {
    const OPERATION: c::rd_kafka_admin_op_t =
        c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    let client = client.native_ptr();
    // SAFETY: `client` lives as long as the borrow of its owner. `names` are valid C strings, copied
    // by the collection. Each object made here is destroyed once, after its last use; the event owns
    // what is read of it, and that is copied before the event goes.
    unsafe {
        let queue = c::rd_kafka_queue_new(client);
        let options = c::rd_kafka_AdminOptions_new(client, OPERATION);
        c::rd_kafka_AdminOptions_set_request_timeout(options, millis, ptr::null_mut(), 0);
        c::rd_kafka_AdminOptions_set_broker(options, broker, ptr::null_mut(), 0);
        let wanted = c::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        c::rd_kafka_DescribeTopics(client, wanted, options, queue);
        c::rd_kafka_TopicCollection_destroy(wanted);
        c::rd_kafka_AdminOptions_destroy(options);
        let event = c::rd_kafka_queue_poll(queue, millis);
        let answer = if event.is_null() {
            Err(failed(c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__TIMED_OUT))
        } else {
            let answer = read(event);
            c::rd_kafka_event_destroy(event);
            answer
        };
        c::rd_kafka_queue_destroy(queue);
        answer
    }
}

/// # Safety
/// `event` is the answer to a question for topics.
#[expect(unsafe_code, reason = "the binding has no function for it")]
unsafe fn read(event: *mut c::rd_kafka_event_t) -> Result<BTreeMap<String, Uuid>, KafkaError> {
    const NO_ERROR: c::rd_kafka_resp_err_t = c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
    let mut ids = BTreeMap::new();
    // SAFETY: as the caller says; everything read belongs to the event, which is still there, and the
    // array has `count` descriptions.
    unsafe {
        let code = c::rd_kafka_event_error(event);
        if code != NO_ERROR {
            return Err(failed(code));
        }
        let result = c::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err(failed(c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__FAIL));
        }
        let mut count = 0;
        let topics = c::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        for index in 0..count {
            let topic = *topics.add(index);
            let code = c::rd_kafka_error_code(c::rd_kafka_TopicDescription_error(topic));
            if code != NO_ERROR {
                return Err(failed(code));
            }
            let name = CStr::from_ptr(c::rd_kafka_TopicDescription_name(topic));
            let id = c::rd_kafka_TopicDescription_topic_id(topic);
            let id = Uuid::from_u64_pair(
                c::rd_kafka_Uuid_most_significant_bits(id).cast_unsigned(),
                c::rd_kafka_Uuid_least_significant_bits(id).cast_unsigned(),
            );
            if !id.is_nil() {
                ids.insert(name.to_string_lossy().into_owned(), id);
            }
        }
    }
    Ok(ids)
}

fn failed(code: c::rd_kafka_resp_err_t) -> KafkaError {
    KafkaError::MetadataFetch(RDKafkaErrorCode::from(code))
}
