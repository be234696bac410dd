//! What a module may use.

use wasmparser::WasmFeatures;

/// The proposals that a module may use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Features(WasmFeatures);

impl Features {
    /// What every tier of the engine implements.
    pub const fn all_tiers() -> Features {
        Features(crate::validate::features())
    }

    /// What at least one tier implements. A tier refuses the functions that it
    /// cannot run.
    pub const fn any_tier() -> Features {
        Features(crate::validate::features().union(WasmFeatures::GC))
    }

    /// The same with or without shared memories and atomic accesses.
    pub const fn with_threads(self, enable: bool) -> Features {
        Features(if enable {
            self.0.union(WasmFeatures::THREADS)
        } else {
            self.0.difference(WasmFeatures::THREADS)
        })
    }

    /// What the validator of sections lets through. Without objects, this much of
    /// garbage collection is supported: recursion groups, declared supertypes and
    /// constant expressions that read the module's own globals. The rest is refused
    /// when the sections have been read; bodies are validated without it.
    pub(crate) const fn of_sections(self) -> WasmFeatures {
        self.0.union(WasmFeatures::GC)
    }

    /// Whether structures, arrays and `i31` are among them.
    pub(crate) const fn has_objects(self) -> bool {
        self.0.contains(WasmFeatures::GC)
    }

    /// What the validator of bodies lets through.
    pub(crate) const fn get(self) -> WasmFeatures {
        self.0
    }
}

impl Default for Features {
    /// What every tier implements.
    fn default() -> Features {
        Features::all_tiers()
    }
}
