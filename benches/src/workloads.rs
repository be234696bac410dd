//! Programs, compiled to modules without imports: see `benches/workloads`. Each
//! exports `run`, which does its work a number of times and returns a checksum.

/// A program.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The name of its module in `benches/workloads`.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// The module.
    pub wasm: &'static [u8],
}

/// What programs are about: means over a group say more than those over everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Compiled from C without vectors.
    C,
    /// Compiled from C with vectors.
    Simd,
    /// Compiled from C for a memory with 64-bit addresses.
    Memory64,
    /// Calls of every kind but direct ones.
    Calls,
    /// Objects and their collection.
    Gc,
    /// Throwing and catching.
    Exceptions,
    /// Not ours.
    Other,
}

impl Group {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Group::C => "C",
            Group::Simd => "SIMD",
            Group::Memory64 => "memory64",
            Group::Calls => "calls",
            Group::Gc => "GC",
            Group::Exceptions => "exceptions",
            Group::Other => "other",
        }
    }
}

macro_rules! workloads {
    ($($group:ident: $($name:literal)*;)*) => {&[$($(Workload {
        name: $name,
        group: Group::$group,
        wasm: include_bytes!(concat!("../workloads/", $name, ".wasm")),
    }),*),*]};
}

/// All of them.
pub const WORKLOADS: &[Workload] = workloads! {
    C: "recursion" "sort_static" "sort_dynamic" "sieve" "matrix" "bodies" "mandelbrot" "spectral"
        "sha256" "words" "machine" "match" "squeeze" "json" "memory_hard" "bulk" "coremark"
        "switch" "keccak" "hash" "reverse" "image" "fannkuch" "copies_hash" "copies_reverse"
        "copies_records";
    Simd: "bodies_simd" "coremark_simd" "hash_simd" "image_simd" "matrix_simd" "memory_hard_simd"
        "reverse_simd" "spectral_simd";
    Memory64: "matrix_memory64" "squeeze_memory64" "words_memory64";
    Calls: "indirect" "tail" "threaded" "call_ref";
    Gc: "gc_splay" "gc_trees" "gc_virtual";
    Exceptions: "exceptions" "exceptions_deep";
};

/// The program of this name.
pub fn workload(name: &str) -> Option<Workload> {
    WORKLOADS.iter().copied().find(|workload| workload.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written as text, with the place of the source under `benches`.
    const TEXTS: &[(&str, &str)] = &[
        ("call_ref", "workloads/call_ref.wat"),
        ("exceptions", "workloads/exceptions.wat"),
        ("exceptions_deep", "kernels/exceptions/deep.wat"),
        ("gc_splay", "workloads/gc_splay.wat"),
        ("gc_trees", "kernels/gc/trees.wat"),
        ("gc_virtual", "workloads/gc_virtual.wat"),
    ];

    #[test]
    fn workloads_compute_the_same_on_every_tier() {
        for workload in WORKLOADS {
            let sums = crate::TIERS.map(|(_, strategy)| crate::run(workload.wasm, strategy, 2));
            assert!(sums.iter().all(|&sum| sum == sums[0]), "{}: {sums:?}", workload.name);
        }
    }

    /// How many calls an engine makes in its time does not show.
    #[test]
    fn a_workload_remembers_nothing_of_earlier_calls() {
        let mut config = bimetal::Config::new();
        config.strategy(bimetal::Strategy::Interpreter);
        let engine = bimetal::Engine::new(&config).unwrap();
        for workload in WORKLOADS {
            let mut guest = crate::guest::ours(&engine, workload.wasm, "run").unwrap();
            let sums = [3, 3].map(|times| (guest.call)(times).unwrap());
            assert_eq!(sums[0], sums[1], "{}", workload.name);
        }
    }

    /// With `BLESS` in the environment, the modules are written.
    #[test]
    fn modules_written_as_text_are_what_their_source_says() {
        for (name, source) in TEXTS {
            let folder = crate::root().join("benches");
            let wasm = wat::parse_file(folder.join(source)).unwrap();
            let path = folder.join("workloads").join(name).with_extension("wasm");
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &wasm).unwrap();
            }
            assert!(std::fs::read(path).unwrap() == wasm, "{name}");
        }
    }

    #[test]
    fn every_module_of_the_folder_is_a_workload_and_has_its_counterpart_told() {
        let folder = crate::root().join("benches/workloads");
        let told = std::fs::read_to_string(folder.join("README.md")).unwrap();
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let Some(name) = file.strip_suffix(".wasm") else { continue };
            assert!(workload(name).is_some(), "{name} is in no group");
            assert!(told.contains(&format!("`{name}`")), "{name} is not in the README");
        }
    }
}
