//! bimetal-core
