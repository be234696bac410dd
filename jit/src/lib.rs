//! bimetal-jit
