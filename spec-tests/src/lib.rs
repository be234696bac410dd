//! bimetal-spec-tests
