//! One pure function per plain instruction.
