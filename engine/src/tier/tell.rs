//! Telling those who watch what happens to code.

use bimetal_core::index::FuncIdx;
use bimetal_runtime::hot::Counted;

use super::mixed::Mixed;
use crate::tiering::{TieringEvent, TieringStep};

impl Mixed {
    /// Whether anybody is told.
    pub(super) fn is_watched(&self) -> bool {
        self.hotness.as_ref().is_some_and(|hotness| hotness.listener().is_some())
    }

    /// Tells of a step. No lock of the engine is held.
    pub(super) fn tell(&self, defined: usize, counted: Counted, step: TieringStep<'_>) {
        let Some(listener) = self.hotness.as_ref().and_then(|hotness| hotness.listener()) else {
            return;
        };
        let module = self.parsed();
        let function: FuncIdx = module.func_at(defined);
        let in_loop = match counted {
            Counted::Calls => None,
            Counted::Loop(number) => Some(number),
        };
        listener(&TieringEvent {
            module: module.names.module(module),
            function: function.0,
            name: module.func_name(function),
            in_loop,
            step,
        });
    }
}
