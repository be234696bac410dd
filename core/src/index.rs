//! Index spaces of a module (spec: *Structure / Modules / Indices*).
//!
//! Each index space gets its own type, so that a function index can never be
//! used where a table index is expected.

macro_rules! index_spaces {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a position in a Rust sequence.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

index_spaces! {
    /// A type of the module, imported groups included.
    TypeIdx;
    /// A function: imports first, then definitions.
    FuncIdx;
    /// A table: imports first, then definitions.
    TableIdx;
    /// A memory: imports first, then definitions.
    MemIdx;
    /// A global: imports first, then definitions.
    GlobalIdx;
    /// A tag: imports first, then definitions.
    TagIdx;
    /// An element segment.
    ElemIdx;
    /// A data segment.
    DataIdx;
    /// A local of a function: parameters first.
    LocalIdx;
}
