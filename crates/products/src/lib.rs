//! The catalogue and the stock engine
