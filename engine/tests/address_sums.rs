//! Accesses at sums of 32 bits, which wrap: around both ends of memories that are longer
//! and shorter than the half of what 32 bits address, by every strategy, with the sums
//! as parts of addresses and without.

mod common;

use bimetal::{Engine, Instance, Memory, Module, Store, Trap};
use common::{engines_with, instantiate};

const PAGE: u64 = 1 << 16;

/// What is added, so that every kind of sum occurs more than once.
const CONSTANTS: [i32; 9] = [1, 4, 65_536, 0x7fff_ffff, -1, -4, -65_536, i32::MIN, -0x7fff_0000];

/// What the value is before: any, or below 2^31.
const VALUES: [&str; 2] = ["(local.get $x)", "(i32.and (local.get $x) (i32.const 0x7fffffff))"];

fn engines() -> Vec<Engine> {
    let with = |enable| {
        engines_with(move |config| {
            config.address_sums(enable);
        })
    };
    [with(true), with(false)].concat()
}

/// A function that does one of these things.
fn one_of(name: &str, result: &str, things: &[String]) -> String {
    let depths: String = (0..things.len()).map(|depth| format!("{depth} ")).collect();
    let chosen = format!("(br_table {depths} (local.get $which))");
    let body =
        things.iter().fold(chosen, |inner, thing| format!("(block {inner})\n (return {thing})\n"));
    format!(
        "(func (export \"{name}\") (param $which i32) (param $x i32) {result} {body} unreachable)"
    )
}

fn module(memory: &str) -> String {
    let sum = |value: &str, constant: i32| match constant {
        -4 => format!("(i32.sub {value} (i32.const 4))"),
        _ => format!("(i32.add {value} (i32.const {constant}))"),
    };
    let things = |make: &dyn Fn(&str) -> String| -> Vec<String> {
        let sums = VALUES.iter().flat_map(|value| CONSTANTS.map(|constant| sum(value, constant)));
        sums.map(|sum| make(&sum)).collect()
    };
    let bytes = things(&|at| format!("(i64.load8_u {at})"));
    let words = things(&|at| format!("(i64.load {at})"));
    let behind = things(&|at| format!("(i64.load offset=8 {at})"));
    let stores = things(&|at| format!("(i64.store {at} (i64.const 0x1122334455667788))"));
    let result = "(result i64)";
    [
        format!("(module (memory (export \"memory\") {memory})"),
        one_of("bytes", result, &bytes),
        one_of("words", result, &words),
        one_of("behind", result, &behind),
        one_of("stores", "", &stores),
        ")".to_owned(),
    ]
    .concat()
}

/// Addresses at which something may be different.
fn targets(len: u64) -> impl Iterator<Item = u32> {
    let edges = [0, len, 1 << 31, 1 << 32];
    let near = edges.into_iter().flat_map(|edge| {
        [-9_i64, -8, -7, -1, 0, 1, 8].map(|by| (edge as i64).wrapping_add(by) as u32)
    });
    near.chain([0x9000_0000, 0xffff_0000, 0xfffe_fff8, 77_777])
}

struct Guest {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Guest {
    fn load(&mut self, name: &str, which: i32, x: u32) -> Option<u64> {
        let load = self.instance.get_typed_func::<(i32, u32), u64>(&mut self.store, name).unwrap();
        match load.call(&mut self.store, (which, x)) {
            Ok(value) => Some(value),
            Err(error) => {
                assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
                None
            }
        }
    }

    fn store(&mut self, which: i32, x: u32) -> bool {
        let write =
            self.instance.get_typed_func::<(i32, u32), ()>(&mut self.store, "stores").unwrap();
        write.call(&mut self.store, (which, x)).is_ok()
    }

    /// The bytes of the memory there, if there are so many.
    fn bytes<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.memory.read(&self.store, usize::try_from(at).unwrap(), &mut bytes).ok()?;
        Some(bytes)
    }
}

#[test]
fn sums_in_addresses_wrap_as_sums_do() {
    for (memory, pages) in
        [("1", 1), ("1", 32_768), ("1", 32_769), ("40000", 40_000), ("1", 65_535)]
    {
        let wat = module(memory);
        for engine in engines() {
            let (mut store, instance) = instantiate(&engine, &wat);
            let memory = instance.get_memory(&mut store, "memory").unwrap();
            let now = memory.size(&store);
            memory.grow(&mut store, pages - now).unwrap();
            check(&engine, Guest { store, instance, memory }, pages * PAGE);
        }
    }
}

fn check(engine: &Engine, mut guest: Guest, len: u64) {
    let accesses = (0..VALUES.len() * CONSTANTS.len()).flat_map(|which| {
        targets(len).map(move |target| {
            let constant = CONSTANTS[which % CONSTANTS.len()];
            (which, target.wrapping_sub(constant as u32))
        })
    });
    for (round, (which, x)) in accesses.enumerate() {
        let value = if which < CONSTANTS.len() { x } else { x & 0x7fff_ffff };
        let at = u64::from(value.wrapping_add(CONSTANTS[which % CONSTANTS.len()] as u32));
        let what = format!("{engine:?}: {value:#x} to {at:#x} of {len:#x}");
        // So that no two places are the same.
        let mark = (round as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        let start = usize::try_from(at.min(len - 8)).unwrap();
        guest.memory.write(&mut guest.store, start, &mark).unwrap();
        let which = which as i32;
        let byte = guest.bytes::<1>(at).map(|bytes| u64::from(bytes[0]));
        assert_eq!(guest.load("bytes", which, x), byte, "{what}");
        let word = guest.bytes(at).map(u64::from_le_bytes);
        assert_eq!(guest.load("words", which, x), word, "{what}");
        let behind = guest.bytes(at + 8).map(u64::from_le_bytes);
        assert_eq!(guest.load("behind", which, x), behind, "{what}");
        assert_eq!(guest.store(which, x), word.is_some(), "{what}");
        let stored = word.map(|_| 0x1122_3344_5566_7788);
        assert_eq!(guest.bytes(at).map(u64::from_le_bytes), stored, "{what}");
    }
}

#[test]
fn a_memory_may_have_all_pages_from_the_start() {
    let exporter = "(module (memory (export \"memory\") 65536))";
    let importer = module("1").replace(
        "(memory (export \"memory\") 1)",
        "(import \"\" \"\" (memory 1)) (export \"memory\" (memory 0))",
    );
    for engine in engines() {
        let (mut store, owner) = instantiate(&engine, exporter);
        let memory = owner.get_memory(&mut store, "memory").unwrap();
        let importer = Module::new(&engine, &importer).unwrap();
        let instance = Instance::new(&mut store, &importer, &[memory.into()]).unwrap();
        check(&engine, Guest { store, instance, memory }, 65_536 * PAGE);
        let (mut store, instance) = instantiate(&engine, &module("65536"));
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        check(&engine, Guest { store, instance, memory }, 65_536 * PAGE);
    }
}

#[test]
fn a_shared_memory_grows_into_its_upper_half() {
    let wat = module("1 65535 shared");
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, &wat);
        let grow = |store: &mut Store<()>, by| {
            instance
                .get_export(&mut *store, "memory")
                .unwrap()
                .into_shared_memory()
                .unwrap()
                .grow(by)
        };
        assert_eq!(grow(&mut store, 39_999).unwrap(), 1);
        let mut call = |which, x: u32| {
            let name = "stores";
            let write = instance.get_typed_func::<(i32, u32), ()>(&mut store, name).unwrap();
            write.call(&mut store, (which, x)).is_ok()
        };
        let len = 40_000 * PAGE;
        for target in targets(len) {
            for (which, constant) in CONSTANTS.into_iter().enumerate() {
                let x = target.wrapping_sub(constant as u32);
                let inside = u64::from(target) + 8 <= len;
                assert_eq!(call(which as i32, x), inside, "{engine:?}: {target:#x}");
            }
        }
    }
}

#[test]
fn a_column_that_counts_up_from_below_zero_is_added_to_a_row() {
    let wat = r#"(module (memory 1)
        (func (export "run") (param $n i64) (result i64)
            (local $x i32) (local $at i32) (local $row i32) (local $sum i64)
            (loop $rows
                (local.set $x (i32.const -200))
                (loop $columns
                    (local.set $at (i32.add (local.get $x) (local.get $row)))
                    (i32.store8 (i32.add (local.get $at) (i32.const 1000))
                        (i32.add (i32.load8_u (i32.add (local.get $at) (i32.const 999)))
                            (i32.const 7)))
                    (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
                        (i64.load8_u (i32.add (local.get $at) (i32.const 1000)))))
                    (br_if $columns (local.tee $x (i32.add (local.get $x) (i32.const 1)))))
                (local.set $row (i32.add (local.get $row) (i32.const 128)))
                (br_if $rows (i64.ne (i64.const 0)
                    (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
            (local.get $sum)))"#;
    let results: Vec<i64> = engines()
        .iter()
        .map(|engine| {
            let (mut store, instance) = instantiate(engine, wat);
            let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
            run.call(&mut store, 100).unwrap()
        })
        .collect();
    assert!(results.iter().all(|&result| result == results[0]), "{results:?}");
}
