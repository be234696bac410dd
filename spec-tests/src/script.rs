//! The state of one script: its instances, and what directives do to them.

use std::collections::HashMap;

use bimetal::{Engine, Extern, Instance, Module, SharedMemory, Val};
use bimetal_parser::ParseOptions;
use wast::token::Id;
use wast::{QuoteWat, WastExecute, WastInvoke, Wat};

use crate::fault::Fault;
use crate::spectest;
use crate::values::argument;

pub(crate) type Store = bimetal::Store<()>;

/// A module or an instance; or the reason why it needs what is not supported.
type Supported<T> = Result<T, String>;

/// What a script finds under the name of an instance.
#[derive(Clone)]
enum Named {
    /// An instance of its own.
    Instance(Instance),
    /// What an instance of the script that started this thread shares with it.
    Shared(HashMap<String, SharedMemory>),
}

/// What the directives of a script have made so far.
pub(crate) struct Script {
    engine: Engine,
    store: Store,
    spectest: HashMap<String, Extern>,
    /// Modules that were defined: by name, and the last one under no name.
    definitions: HashMap<Option<String>, Supported<Module>>,
    /// Instances: by name, and the last one under no name.
    instances: HashMap<Option<String>, Supported<Named>>,
    /// Instances that may be imported from.
    registered: HashMap<String, Supported<Named>>,
}

impl Script {
    /// Nothing but `spectest`.
    ///
    /// # Errors
    /// If `spectest` cannot be made.
    pub(crate) fn new(engine: &Engine) -> Result<Script, Fault> {
        let mut store = Store::new(engine, ());
        let spectest = spectest::exports(&mut store).map_err(|error| Fault::of_linking(&error))?;
        Ok(Script {
            engine: engine.clone(),
            store,
            spectest,
            definitions: HashMap::new(),
            instances: HashMap::new(),
            registered: HashMap::new(),
        })
    }

    /// The store.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Loads a module.
    pub(crate) fn load(&self, module: &mut QuoteWat<'_>) -> Result<Module, Fault> {
        let binary = module.encode().map_err(|error| Fault::Rejected(error.message()))?;
        Module::from_binary(&self.engine, &binary).map_err(|error| Fault::of_loading(&error))
    }

    /// Checks the custom sections that mean something to the engine: faults there
    /// refuse no module.
    pub(crate) fn check_custom(&self, module: &mut QuoteWat<'_>) -> Result<(), Fault> {
        self.load(module)?;
        let rejected = |error: bimetal_parser::Error| Fault::Rejected(error.to_string());
        let binary = module.encode().map_err(|error| Fault::Rejected(error.message()))?;
        let module = bimetal_parser::Module::from_binary(&binary, &ParseOptions::default());
        let module = module.map_err(rejected)?;
        module.branch_hints.check(&module).map_err(rejected)
    }

    /// Loads a module that is written out in an assertion.
    pub(crate) fn load_wat(&self, module: Wat<'_>) -> Result<Module, Fault> {
        self.load(&mut QuoteWat::Wat(module))
    }

    /// Instantiates a module with what is registered.
    pub(crate) fn instantiate(&mut self, module: &Module) -> Result<Instance, Fault> {
        let mut imports = Vec::new();
        for import in module.imports() {
            imports.push(self.import(import.module(), import.name())?);
        }
        Instance::new(&mut self.store, module, &imports).map_err(|error| Fault::of_linking(&error))
    }

    fn import(&mut self, module: &str, name: &str) -> Result<Extern, Fault> {
        let found = match self.registered.get(module) {
            Some(Ok(Named::Instance(instance))) => instance.get_export(&mut self.store, name),
            Some(Ok(Named::Shared(shared))) => shared.get(name).cloned().map(Extern::from),
            Some(Err(reason)) => return Err(Fault::Unsupported(reason.clone())),
            None if module == "spectest" => self.spectest.get(name).cloned(),
            None => None,
        };
        found.ok_or_else(|| Fault::Link(format!("unknown import `{module}::{name}`")))
    }

    /// `(module ...)`: a new current instance.
    pub(crate) fn module(&mut self, module: &mut QuoteWat<'_>) -> Result<(), Fault> {
        let name = module.name().map(owned);
        let instance = self.load(module).and_then(|module| self.instantiate(&module));
        set(&mut self.instances, name, instance.map(Named::Instance))
    }

    /// `(module definition ...)`
    pub(crate) fn define(&mut self, module: &mut QuoteWat<'_>) -> Result<(), Fault> {
        let name = module.name().map(owned);
        let module = self.load(module);
        set(&mut self.definitions, name, module)
    }

    /// `(module instance ...)`
    pub(crate) fn instance(
        &mut self,
        instance: Option<Id<'_>>,
        module: Option<Id<'_>>,
    ) -> Result<(), Fault> {
        let module = match self.definitions.get(&module.map(owned)) {
            Some(Ok(module)) => Ok(module.clone()),
            Some(Err(reason)) => Err(Fault::Unsupported(reason.clone())),
            None => Err(Fault::Other(format!("there is no module {module:?}"))),
        };
        let made = module.and_then(|module| self.instantiate(&module));
        set(&mut self.instances, instance.map(owned), made.map(Named::Instance))
    }

    /// `(register ...)`
    pub(crate) fn register(&mut self, name: &str, module: Option<Id<'_>>) -> Result<(), Fault> {
        let instance = self.named(module);
        let instance = match instance {
            Err(Fault::Unsupported(reason)) => Err(reason),
            Err(other) => return Err(other),
            Ok(instance) => Ok(instance),
        };
        let result = instance.clone().map(drop).map_err(Fault::Unsupported);
        self.registered.insert(name.to_owned(), instance);
        result
    }

    /// The state of a thread that this script starts: nothing but `spectest` and,
    /// under its name, what an instance has to share.
    ///
    /// # Errors
    /// If there is no such instance, or `spectest` cannot be made.
    pub(crate) fn thread(&self, shared: Option<Id<'_>>) -> Result<Script, Fault> {
        let mut thread = Script::new(&self.engine)?;
        if let Some(id) = shared {
            let memories = match self.named(Some(id))? {
                Named::Shared(memories) => memories,
                Named::Instance(instance) => {
                    let exports = instance.exports(&self.store);
                    let shared = exports.filter_map(|export| {
                        Some((export.name().to_owned(), export.into_shared_memory()?))
                    });
                    shared.collect()
                }
            };
            thread.instances.insert(Some(owned(id)), Ok(Named::Shared(memories)));
        }
        Ok(thread)
    }

    fn find(&self, name: Option<Id<'_>>) -> Result<Instance, Fault> {
        match self.named(name)? {
            Named::Instance(instance) => Ok(instance),
            Named::Shared(_) => Err(Fault::Other(format!("{name:?} is of another thread"))),
        }
    }

    fn named(&self, name: Option<Id<'_>>) -> Result<Named, Fault> {
        match self.instances.get(&name.map(owned)) {
            Some(Ok(named)) => Ok(named.clone()),
            Some(Err(reason)) => Err(Fault::Unsupported(reason.clone())),
            None => Err(Fault::Other(format!("there is no instance {name:?}"))),
        }
    }

    /// Does what an assertion says something about; the results.
    pub(crate) fn execute(&mut self, what: WastExecute<'_>) -> Result<Vec<Val>, Fault> {
        match what {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => {
                let module = self.load_wat(module)?;
                self.instantiate(&module).map(|_| Vec::new())
            }
            WastExecute::Get { module, global, .. } => self.get(module, global),
        }
    }

    fn get(&mut self, module: Option<Id<'_>>, global: &str) -> Result<Vec<Val>, Fault> {
        let instance = self.find(module)?;
        match instance.get_export(&mut self.store, global) {
            Some(Extern::Global(global)) => Ok(vec![global.get(&mut self.store)]),
            _ => Err(Fault::Other(format!("there is no global `{global}`"))),
        }
    }

    /// `(invoke ...)`
    pub(crate) fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Val>, Fault> {
        let instance = self.find(invoke.module)?;
        let Some(Extern::Func(func)) = instance.get_export(&mut self.store, invoke.name) else {
            return Err(Fault::Other(format!("there is no function `{}`", invoke.name)));
        };
        let mut args = Vec::new();
        for arg in &invoke.args {
            args.push(argument(&mut self.store, arg)?);
        }
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        let called = func.call(&mut self.store, &args, &mut results);
        called.map(|()| results).map_err(|error| Fault::of_calling(&error))
    }
}

fn owned(id: Id<'_>) -> String {
    id.name().to_owned()
}

/// Keeps what was made as the latest and under its name. What could not be made
/// for lack of support is kept as such; after any other fault there is nothing.
fn set<T: Clone>(
    all: &mut HashMap<Option<String>, Supported<T>>,
    name: Option<String>,
    made: Result<T, Fault>,
) -> Result<(), Fault> {
    let names = name.map(Some).into_iter().chain([None]);
    let (entry, result) = match made {
        Ok(made) => (Some(Ok(made)), Ok(())),
        Err(Fault::Unsupported(reason)) => {
            (Some(Err(reason.clone())), Err(Fault::Unsupported(reason)))
        }
        Err(other) => (None, Err(other)),
    };
    for name in names {
        match &entry {
            Some(entry) => all.insert(name, entry.clone()),
            None => all.remove(&name),
        };
    }
    result
}
