//! bimetal
