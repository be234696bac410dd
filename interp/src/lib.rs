//! bimetal-interp
