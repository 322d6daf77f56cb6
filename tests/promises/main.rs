//! What the bus promises to those who call it, and to those who check it.

mod adapters;
mod admission;
mod caching;
mod canary;
mod checklist;
mod contributing;
mod fetching;
mod fields;
mod identifiers;
mod identity;
mod model;
mod publishing;
mod records;
mod reload;
mod reports;
mod retention;
mod revoking;
mod scrubbing;
mod sealing;
mod searching;
mod serving;
mod tailing;
mod trail;
mod unsealing;
mod validity;
