//! bimetal-fuzz
