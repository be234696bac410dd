//! The fast interpreter: register code, translated per function at its first
//! call, direct-threaded.
