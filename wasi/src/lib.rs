//! bimetal-wasi
