//! Power cuts: a simulated disk that loses, tears and reorders what was not synced.

mod cuts;
mod rng;
mod sim;
