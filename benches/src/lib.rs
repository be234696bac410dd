//! bimetal-benches
