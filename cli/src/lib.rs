//! bimetal-cli
