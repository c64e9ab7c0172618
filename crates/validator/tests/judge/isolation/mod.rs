//! Isolation, against a search through all orders of small random histories, and anomaly by anomaly.

mod anomalies;
mod brute;
mod random;
mod search;
mod stories;
