//! `bench.start` and `bench.end`: functions by which a guest marks the span that
//! a benchmark measures.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bimetal::{Linker, Result};

/// The span between the guest's calls of `bench.start` and `bench.end`.
#[derive(Clone, Default, Debug)]
pub struct Span(Arc<Mutex<Marks>>);

#[derive(Clone, Copy, Default, Debug)]
struct Marks {
    start: Option<Instant>,
    total: Option<Duration>,
}

impl Span {
    /// Defines both functions.
    ///
    /// # Errors
    /// If one of them is defined.
    pub fn add_to_linker<T: 'static>(&self, linker: &mut Linker<T>) -> Result<()> {
        let span = self.clone();
        linker.func_wrap("bench", "start", move || span.start())?;
        let span = self.clone();
        linker.func_wrap("bench", "end", move || span.end())?;
        Ok(())
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn start(&self) {
        self.marks().start = Some(Instant::now());
    }

    pub(super) fn end(&self) {
        let now = Instant::now();
        let mut marks = self.marks();
        if let Some(start) = marks.start.take() {
            *marks.total.get_or_insert_default() += now - start;
        }
    }

    /// The time between the calls, summed up over all pairs; `None` if there was
    /// no pair.
    pub fn elapsed(&self) -> Option<Duration> {
        self.marks().total
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn an_end_without_a_start_measures_nothing() {
        let span = Span::default();
        span.end();
        assert_eq!(span.elapsed(), None);
        span.start();
        span.end();
        assert!(span.elapsed().is_some());
    }
}
