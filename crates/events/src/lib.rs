//! The shop's published language: events, typed ids, money and topics
