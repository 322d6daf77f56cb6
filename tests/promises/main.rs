//! What the bus promises to those who call it, and to those who check it.

mod caching;
mod fetching;
mod fields;
mod identity;
mod model;
mod publishing;
mod records;
mod serving;
mod trail;
