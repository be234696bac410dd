//! What a module may use.

use wasmparser::WasmFeatures;

/// The proposals that a module may use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Features(WasmFeatures);

impl Features {
    /// What the engine implements, on every tier.
    pub const fn all_tiers() -> Features {
        Features(crate::validate::features())
    }

    /// With or without references as values and more than one table per module.
    pub fn reference_types(&mut self, enable: bool) {
        self.0.set(WasmFeatures::REFERENCE_TYPES, enable);
    }

    /// With or without shared memories and atomic accesses.
    pub fn threads(&mut self, enable: bool) {
        self.0.set(WasmFeatures::THREADS, enable);
    }

    /// With or without more than one memory per module.
    pub fn multi_memory(&mut self, enable: bool) {
        self.0.set(WasmFeatures::MULTI_MEMORY, enable);
    }

    /// With or without memories and tables that have 64-bit indices.
    pub fn memory64(&mut self, enable: bool) {
        self.0.set(WasmFeatures::MEMORY64, enable);
    }

    /// As wasmparser knows them.
    pub(crate) const fn get(self) -> WasmFeatures {
        self.0
    }
}

impl Default for Features {
    /// What the engine implements.
    fn default() -> Features {
        Features::all_tiers()
    }
}
