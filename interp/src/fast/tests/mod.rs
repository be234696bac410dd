//! Modules in the text format, run through the runtime.

mod branches;
mod calls;
#[cfg(all(bimetal_tail_calls, target_arch = "x86_64", target_os = "linux", not(debug_assertions)))]
mod handlers;
mod hot;
#[cfg(all(bimetal_tail_calls, target_arch = "x86_64", target_os = "linux", not(debug_assertions)))]
mod machine_code;
mod numeric;
mod objects;
mod pins;
mod profile;
mod programs;
mod random;
mod rotate;
mod shapes;
mod tail;
mod traps;
mod vectors;
mod vectors_fused;
#[cfg(all(bimetal_tail_calls, target_arch = "x86_64", not(debug_assertions), not(miri)))]
mod vectors_x86;

use std::sync::Arc;

use bimetal_core::index::FuncIdx;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::FuncType;
use bimetal_core::value::{Scalar, Slot};
use bimetal_parser::module::Entity;
use bimetal_parser::{Module, ParseOptions};
use bimetal_runtime::Template;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::code::ModuleCode;
use bimetal_runtime::host::{HostBody, HostFunc};
use bimetal_runtime::{
    Extern, Instance, InstanceId, Settings, StoreBox, StoreLimits, Trap, TypeRegistry, Unwind,
};

use super::{FastModule, Fusions};

/// A store with instances in it.
pub(super) struct Wasm {
    pub(super) store: StoreBox,
    pub(super) last: Option<InstanceId>,
    pub(super) tiers: Vec<Arc<FastModule>>,
    types: Arc<TypeRegistry>,
    fusions: Fusions,
}

impl Wasm {
    pub(super) fn empty() -> Wasm {
        Wasm::with_fusions(Fusions::ALL)
    }

    pub(super) fn with_fusions(fusions: Fusions) -> Wasm {
        let types = Arc::new(TypeRegistry::new());
        let store = StoreBox::new(Settings::default(), Arc::clone(&types), StoreLimits::default());
        Wasm { store, last: None, tiers: Vec::new(), types, fusions }
    }

    /// A store whose every allocation moves every object, with an instance that
    /// may use objects.
    pub(super) fn moving(wat: &str, fusions: Fusions) -> Wasm {
        let types = Arc::new(TypeRegistry::new());
        let settings = Settings { gc_stress: true, ..Settings::default() };
        let store = StoreBox::new(settings, Arc::clone(&types), StoreLimits::default());
        let mut wasm = Wasm { store, last: None, tiers: Vec::new(), types, fusions };
        wasm.add_objects(wat, &[]);
        wasm
    }

    /// Instantiates one more module, which may use objects.
    pub(super) fn add_objects(&mut self, wat: &str, imports: &[Extern]) -> InstanceId {
        let options = ParseOptions::default();
        let module = Module::new(wat.as_bytes(), &options);
        self.add_module(module.unwrap_or_else(|error| panic!("{error}")), imports)
    }

    pub(super) fn new(wat: &str) -> Wasm {
        let mut wasm = Wasm::empty();
        wasm.add(wat, &[]);
        wasm
    }

    /// Instantiates one more module.
    pub(super) fn add(&mut self, wat: &str, imports: &[Extern]) -> InstanceId {
        let module = Module::new(wat.as_bytes(), &ParseOptions::default());
        self.add_module(module.unwrap_or_else(|error| panic!("{error}")), imports)
    }

    pub(super) fn add_module(&mut self, module: Module, imports: &[Extern]) -> InstanceId {
        let module = Arc::new(module);
        let tier = FastModule::with_fusions(&module, &self.store.settings, self.fusions);
        self.tiers.push(Arc::clone(&tier));
        self.instantiate(&module, tier, imports)
    }

    /// Instantiates a module with the code of any tier.
    pub(super) fn instantiate(
        &mut self,
        module: &Arc<Module>,
        code: Arc<dyn ModuleCode>,
        imports: &[Extern],
    ) -> InstanceId {
        let template = Arc::new(Template::new(Arc::clone(module), &self.types));
        let id = Instance::instantiate(&mut self.store, &template, code, imports)
            .unwrap_or_else(|error| panic!("{error}"));
        self.last = Some(id);
        id
    }

    pub(super) fn export(&self, instance: InstanceId, name: &str) -> Extern {
        self.store.export(instance, name).unwrap_or_else(|| panic!("no export {name}"))
    }

    pub(super) fn host(&mut self, ty: FuncType, body: HostBody) -> Extern {
        let host = Arc::new(HostFunc::new(&self.types, ty, body));
        Extern::Func(self.store.new_host_func(host))
    }

    /// Calls an export of an instance.
    pub(super) fn call_in(
        &mut self,
        instance: InstanceId,
        name: &str,
        args: &[Slot],
    ) -> Result<Vec<Slot>, Unwind> {
        let module = Arc::clone(self.store.instance(instance).module());
        let Some(Entity::Func(func)) = module.export(name).map(|export| export.entity) else {
            panic!("no function {name}")
        };
        let ty = module.type_of_func(func).clone();
        let record = self.store.instance(instance).func_ref(func).expect("an export escapes");
        let mut slots = vec![Slot::ZERO; ty.call_slots() as usize];
        slots[..args.len()].copy_from_slice(args);
        let vm = self.store.vm();
        // SAFETY: the record is the store's; the slots are as its type says.
        let outcome = unsafe {
            let array = (*(*record.as_ptr()).code).array();
            array(vm, record.as_ptr(), slots.as_mut_ptr())
        };
        if outcome == Outcome::RETURN {
            slots.truncate(ty.result_slots() as usize);
            return Ok(slots);
        }
        Err(self.store.pending.take().expect("a reason is pending"))
    }

    pub(super) fn call(&mut self, name: &str, args: &[Slot]) -> Result<Vec<Slot>, Unwind> {
        self.call_in(self.last.expect("an instance"), name, args)
    }

    /// Calls a function with one result.
    pub(super) fn get<T: Scalar>(&mut self, name: &str, args: &[Slot]) -> T {
        let results = self.call(name, args).unwrap_or_else(|unwind| panic!("{unwind:?}"));
        assert_eq!(results.len(), 1);
        T::from_slot(results[0])
    }

    pub(super) fn trap(&mut self, name: &str, args: &[Slot]) -> Trap {
        match self.call(name, args) {
            Err(Unwind::Trap(trap)) => trap,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn trap_code(&mut self, name: &str, args: &[Slot]) -> TrapCode {
        self.trap(name, args).code
    }
}

pub(super) fn i32(value: i32) -> Slot {
    // Readers must not rely on the upper half.
    Slot::from_bits(0xdead_beef_0000_0000 | u64::from(value as u32))
}

pub(super) fn i64(value: i64) -> Slot {
    Slot::from_i64(value)
}

/// The code of the module's first function as text.
pub(super) fn code(wat: &str) -> String {
    let module = Module::new(wat.as_bytes(), &ParseOptions::default());
    let module = Arc::new(module.unwrap_or_else(|error| panic!("{error}")));
    let defined = module.defined_index(FuncIdx(module.imported.funcs)).expect("a function");
    super::dump(&FastModule::new(&module, &Settings::default()), defined)
        .unwrap_or_else(|error| panic!("{error}"))
}
