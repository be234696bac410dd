//! Calls of every shape, in both directions.

mod common;

use std::fmt::Write;

use bimetal::{Engine, FuncType, Linker, Module, Store, Val, ValType};
use common::{bits, engines};

/// Numbers without a pattern, the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn types(&mut self, most: u64) -> Vec<ValType> {
        let count = self.next() % (most + 1);
        let all = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
        (0..count).map(|_| all[(self.next() >> 32) as usize % all.len()]).collect()
    }

    fn vals(&mut self, types: &[ValType]) -> Vec<Val> {
        let val = |ty: &ValType| match ty {
            ValType::I32 => Val::I32(self.next() as i32),
            ValType::I64 => Val::I64(self.next() as i64),
            ValType::F32 => Val::F32(self.next() as u32),
            _ => Val::F64(self.next()),
        };
        types.iter().map(val).collect()
    }
}

fn wat(params: &[ValType], results: &[ValType]) -> String {
    let list = |name: &str, types: &[ValType]| {
        types.iter().fold(format!("({name}"), |text, ty| text + " " + &ty.to_string()) + ")"
    };
    let ty = list("param", params) + &list("result", results);
    let mut gets = String::new();
    for i in 0..params.len() {
        write!(gets, "local.get {i} ").expect("a string takes all");
    }
    format!(
        r#"(module
            (type $t (func {ty}))
            (import "host" "f" (func $f (type $t)))
            (table funcref (elem $f $inner))
            (func $inner (type $t) {gets} call $f)
            (func (export "direct") (type $t) {gets} call $f)
            (func (export "nested") (type $t) {gets} call $inner)
            (func (export "host") (type $t) {gets} (call_indirect (type $t) (i32.const 0)))
            (func (export "table") (type $t) {gets} (call_indirect (type $t) (i32.const 1)))
            (export "import" (func $f)))"#
    )
}

fn check(engine: &Engine, random: &mut Random, most: u64) {
    let (param_types, result_types) = (random.types(most), random.types(most));
    let (params, results) = (random.vals(&param_types), random.vals(&result_types));
    let mut linker = Linker::new(engine);
    let ty = FuncType::new(engine, param_types.clone(), result_types.clone());
    let (expected, given) = (bits(&params), results.clone());
    linker
        .func_new("host", "f", ty, move |mut caller, found, out| {
            assert_eq!(bits(found), expected);
            *caller.data_mut() += 1;
            out.copy_from_slice(&given);
            Ok(())
        })
        .unwrap();
    let module = Module::new(engine, wat(&param_types, &result_types)).unwrap();
    let mut store = Store::new(engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    for name in ["direct", "nested", "host", "table", "import"] {
        let func = instance.get_func(&mut store, name).unwrap();
        let mut found = vec![Val::I32(0); results.len()];
        func.call(&mut store, &params, &mut found).unwrap();
        let context = || format!("{name} {param_types:?} {result_types:?} on {engine:?}");
        assert_eq!(bits(&found), bits(&results), "{}", context());
    }
    assert_eq!(*store.data(), 5);
}

#[test]
fn values_of_small_signatures_arrive_in_their_places() {
    for engine in engines() {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        (0..60).for_each(|_| check(&engine, &mut random, 6));
    }
}

#[test]
fn values_of_large_signatures_arrive_in_their_places() {
    for engine in engines() {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        (0..12).for_each(|_| check(&engine, &mut random, 40));
        check(&engine, &mut random, 900);
    }
}
