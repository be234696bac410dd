//! The module `spectest`, which the scripts may import from.

use std::collections::HashMap;

use bimetal::{
    Extern, Func, Global, GlobalType, Memory, MemoryType, Mutability, Ref, RefType, Result,
    SharedMemory, Table, TableType, Val, ValType,
};

use crate::script::Store;

/// The exports of `spectest`, made in this store.
///
/// # Errors
/// If the store refuses one of them.
pub(crate) fn exports(store: &mut Store) -> Result<HashMap<String, Extern>> {
    let mut exports = HashMap::new();
    let mut add = |name: &str, what: Extern| exports.insert(name.to_owned(), what);
    // What is printed is nobody's business: the suite only calls these.
    add("print", Func::wrap(&mut *store, || {}).into());
    add("print_i32", Func::wrap(&mut *store, |_: i32| {}).into());
    add("print_i64", Func::wrap(&mut *store, |_: i64| {}).into());
    add("print_f32", Func::wrap(&mut *store, |_: f32| {}).into());
    add("print_f64", Func::wrap(&mut *store, |_: f64| {}).into());
    add("print_i32_f32", Func::wrap(&mut *store, |_: i32, _: f32| {}).into());
    add("print_f64_f64", Func::wrap(&mut *store, |_: f64, _: f64| {}).into());
    let globals = [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::F32(666.6_f32.to_bits())),
        ("global_f64", ValType::F64, Val::F64(666.6_f64.to_bits())),
    ];
    for (name, ty, value) in globals {
        let ty = GlobalType::new(ty, Mutability::Const);
        add(name, Global::new(&mut *store, ty, value)?.into());
    }
    let ty = TableType::new(RefType::FUNCREF, 10, Some(20));
    add("table", Table::new(&mut *store, ty, Ref::Func(None))?.into());
    let ty = TableType::new64(RefType::FUNCREF, 10, Some(20));
    add("table64", Table::new(&mut *store, ty, Ref::Func(None))?.into());
    add("memory", Memory::new(&mut *store, MemoryType::new(1, Some(2)))?.into());
    let shared = SharedMemory::new(store.engine(), MemoryType::shared(1, 2))?;
    add("shared_memory", shared.into());
    Ok(exports)
}
