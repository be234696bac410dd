//! A store whose instances are compiled, without the engine around it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::sync::Arc;

use bimetal_core::trap::TrapCode;
use bimetal_core::types::FuncType;
use bimetal_core::value::Slot;
use bimetal_jit::{JitEngine, JitModule};
use bimetal_parser::{Module, ParseOptions};
use bimetal_runtime::Template;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::host::{HostBody, HostFunc};
use bimetal_runtime::instance::Instance;
use bimetal_runtime::limits::{Settings, StoreLimits};
use bimetal_runtime::store::{Extern, InstanceId, StoreBox};
use bimetal_runtime::trap::{Trap, Unwind};
use bimetal_runtime::types::TypeRegistry;
use bimetal_runtime::vmctx::VmFuncRef;

/// A compiler and a store.
pub struct World {
    pub engine: JitEngine,
    pub store: StoreBox,
    pub types: Arc<TypeRegistry>,
}

impl World {
    pub fn new() -> World {
        World::with(Settings::default())
    }

    pub fn with(settings: Settings) -> World {
        let types = Arc::new(TypeRegistry::new());
        let engine = JitEngine::new(&settings).expect("this host is supported");
        let store = StoreBox::new(settings, types.clone(), StoreLimits::default());
        World { engine, store, types }
    }

    pub fn compile(&self, wat: &str) -> Arc<JitModule> {
        let options = ParseOptions::default();
        let module = Module::new(wat.as_bytes(), &options);
        let module = Arc::new(module.expect("the module is valid"));
        self.engine.compile_module(&module).expect("the module compiles")
    }

    /// An instance of a module with these imports, started.
    pub fn instance(&mut self, wat: &str, imports: &[Extern]) -> InstanceId {
        let code = self.compile(wat);
        let template = Arc::new(Template::new(code.module().clone(), &self.types));
        let id = Instance::instantiate(&mut self.store, &template, code, imports);
        let id = id.expect("the module can be instantiated");
        if let Some(start) = self.store.instance(id).start() {
            self.invoke(start.as_ptr(), &mut []).expect("the start function returns");
        }
        id
    }

    pub fn export(&self, id: InstanceId, name: &str) -> Extern {
        self.store.export(id, name).expect("an export of this name")
    }

    /// A host function as an import.
    pub fn host(&mut self, ty: FuncType, body: HostBody) -> Extern {
        let host = HostFunc::new(&self.types, ty, body);
        let thunk = self.engine.host_thunk(&host).expect("the thunk compiles");
        host.slot().native.store(thunk.cast_mut(), std::sync::atomic::Ordering::Release);
        Extern::Func(self.store.new_host_func(Arc::new(host)))
    }

    /// Calls an exported function; arguments and results as raw slots.
    pub fn call(&mut self, id: InstanceId, name: &str, args: &[u64]) -> Result<Vec<u64>, Unwind> {
        let Extern::Func(func) = self.export(id, name) else { panic!("{name} is no function") };
        let mut slots = [Slot::ZERO; 64];
        for (slot, &arg) in slots.iter_mut().zip(args) {
            *slot = Slot::from_bits(arg);
        }
        self.invoke(func.as_ptr(), &mut slots)?;
        Ok(slots.iter().map(|slot| slot.bits()).collect())
    }

    fn invoke(&mut self, func: *const VmFuncRef, slots: &mut [Slot]) -> Result<(), Unwind> {
        let store = self.store.vm();
        // SAFETY: the record is the store's, the slots suffice for every test.
        let outcome = unsafe { (*(*func).code).array()(store, func, slots.as_mut_ptr()) };
        match outcome {
            Outcome::RETURN => Ok(()),
            _ => Err(self.store.pending.take().expect("an unwind has a reason")),
        }
    }

    /// The first result of a call that returns, as 32 bits.
    pub fn i32(&mut self, id: InstanceId, name: &str, args: &[u64]) -> u32 {
        self.call(id, name, args).expect("the call returns")[0] as u32
    }

    /// The first result of a call that returns.
    pub fn i64(&mut self, id: InstanceId, name: &str, args: &[u64]) -> u64 {
        self.call(id, name, args).expect("the call returns")[0]
    }

    /// The trap of a call.
    pub fn trap(&mut self, id: InstanceId, name: &str, args: &[u64]) -> Trap {
        match self.call(id, name, args) {
            Err(Unwind::Trap(trap)) => trap,
            other => panic!("expected a trap, found {other:?}"),
        }
    }

    /// The code of the trap of a call.
    pub fn trap_code(&mut self, id: InstanceId, name: &str, args: &[u64]) -> TrapCode {
        self.trap(id, name, args).code
    }
}
