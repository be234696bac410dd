//! bimetal-parser
