//! Placing orders and following them until they settle
