//! One embedder's program, compiled against this engine and against wasmtime.
//!
//! `program.rs` is the same source for both: it sees either engine under the name
//! `engine_under_test` and returns a transcript of everything that it observed. A test
//! compares the transcripts.

/// The program on this engine.
pub mod with_bimetal {
    use bimetal as engine_under_test;

    include!("program.rs");
}

/// The program on wasmtime.
pub mod with_wasmtime {
    use wasmtime as engine_under_test;

    include!("program.rs");
}

#[cfg(test)]
mod tests {
    use bimetal::{Config, Strategy};

    /// Lines that differ, as `ours | theirs`.
    fn difference(ours: &[String], theirs: &[String]) -> Vec<String> {
        let missing = String::from("nothing");
        (0..ours.len().max(theirs.len()))
            .map(|i| (ours.get(i).unwrap_or(&missing), theirs.get(i).unwrap_or(&missing)))
            .filter(|(ours, theirs)| ours != theirs)
            .map(|(ours, theirs)| format!("{ours} | {theirs}"))
            .collect()
    }

    #[test]
    fn the_program_sees_the_same_on_both_engines() {
        let theirs = crate::with_wasmtime::run(&wasmtime::Engine::default()).unwrap();
        assert!(theirs.len() > 60, "the program observes much: {} lines", theirs.len());
        for &strategy in Strategy::ALL {
            let mut config = Config::new();
            config.strategy(strategy);
            let ours = crate::with_bimetal::run(&bimetal::Engine::new(&config).unwrap()).unwrap();
            let difference = difference(&ours, &theirs);
            assert!(difference.is_empty(), "{strategy:?}: {difference:#?}");
        }
    }
}
