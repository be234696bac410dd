//! Our tiers as engines of the suite.

use bimetal::{Config, Engine, Strategy};

use crate::guest::{Error, ours};
use crate::marked::{is_marked, measure_ours};
use crate::measure::{Figures, Task, measure};

/// Their names; the reference interpreter takes too long for a table.
pub const TIERS: &[&str] = &["tiered", "interp", "jit"];

/// Does a task on one of [`TIERS`], or on `reference`.
///
/// # Errors
/// If there is no such tier, or the module cannot be loaded or run.
pub fn measure_tier(tier: &str, task: &Task) -> Result<Figures, Error> {
    let mut config = Config::new();
    config.strategy(match tier {
        "tiered" => Strategy::Tiered,
        "interp" => Strategy::Interpreter,
        "jit" => Strategy::Jit,
        "reference" => Strategy::Reference,
        _ => return Err(format!("no tier is named `{tier}`").into()),
    });
    let engine = Engine::new(&config)?;
    let wasm = std::fs::read(&task.file)?;
    if is_marked(&wasm) {
        return measure_ours(&engine, &task.file, &wasm);
    }
    measure(task, |wasm| ours(&engine, wasm, "run"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(file: std::path::PathBuf) -> Task {
        Task { file, times: 3, budget: 0, watch: 0 }
    }

    #[test]
    fn a_workload_is_called_as_often_as_asked_for() {
        let file = crate::root().join("benches/workloads/sieve.wasm");
        let figures = TIERS.iter().map(|tier| measure_tier(tier, &task(file.clone())).unwrap());
        let figures: Vec<Figures> = figures.collect();
        for own in &figures {
            assert_eq!((own.runs_ns.len(), &own.checksum), (2, &figures[0].checksum));
            assert!(own.first_ns.is_some() && own.load_ns > Some(0));
        }
        assert!(figures[2].code_bytes > Some(0), "{:?}", figures[2]);
    }

    #[test]
    fn of_a_program_the_span_between_its_marks_is_measured() {
        let wat = r#"(module (import "bench" "start" (func $start)) (import "bench" "end" (func $end))
            (memory (export "memory") 1)
            (func (export "_start") (call $start) (call $end)))"#;
        let path = std::env::temp_dir().join(format!("bimetal-own-{}.wat", std::process::id()));
        std::fs::write(&path, wat).unwrap();
        let figures = measure_tier("interp", &task(path.clone()));
        std::fs::remove_file(path).unwrap();
        let figures = figures.unwrap();
        assert_eq!((figures.runs_ns.len(), figures.first_ns), (1, None));
    }
}
