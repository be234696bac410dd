//! bimetal-runtime
